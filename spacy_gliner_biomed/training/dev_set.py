"""Strict F1 of a scorer on annotated passages, without spaCy: what a training is watched by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch

from ..corpus.passage import AnnotatedPassage
from ..reading import Reading, read_docs
from ..scorer.scorer import SpanScorer
from ..windows import check_window
from .processes import Processes

PASSAGES_AT_A_TIME = 128


@dataclass(frozen=True)
class DevScore:
    """f1, precision, recall (float): over all mentions of all corpora, 0 to 1. corpora (dict): F1 of each corpus.
    mean (float): of the corpora."""

    f1: float
    precision: float
    recall: float
    corpora: Dict[str, float]

    @property
    def mean(self) -> float:
        """Mean F1 of the corpora."""
        return float(np.mean(list(self.corpora.values()))) if self.corpora else 0.0


class DevSet:
    """Passages with gold mentions; each is asked for the labels it was annotated for, by their names.

    passages (list): each with its `labels`.
    threshold (float): the score a span must exceed. A span counts where start, end and label all equal a gold mention's.
    """

    def __init__(self, passages: Sequence[AnnotatedPassage], threshold: float = 0.5) -> None:
        self.threshold = threshold
        self.corpora = sorted({passage.corpus for passage in passages})
        self._groups: Dict[Tuple[str, ...], List[AnnotatedPassage]] = {}
        for passage in passages:
            if passage.labels:
                self._groups.setdefault(tuple(passage.labels), []).append(passage)

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that decides about a score: scores of other dev sets don't compare with this one's."""
        groups = [
            (labels, [(passage.corpus, passage.text, tuple(map(tuple, passage.mentions))) for passage in passages])
            for labels, passages in self._groups.items()
        ]
        return hashlib.sha256(repr((self.threshold, groups)).encode("utf-8")).hexdigest()[:16]

    def score(self, scorer: SpanScorer, processes: Processes | None = None) -> DevScore:
        """RETURNS (DevScore): of the scorer as it is; processes share the passages."""
        rank, count = (processes.rank, processes.count) if processes is not None else (0, 1)
        counts = np.zeros((len(self.corpora), 3))
        column = {corpus: number for number, corpus in enumerate(self.corpora)}
        for labels, passages in self._groups.items():
            reading = self._reading(scorer, labels)
            own = passages[rank::count]
            for start in range(0, len(own), PASSAGES_AT_A_TIME):
                part = own[start : start + PASSAGES_AT_A_TIME]
                for passage, found in zip(part, read_docs(scorer, [p.text for p in part], reading), strict=True):
                    gold = set(map(tuple, passage.mentions))
                    hits = {
                        (int(s), int(e), found.names[label])
                        for s, e, label in zip(found.start, found.end, found.label, strict=True)
                    }
                    right = len(gold & hits)
                    counts[column[passage.corpus]] += (right, len(hits), len(gold))
        if processes is not None:
            counts = processes.add_up(torch.from_numpy(counts).to(processes.device)).cpu().numpy()
        right, predicted, gold_count = counts.sum(axis=0)
        return DevScore(
            f1=_ratio(2 * right, predicted + gold_count),
            precision=_ratio(right, predicted),
            recall=_ratio(right, gold_count),
            corpora={name: _ratio(2 * row[0], row[1] + row[2]) for name, row in zip(self.corpora, counts, strict=True)},
        )

    def _reading(self, scorer: SpanScorer, labels: Tuple[str, ...]) -> Reading:
        window = scorer.config.max_len
        return Reading(
            names=labels,
            texts=labels,
            thresholds=(self.threshold,) * len(labels),
            overlap="nested",
            multi_label=False,
            window=window,
            stride=check_window(window, None, scorer.config.max_width),
        )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
