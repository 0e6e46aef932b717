"""What a scorer computes of labels and keeps: vectors, folded matrices, prompts, expected scores."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from .label_choice import mean_log_odds, sample_vectors
from .prompt import EMPTY_PROMPT, Prompt, build_prompt
from .span_head import FoldedLabels

if TYPE_CHECKING:
    from .scorer import SpanScorer

MOST_VECTORS = 65_536  # 200 MB at D = 768
MOST_SETS = 16  # of labels that were asked for together
LABELS_AT_A_TIME = 64


class LabelMemory:
    """Labels of one scorer, each computed when it is first asked for.

    The methods take that scorer (held here, the two would keep each other in memory); call them within `torch.inference_mode`,
    with the weights that it scores by.
    """

    def __init__(self) -> None:
        self._vectors: OrderedDict[str, Tensor] = OrderedDict()
        self._folded: OrderedDict[tuple, FoldedLabels] = OrderedDict()
        self._prompts: OrderedDict[tuple, Prompt] = OrderedDict()
        self._expected: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._sample: Optional[Tensor] = None

    def forget(self) -> None:
        """Drop whatever depends on the weights."""
        self._vectors.clear()
        self._folded.clear()
        self._expected.clear()
        self._sample = None

    def prompt(self, scorer: SpanScorer, label_texts: Sequence[str]) -> Prompt:
        """RETURNS (Prompt): what a uni-encoder reads before the text; empty in a bi-encoder."""
        if scorer.config.is_bi_encoder:
            return EMPTY_PROMPT
        key = tuple(label_texts)
        if key not in self._prompts:
            encoded = scorer.subwords.encode(label_texts)
            config = scorer.config
            self._prompts[key] = build_prompt(encoded, config.class_token_index, scorer.separator_id, config.embed_ent_token)
            _keep_newest(self._prompts, MOST_SETS)
        return self._prompts[key]

    def folded(self, scorer: SpanScorer, label_texts: Sequence[str]) -> FoldedLabels:
        """RETURNS (FoldedLabels): a bi-encoder's labels, ready for the span head."""
        key = tuple(label_texts)
        if key not in self._folded:
            self._folded[key] = scorer.module.head.fold(self.vectors(scorer, label_texts))
            _keep_newest(self._folded, MOST_SETS)
        return self._folded[key]

    def vectors(self, scorer: SpanScorer, label_texts: Sequence[str]) -> Tensor:
        """A bi-encoder's label vectors. *Shape:* `(n_labels, D)`."""
        unknown = [text for text in dict.fromkeys(label_texts) if text not in self._vectors]
        for start in range(0, len(unknown), LABELS_AT_A_TIME):
            part = unknown[start : start + LABELS_AT_A_TIME]
            for text, vector in zip(part, scorer.encode_labels(part), strict=True):
                self._vectors[text] = vector
        vectors = torch.stack([self._vectors[text] for text in label_texts])
        _keep_newest(self._vectors, MOST_VECTORS)
        return vectors

    def expected_log_odds(self, scorer: SpanScorer, label_texts: Sequence[str]) -> np.ndarray:
        """How readily a bi-encoder gives each label to a mention of whatever kind (`label_choice.py`).

        RETURNS (ndarray): log-odds. *Shape:* `(n_labels,)`, float32.
        """
        key = tuple(label_texts)
        if key not in self._expected:
            if self._sample is None:
                self._sample = sample_vectors(scorer)
            self._expected[key] = mean_log_odds(self._sample, self.vectors(scorer, label_texts))
            _keep_newest(self._expected, MOST_SETS)
        return self._expected[key]


def _keep_newest(cache: OrderedDict, most: int) -> None:
    while len(cache) > most:
        cache.popitem(last=False)
