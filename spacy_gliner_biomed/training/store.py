"""Windows of annotated text, encoded once and kept in a few flat arrays: about ten bytes a word."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass
from functools import cached_property
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..scorer.subwords import EncodedWords
from .windows import GoldWindow


class CorpusKey(NamedTuple):
    """What is mixed: a corpus of one source."""

    source: int
    name: str


@dataclass(frozen=True)
class WindowStore:
    """All windows of a training.

    ids (ndarray): sub-words of all windows. *Shape:* `(n_subwords,)`, int32.
    counts (ndarray): sub-words of each word. *Shape:* `(n_words,)`, uint16.
    first_id, first_word, first_span, first_unknown (ndarray): where a window begins in `ids`, `counts`, `spans` and `unknown`.
        *Shape:* `(n_windows + 1,)`, int64.
    spans (ndarray): first word, last word (inclusive), label number. *Shape:* `(n_spans, 3)`, int32.
    unknown (ndarray): first and last word (inclusive) of stretches of which nothing is known but their spans. *Shape:*
        `(n_unknown, 2)`, int32.
    corpus (ndarray): number of each window's corpus. *Shape:* `(n_windows,)`, int32.
    label_set (ndarray): number of the set of labels it was annotated for. *Shape:* `(n_windows,)`, int32.
    weight (ndarray): *Shape:* `(n_windows,)`, float32. partial (ndarray): *Shape:* `(n_windows,)`, bool.
    labels (tuple): label names. label_sets (tuple): their numbers, sorted. corpora (tuple): the corpora.
    """

    ids: np.ndarray
    counts: np.ndarray
    first_id: np.ndarray
    first_word: np.ndarray
    first_span: np.ndarray
    first_unknown: np.ndarray
    spans: np.ndarray
    unknown: np.ndarray
    corpus: np.ndarray
    label_set: np.ndarray
    weight: np.ndarray
    partial: np.ndarray
    labels: Tuple[str, ...]
    label_sets: Tuple[Tuple[int, ...], ...]
    corpora: Tuple[CorpusKey, ...]

    def __len__(self) -> int:
        return len(self.corpus)

    @cached_property
    def n_words(self) -> np.ndarray:
        """Words of each window. *Shape:* `(n_windows,)`, int64."""
        return np.diff(self.first_word)

    @cached_property
    def is_empty(self) -> np.ndarray:
        """Whether a window holds no mention. *Shape:* `(n_windows,)`, bool."""
        return np.diff(self.first_span) == 0

    def words(self, window: int) -> EncodedWords:
        """RETURNS (EncodedWords): the words of a window."""
        low, high = self.first_word[window], self.first_word[window + 1]
        bounds = np.zeros(high - low + 1, dtype=np.int64)
        np.cumsum(self.counts[low:high], out=bounds[1:])
        return EncodedWords(self.ids[self.first_id[window] : self.first_id[window + 1]].astype(np.int64), bounds)

    def gold(self, window: int) -> np.ndarray:
        """RETURNS (ndarray): first word, last word, label number. *Shape:* `(n, 3)`, int32."""
        return self.spans[self.first_span[window] : self.first_span[window + 1]]

    def regions(self, window: int) -> List[Tuple[int, int]]:
        """RETURNS (list): first and last word of each unknown stretch."""
        own = self.unknown[self.first_unknown[window] : self.first_unknown[window + 1]]
        return [(first, last) for first, last in own.tolist()]

    def corpus_labels(self) -> Dict[str, List[str]]:
        """RETURNS (dict): corpus name → the labels any of its windows was annotated for, sorted."""
        found: Dict[str, set] = {}
        for corpus, label_set in np.unique(np.stack([self.corpus, self.label_set], axis=1), axis=0):
            found.setdefault(self.corpora[corpus].name, set()).update(self.label_sets[label_set])
        return {name: sorted(self.labels[label] for label in own) for name, own in found.items()}

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything in here: a training goes on only with the data it began with."""
        digest = hashlib.sha256(repr((self.labels, self.label_sets, self.corpora)).encode("utf-8"))
        for values in (self.ids, self.counts, self.first_id, self.first_word, self.first_span, self.spans):
            digest.update(np.ascontiguousarray(values).tobytes())
        for values in (self.corpus, self.label_set, self.weight, self.partial):
            digest.update(np.ascontiguousarray(values).tobytes())
        if len(self.unknown):  # so that data without any keeps the hash it had before there were such stretches
            for values in (self.first_unknown, self.unknown):
                digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()[:16]


