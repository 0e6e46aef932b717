"""The GLiNER network as one torch module whose parameter names are the published ones (gliner's `modeling/base.py`).

`UniSpanModel` reads labels in a prompt before the text; `BiSpanModel` reads them with an encoder of their own. Both turn
packed sub-words into word vectors and label vectors; `SpanHead` does the rest.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .bert import BertEncoder
from .config import EncoderConfig, ScorerConfig
from .deberta import DebertaEncoder
from .linear import PackedLinear
from .packing import Packing
from .span_head import SpanHead, SpanLayer, two_layers
from .transformer import SelfAttention

ENCODERS = {"bert": BertEncoder, "deberta-v2": DebertaEncoder}


def build_encoder(config: EncoderConfig) -> nn.Module:
    """RETURNS (Module): an encoder with random weights.

    RAISES (ValueError): for an encoder family outside `ENCODERS`, an activation other than gelu or relu, and DeBERTa variants
        that no GLiNER checkpoint uses.
    """
    if config.model_type not in ENCODERS:
        raise ValueError(f"The encoder family {config.model_type!r} is not supported; choose from {sorted(ENCODERS)}.")
    if config.hidden_act not in ("gelu", "relu"):
        raise ValueError(f"The activation {config.hidden_act!r} is not supported; an encoder needs 'gelu' or 'relu'.")
    if config.model_type == "deberta-v2":
        v3 = (
            config.relative_attention
            and config.share_att_key
            and not config.position_biased_input
            and config.type_vocab_size == 0
            and sorted(config.pos_att_type) == ["c2p", "p2c"]
            and "layer_norm" in config.norm_rel_ebd
        )
        if not v3:
            raise ValueError(
                "Only DeBERTa encoders with the options of DeBERTa-v3 are supported (relative_attention, share_att_key, "
                f"pos_att_type p2c|c2p, norm_rel_ebd layer_norm, no absolute positions, no token types), not {config}."
            )
    return ENCODERS[config.model_type](config)


class TokenLayer(nn.Module):
    """The encoders and their projections, under the published name `token_rep_layer`."""

    def __init__(self, config: ScorerConfig) -> None:
        super().__init__()
        self.bert_layer = nn.ModuleDict({"model": build_encoder(config.text_encoder)})
        self.projection = _projection(config.text_encoder.hidden_size, config.hidden_size)
        if config.label_encoder is not None:
            if not config.tied_encoders:
                self.labels_encoder = nn.ModuleDict({"model": build_encoder(config.label_encoder)})
            self.labels_projection = _projection(config.label_encoder.hidden_size, config.hidden_size)

    @property
    def text_encoder(self) -> nn.Module:
        """The encoder of the text."""
        return self.bert_layer["model"]

    @property
    def label_encoder(self) -> nn.Module:
        """The encoder of the labels: the text's own where the two are tied."""
        return self.labels_encoder["model"] if hasattr(self, "labels_encoder") else self.text_encoder


def _projection(in_features: int, out_features: int) -> Optional[PackedLinear]:
    return None if in_features == out_features else PackedLinear(in_features, out_features)


