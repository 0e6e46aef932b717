"""`SpanScorer` on token vectors: label cache, batching, precision and decoding are the ones of every bi-encoder."""

from __future__ import annotations

from typing import ContextManager, Optional, Sequence

import torch

from ..scorer.card import TrainingCard
from ..scorer.config import ScorerConfig
from ..scorer.scorer import SpanScorer
from ..scorer.subwords import EncodedWords, Subwords
from .network import UNLIMITED, ListeningModel


class ListeningScorer(SpanScorer):
    """A span scorer whose windows name rows of a matrix of token vectors (see `words.py`).

    config, card: as `SpanScorer`. label_subwords (Subwords): the labels' tokenizer, the only one here.
    """

    module: ListeningModel
    reads_text = False

    def __init__(
        self,
        config: ScorerConfig,
        module: ListeningModel,
        label_subwords: Subwords,
        card: Optional[TrainingCard] = None,
    ) -> None:
        super().__init__(config, module, label_subwords, label_subwords, card)

    @property
    def width(self) -> int:
        """Numbers in a token vector."""
        return self.config.text_encoder.hidden_size

    def reading(self, vectors: torch.Tensor) -> ContextManager[None]:
        """Score windows over these token vectors inside the block. *Shape:* `(n_tokens, width)`."""
        return self.module.reading(vectors)

    def parameter(self) -> torch.Tensor:
        """RETURNS (Tensor): one of the network's parameters, for its device and dtype."""
        return next(self.module.parameters())

    def encode(self, words: Sequence[str]) -> EncodedWords:
        """RAISES (ValueError): always; bare words have no vectors here."""
        raise ValueError(
            f"This model has no text encoder of its own and can't read {' '.join(words)[:40]!r}; call the pipeline, whose "
            "shared encoder reads the text."
        )

    def room_for_words(self, label_texts: Sequence[str]) -> int:
        """RETURNS (int): no bound: context was given to the vectors before they came here."""
        return UNLIMITED