class StoreBuilder:
    """Takes windows one at a time; `build` makes the store.

    Labels of a corpus whose rows don't say what they were annotated for are all that the corpus uses anywhere, in any source, but
    for those that their own source excludes.
    """

    def __init__(self) -> None:
        self._ids, self._counts = array("i"), array("H")
        self._first_id, self._first_word, self._first_span = array("q", [0]), array("q", [0]), array("q", [0])
        self._first_unknown, self._unknown = array("q", [0]), array("i")
        self._spans, self._corpus, self._sets, self._weight = array("i"), array("i"), array("i"), array("f")
        self._partial = array("b")
        self._labels: Dict[str, int] = {}
        self._label_sets: Dict[Tuple[int, ...], int] = {}
        self._corpora: Dict[CorpusKey, int] = {}
        self._inventory: Dict[str, set] = {}

    @property
    def n_words(self) -> int:
        """Words so far."""
        return self._first_word[-1]

    def inventory(self, corpus: str, labels: Sequence[str]) -> None:
        """Note that a corpus annotates these labels."""
        self._inventory.setdefault(corpus, set()).update(self._label(label) for label in labels)

    def add(
        self,
        window: GoldWindow,
        corpus: CorpusKey,
        labels: Optional[Sequence[str]],
        weight: float = 1.0,
        partial: bool = False,
    ) -> None:
        """Add a window. labels (list): what it was annotated for, or None for the whole inventory of its corpus."""
        self._ids.frombytes(window.words.ids.astype(np.int32).tobytes())
        self._counts.frombytes(np.diff(window.words.bounds).astype(np.uint16).tobytes())
        for first, last, label in window.spans:
            self._spans.extend((first, last, self._label(label)))
        for region in window.unknown:
            self._unknown.extend(region)
        self._first_id.append(len(self._ids))
        self._first_word.append(len(self._counts))
        self._first_span.append(len(self._spans) // 3)
        self._first_unknown.append(len(self._unknown) // 2)
        self._corpus.append(self._corpora.setdefault(corpus, len(self._corpora)))
        if labels is None:
            self._sets.append(-1)
        else:
            known = tuple(sorted({self._label(label) for label in [*labels, *(span[2] for span in window.spans)]}))
            self._sets.append(self._label_sets.setdefault(known, len(self._label_sets)))
        self._weight.append(weight)
        self._partial.append(partial)

    def build(self, excluded: Sequence[Sequence[str]] = ()) -> WindowStore:
        """RETURNS (WindowStore): everything that was added.

        excluded (list): the labels that each source is taken not to annotate, by its number; none without.
        """
        corpora = tuple(self._corpora)
        left_out = [{self._labels[label] for label in labels if label in self._labels} for labels in excluded]
        own = []
        for key in corpora:
            known = self._inventory.get(key.name, set()) - (left_out[key.source] if left_out else set())
            own.append(self._label_sets.setdefault(tuple(sorted(known)), len(self._label_sets)))
        corpus = np.array(self._corpus, dtype=np.int32)
        sets = np.array(self._sets, dtype=np.int32)
        sets = np.where(sets < 0, np.array(own, dtype=np.int32)[corpus] if len(own) else sets, sets)
        return WindowStore(
            ids=np.array(self._ids, dtype=np.int32),
            counts=np.array(self._counts, dtype=np.uint16),
            first_id=np.array(self._first_id, dtype=np.int64),
            first_word=np.array(self._first_word, dtype=np.int64),
            first_span=np.array(self._first_span, dtype=np.int64),
            first_unknown=np.array(self._first_unknown, dtype=np.int64),
            spans=np.array(self._spans, dtype=np.int32).reshape(-1, 3),
            unknown=np.array(self._unknown, dtype=np.int32).reshape(-1, 2),
            corpus=corpus,
            label_set=sets.astype(np.int32),
            weight=np.array(self._weight, dtype=np.float32),
            partial=np.array(self._partial, dtype=bool),
            labels=tuple(self._labels),
            label_sets=tuple(self._label_sets),
            corpora=corpora,
        )

    def _label(self, label: str) -> int:
        return self._labels.setdefault(label, len(self._labels))