class WordLSTM(nn.Module):
    """The uni-encoder's BiLSTM over words (`gliner/modeling/layers.py`, LstmSeq2SeqEncoder)."""

    def __init__(self, width: int, n_layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width // 2, num_layers=n_layers, bidirectional=True, batch_first=True)

    def forward(self, words: Tensor, packing: Packing) -> Tensor:
        """*Shape:* `(n_words, D)` → `(n_words, D)`, each window for itself."""
        if not words.shape[0]:
            return words
        # an empty window takes no part, as a packed sequence can't have length 0
        occupied = Packing.of([length for length in packing.lengths if length])
        index, mask = occupied.padded_index(words.device)
        padded = words.new_zeros((mask.numel(), words.shape[1])).index_copy(0, index, words)
        sequence = pack_padded_sequence(
            padded.unflatten(0, mask.shape), torch.tensor(occupied.lengths), batch_first=True, enforce_sorted=False
        )
        output, _ = pad_packed_sequence(self.lstm(sequence)[0], batch_first=True, total_length=mask.shape[1])
        return output.flatten(0, 1)[index]


class SpanModel(nn.Module):
    """What uni- and bi-encoder share."""

    def __init__(self, config: ScorerConfig) -> None:
        super().__init__()
        self.config = config
        self.token_rep_layer = TokenLayer(config)
        head = SpanHead(config.hidden_size, config.max_width, config.dropout)
        self.span_rep_layer = SpanLayer(head)
        self.prompt_rep_layer = two_layers(
            config.hidden_size, 4 * config.hidden_size, config.hidden_size, config.dropout
        )

    @property
    def head(self) -> SpanHead:
        """The span head."""
        return self.span_rep_layer.span_rep_layer

    def prepare(self, precision: str) -> None:
        """Pack every dense layer for inference (see `linear.py`)."""
        attentions = [child for child in self.modules() if isinstance(child, SelfAttention)]
        together = {id(layer) for attention in attentions for layer in attention.projections()}
        for child in self.modules():
            if isinstance(child, PackedLinear) and id(child) not in together:
                child.prepare(precision)
        for attention in attentions:
            attention.prepare(precision)
        self.head.prepare(precision)

    def forget(self) -> None:
        """Drop everything derived from the weights, as they are about to change."""
        for child in self.modules():
            if isinstance(child, (PackedLinear, SelfAttention, SpanHead)):
                child.forget()
        self.train(self.training)

    def link_words(self, words: Tensor, packing: Packing) -> Tensor:
        """Let the words of a window see each other. *Shape:* `(n_words, D)` → the same.

        Nothing by default: published bi-encoders carry an LSTM that is never called.
        """
        return words

    def encode_text(self, ids: Tensor, packing: Packing, rows: Tensor) -> Tensor:
        """Projected states of the wanted sub-words. *Shape:* `(n_tokens,)`, `(n_rows,)` → `(n_rows, D)`."""
        hidden = self.token_rep_layer.text_encoder(ids, packing, rows)
        projection = self.token_rep_layer.projection
        return hidden if projection is None else projection(hidden)


class UniSpanModel(SpanModel):
    """One encoder reads prompt and text together."""

    def __init__(self, config: ScorerConfig) -> None:
        super().__init__(config)
        if config.num_rnn_layers:
            self.rnn = WordLSTM(config.hidden_size, config.num_rnn_layers)

    def link_words(self, words: Tensor, packing: Packing) -> Tensor:
        """The BiLSTM, where the checkpoint has one. *Shape:* `(n_words, D)` → the same."""
        return self.rnn(words, packing) if hasattr(self, "rnn") else words

    def label_vectors(self, markers: Tensor) -> Tensor:
        """Label vectors from the states of the prompt's markers. *Shape:* `(n_labels, D)` → the same."""
        return self.prompt_rep_layer(markers)


class BiSpanModel(SpanModel):
    """A second encoder reads each label by itself."""

    def encode_labels(self, ids: Tensor, packing: Packing) -> Tensor:
        """Label vectors: the mean over all of a label's sub-words, [CLS] and [SEP] included, through the prompt MLP.

        *Shape:* `(n_tokens,)` → `(n_labels, D)`.
        """
        layer = self.token_rep_layer
        hidden = layer.label_encoder(ids, packing)
        owner = torch.repeat_interleave(
            torch.arange(len(packing.lengths), device=ids.device), torch.tensor(packing.lengths, device=ids.device)
        )
        sums = hidden.new_zeros((len(packing.lengths), hidden.shape[1])).index_add(0, owner, hidden)
        pooled = sums / torch.tensor(packing.lengths, dtype=hidden.dtype, device=ids.device)[:, None]
        if layer.labels_projection is not None:  # linear, so it may follow the mean
            pooled = layer.labels_projection(pooled)
        return self.prompt_rep_layer(pooled)


def build_module(config: ScorerConfig) -> SpanModel:
    """RETURNS (SpanModel): the network of a configuration, with random weights (on `torch.device("meta")`: with none)."""
    return BiSpanModel(config) if config.is_bi_encoder else UniSpanModel(config)


def encoder_parameters(module: nn.Module) -> Tuple[List[str], List[str]]:
    """RETURNS (tuple): the names of the parameters that learn at the encoder's rate, and of all others.

    As in gliner's trainer: "encoder" is whatever lives in `token_rep_layer`, projections and label encoder included.
    """
    names = [name for name, _ in module.named_parameters()]
    encoder = [name for name in names if is_encoder_parameter(name)]
    return encoder, [name for name in names if not is_encoder_parameter(name)]


def is_encoder_parameter(name: str) -> bool:
    """Whether a parameter of that name learns at the encoder's rate."""
    return "token_rep_layer" in name
