"""Scored candidates → the spans that are kept: GLiNER's greedy search, in time linear in the candidates.

Best score first; a candidate is taken when it conflicts with nothing taken before (`gliner/decoding/decoder.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Tuple

import numpy as np

OVERLAPS = ("flat", "nested")


@dataclass(frozen=True)
class Candidates:
    """Spans above their label's threshold, of one window or one document.

    start, end (ndarray): first and last word, both inclusive. *Shape:* `(n,)`, int64.
    label (ndarray): index of the label. *Shape:* `(n,)`, int64.
    score (ndarray): probability. *Shape:* `(n,)`, float32.
    """

    start: np.ndarray
    end: np.ndarray
    label: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def pick(self, index: np.ndarray) -> Candidates:
        """RETURNS (Candidates): those that an index array or mask selects."""
        return Candidates(self.start[index], self.end[index], self.label[index], self.score[index])

    @classmethod
    def join(cls, parts: List[Candidates]) -> Candidates:
        """RETURNS (Candidates): all of the parts, in their order."""
        if not parts:
            empty = np.zeros(0, dtype=np.int64)
            return cls(empty, empty, empty, np.zeros(0, dtype=np.float32))
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end", "label", "score"))
        )


def decode(candidates: Candidates, overlap: str, multi_label: bool) -> Candidates:
    """Keep the best candidates that don't conflict.

    overlap (str): "flat": no two spans share a word; "nested": no two spans cross, one inside the other is fine.
    multi_label (bool): whether equal spans may carry several labels.
    RETURNS (Candidates): sorted by start; equal starts keep the higher score first. Ties in score go to the smaller start, then
        the shorter span, then the earlier label.
    """
    # lexsort: last key first
    order = np.lexsort((candidates.label, candidates.end, candidates.start, -candidates.score))
    starts, ends = candidates.start[order].tolist(), candidates.end[order].tolist()
    taken = _Flat(multi_label) if overlap == "flat" else _Nested(multi_label)
    kept = [place for place, (start, end) in enumerate(zip(starts, ends, strict=True)) if taken.take(start, end)]
    chosen = order[np.asarray(kept, dtype=np.int64)]
    return candidates.pick(chosen[np.argsort(candidates.start[chosen], kind="stable")])


class _Flat:
    """Each word belongs to one span at most."""

    def __init__(self, multi_label: bool) -> None:
        self.multi_label = multi_label
        self.owner: Dict[int, Tuple[int, int]] = {}

    def take(self, start: int, end: int) -> bool:
        span = (start, end)
        for word in range(start, end + 1):
            owner = self.owner.get(word)
            if owner is not None and not (self.multi_label and owner == span):
                return False
        for word in range(start, end + 1):
            self.owner[word] = span
        return True


class _Nested:
    """Spans may contain each other (a shared edge counts as containment) but not cross.

    A span (s, e) crosses a taken one that begins inside it, after s, and ends after e; or that ends inside it, before e, and
    begins before s. Remembering the farthest end for each start and the earliest start for each end answers both.
    """

    def __init__(self, multi_label: bool) -> None:
        self.multi_label = multi_label
        self.farthest_end: Dict[int, int] = {}
        self.earliest_start: Dict[int, int] = {}
        self.spans: set = set()

    def take(self, start: int, end: int) -> bool:
        if (start, end) in self.spans:
            return self.multi_label
        if any(self.farthest_end.get(word, -1) > end for word in range(start + 1, end + 1)):
            return False
        if any(self.earliest_start.get(word, start) < start for word in range(start, end)):
            return False
        self.spans.add((start, end))
        self.farthest_end[start] = max(self.farthest_end.get(start, -1), end)
        self.earliest_start[end] = min(self.earliest_start.get(end, start), start)
        return True
