"""A new span scorer on a pre-trained encoder: the encoder's weights and tokenizer, a head with random weights."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Dict, NamedTuple, Optional, cast

from ..scorer.config import EncoderConfig, ScorerConfig
from . import limits
from .config_json import check_writable
from .encoder_json import read_encoder
from .errors import CheckpointError, listed
from .json_text import parse_object
from .tensors import finite, open_weights
from .tokenizer_json import GLINER_TOKENS, read_tokenizer

if TYPE_CHECKING:
    import torch

    from ..scorer.model import SpanModel
    from ..scorer.scorer import SpanScorer
    from ..scorer.subwords import Subwords

PRIOR = 0.001  # probability of a label at a span before any training
_PREFIX = re.compile(r"^(bert|deberta|model)\.")
_EMBEDDINGS = "embeddings.word_embeddings.weight"
_OLD_NORM = re.compile(r"LayerNorm\.(gamma|beta)$")  # TensorFlow's names, in the first published files
_NEW_NAMES = {"gamma": "LayerNorm.weight", "beta": "LayerNorm.bias"}


class PretrainedEncoder(NamedTuple):
    """An encoder as it was published: sizes, weights under the names of our modules, tokenizer."""

    config: EncoderConfig
    state: Dict[str, torch.Tensor]
    subwords: Subwords


@dataclass(frozen=True)
class Untrained:
    """Builds the scorer when it is called; a value, so that a pipeline that holds one can be copied and pickled.

    The arguments are those of the builders `UniEncoder.v1` and `BiEncoder.v1`.
    """

    encoder: str
    revision: Optional[str]
    label_encoder: Optional[str]
    bi_encoder: bool
    hidden_size: int
    max_width: int
    max_len: int
    num_rnn_layers: int
    dropout: float
    attention_dropout: Optional[float]
    seed: int

    def __call__(self) -> SpanScorer:
        """RETURNS (SpanScorer): pre-trained encoders under an untrained head.

        RAISES (CheckpointError): when an encoder can't be found or read, and for sizes that no saved scorer may have.
        """
        import torch

        from ..scorer.model import build_module
        from ..scorer.scorer import SpanScorer

        text = read_pretrained(self.encoder, self.revision)
        labels = text if self.label_encoder is None else read_pretrained(self.label_encoder, None)
        config = ScorerConfig(
            text_encoder=text.config,
            label_encoder=labels.config if self.bi_encoder else None,
            hidden_size=self.hidden_size,
            max_width=self.max_width,
            max_len=self.max_len,
            num_rnn_layers=self.num_rnn_layers,
            dropout=self.dropout,
            tied_encoders=self.bi_encoder and self.label_encoder is None,
        )
        if self.attention_dropout is not None:
            config = replace(config, text_encoder=self._with_dropout(config.text_encoder))
            if config.label_encoder is not None:
                config = replace(config, label_encoder=self._with_dropout(config.label_encoder))
        if not self.bi_encoder:
            text, config = _with_markers(text, config, self.seed)
        check_writable(config)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            module = build_module(config)
        _begin_with_prior(module)
        load_encoder(module.token_rep_layer.text_encoder, text, self.encoder)
        if self.label_encoder is not None:
            load_encoder(module.token_rep_layer.label_encoder, labels, self.label_encoder)
        return SpanScorer(config, module, text.subwords, labels.subwords if self.bi_encoder else None)

    def _with_dropout(self, encoder: EncoderConfig) -> EncoderConfig:
        assert self.attention_dropout is not None
        return replace(encoder, attention_probs_dropout_prob=self.attention_dropout)


def _begin_with_prior(module: SpanModel) -> None:
    """Let a random head give every label of every span the probability `PRIOR`, about.

    Mentions are rare: from probabilities of one half, the first updates would do nothing but push all scores down, and in
    doing so bring them beyond the reach of gradients (the remedy is RetinaNet's, Lin et al. 2017, section 4.1). The logit is
    a product of two vectors, a span's and a label's, so that each takes half of it into its last bias.
    """
    import torch

    label, span = cast(torch.nn.Linear, module.prompt_rep_layer[3]).bias, module.head.last.bias
    part = math.sqrt(math.log((1 - PRIOR) / PRIOR) / len(span))
    with torch.no_grad():
        label.add_(part)
        span.sub_(part)


def read_pretrained(name: str, revision: Optional[str]) -> PretrainedEncoder:
    """Read a BERT or DeBERTa-v3 encoder from a folder or the Hub.

    RAISES (CheckpointError): when it isn't there, has no `tokenizer.json` or another encoder's, or is no such encoder.
    """
    from .hub import resolve

    files = resolve(name, revision)
    where = files.where("config.json")
    config = read_encoder(parse_object(files.require("config.json", limits.CONFIG_BYTES), where), where)
    tokenizer = read_tokenizer(files)
    if tokenizer is None:
        raise CheckpointError(f"{files.where('tokenizer.json')} is missing; an encoder needs its tokenizer beside it.")
    weights = open_weights(files)
    state = {_own_name(key): weights.tensor(key).float() for key in weights.shapes}
    table = state.get(_EMBEDDINGS)
    if table is None or table.dim() != 2:
        raise CheckpointError(f"{weights.where} has no matrix {_EMBEDDINGS!r}; it is no {config.model_type}.")
    tokenizer.drop_rowless_tokens(len(table), GLINER_TOKENS)
    return PretrainedEncoder(config, state, tokenizer.subwords(len(table)))


def _own_name(key: str) -> str:
    return _OLD_NORM.sub(lambda found: _NEW_NAMES[found[1]], _PREFIX.sub("", key))


def load_encoder(encoder: torch.nn.Module, pretrained: PretrainedEncoder, name: str) -> None:
    """Copy weights into an encoder, every one of its parameters; a file's further tensors (heads, poolers) have no use here.

    RAISES (CheckpointError): when a tensor is missing, has another shape, or holds NaN or infinite values.
    """
    own = encoder.state_dict()
    missing = [key for key in own if key not in pretrained.state]
    if missing:
        raise CheckpointError(
            f"The encoder {name!r} lacks the tensors {listed(missing)}; it is no {pretrained.config.model_type}."
        )
    wrong = [key for key in own if own[key].shape != pretrained.state[key].shape]
    if wrong:
        raise CheckpointError(
            f"The tensor {wrong[0]!r} of the encoder {name!r} has the shape {tuple(pretrained.state[wrong[0]].shape)}, "
            f"where its config.json says {tuple(own[wrong[0]].shape)}."
        )
    encoder.load_state_dict({key: finite(pretrained.state[key], key, f"the encoder {name!r}") for key in own})


def _with_markers(
    pretrained: PretrainedEncoder, config: ScorerConfig, seed: int
) -> tuple[PretrainedEncoder, ScorerConfig]:
    """Give a tokenizer the prompt's special tokens, in `gliner`'s order, and the embedding table rows for them."""
    import torch
    from tokenizers import AddedToken, Tokenizer

    from ..scorer.subwords import Subwords

    tokenizer = Tokenizer.from_str(pretrained.subwords.json)
    tokens = [
        AddedToken(text, special=True, normalized=False) for text in ("[FLERT]", config.ent_token, config.sep_token)
    ]
    tokenizer.add_special_tokens(tokens)
    n_rows = tokenizer.get_vocab_size(with_added_tokens=True)
    table = pretrained.state[_EMBEDDINGS][:n_rows]
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn((max(n_rows - len(table), 0), table.shape[1]), generator=generator) * table.std()
    encoder = replace(pretrained.config, vocab_size=n_rows)
    state = {**pretrained.state, _EMBEDDINGS: torch.cat([table, rows])}
    index = tokenizer.token_to_id(config.ent_token)
    return (
        PretrainedEncoder(encoder, state, Subwords(tokenizer.to_str())),
        replace(config, text_encoder=encoder, class_token_index=index),
    )
