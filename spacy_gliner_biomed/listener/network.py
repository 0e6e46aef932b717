"""A bi-encoder's network without a text encoder of its own: it reads token vectors that somebody else has made."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Optional

from torch import Tensor, nn

from ..scorer.config import EncoderConfig, ScorerConfig
from ..scorer.linear import PackedLinear
from ..scorer.model import BiSpanModel, TokenLayer, build_encoder
from ..scorer.packing import Packing
from ..scorer.span_head import SpanHead, SpanLayer, two_layers

FAMILY = "listener"  # the `model_type` of a text encoder that lives elsewhere
UNLIMITED = 2**40  # token vectors are read in windows of any length
WINDOW = 384  # words scored at a time where the pipe's `window` says nothing; cutting changes no score here


def listening_config(
    width: int, label_encoder: EncoderConfig, hidden_size: int, max_width: int, dropout: float
) -> ScorerConfig:
    """RETURNS (ScorerConfig): a bi-encoder whose text encoder is known by its width alone.

    width (int): of the token vectors. label_encoder (EncoderConfig): of the labels.
    hidden_size, max_width, dropout: of the span head.
    """
    elsewhere = EncoderConfig(
        model_type=FAMILY,
        vocab_size=0,
        hidden_size=width,
        num_hidden_layers=0,
        num_attention_heads=1,
        intermediate_size=0,
        max_position_embeddings=UNLIMITED,
    )
    return ScorerConfig(
        text_encoder=elsewhere,
        label_encoder=label_encoder,
        hidden_size=hidden_size,
        max_width=max_width,
        max_len=max(WINDOW, 4 * max_width),
        num_rnn_layers=0,
        dropout=dropout,
    )


class ListeningTokenLayer(TokenLayer):
    """`token_rep_layer` with projections and label encoder, and no text encoder."""

    def __init__(self, config: ScorerConfig) -> None:
        nn.Module.__init__(self)  # TokenLayer's own would build a text encoder
        assert config.label_encoder is not None
        self.projection = _projection(config.text_encoder.hidden_size, config.hidden_size)
        self.labels_encoder = nn.ModuleDict({"model": build_encoder(config.label_encoder)})
        self.labels_projection = _projection(config.label_encoder.hidden_size, config.hidden_size)


def _projection(in_features: int, out_features: int) -> Optional[PackedLinear]:
    return None if in_features == out_features else PackedLinear(in_features, out_features)


class ListeningModel(BiSpanModel):
    """The network. Its "sub-words" are rows of a matrix of token vectors, which `reading` puts in place.

    Parameters have the names of a published bi-encoder, so that label encoder and head can be taken from one.
    """

    def __init__(self, config: ScorerConfig) -> None:
        nn.Module.__init__(self)  # SpanModel's own would build a text encoder
        self.config = config
        self.token_rep_layer = ListeningTokenLayer(config)
        self.span_rep_layer = SpanLayer(SpanHead(config.hidden_size, config.max_width, config.dropout))
        self.prompt_rep_layer = two_layers(
            config.hidden_size, 4 * config.hidden_size, config.hidden_size, config.dropout
        )
        self._vectors: Optional[Tensor] = None

    @contextmanager
    def reading(self, vectors: Tensor) -> Iterator[None]:
        """Read these token vectors inside the block. *Shape:* `(n_tokens, width)`."""
        self._vectors = vectors
        try:
            yield
        finally:
            self._vectors = None

    def encode_text(self, ids: Tensor, packing: Packing, rows: Tensor) -> Tensor:
        """Projected token vectors. *Shape:* `(n_ids,)`, `(n_rows,)` → `(n_rows, D)`.

        ids (Tensor): rows of the matrix that `reading` holds; those of the special tokens around a window mean nothing.
        rows (Tensor): which of the ids are wanted.
        """
        assert self._vectors is not None, "token vectors are read inside `reading` alone"
        hidden = self._vectors[ids[rows]]
        projection = self.token_rep_layer.projection
        return hidden if projection is None else projection(hidden)
