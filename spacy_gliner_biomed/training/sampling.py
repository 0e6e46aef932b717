"""The stream of training batches: windows, label sets and wordings drawn anew for every step, from the step's number alone.

A round reads every corpus by its share of words (temperature), in random order, cut into batches of about `batch_words` words.
What a batch asks for is drawn after that: broader labels instead of fine ones, labels that go unasked, one wording a label.
Whatever a passage was not annotated for stays unknown in it; the other labels of its corpus are its negatives.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import asdict, replace
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..label_sets import Merge
from ..scorer.training import TrainingWindow
from .settings import SourceSettings, StreamSettings
from .store import WindowStore
from .wording import Phrasing, WordingLike

_VERSION = 2  # of the way batches are drawn: another one makes other batches of the same data
_ROUND, _BATCH = 1, 2  # what a random generator is for: part of its seed


class TrainingStream:
    """Batches by their number: `batch(step)` is the same however a training got there.

    store (WindowStore): the windows.
    sources (list): the settings of the sources that the store's corpora count in.
    settings (StreamSettings): how batches are drawn.
    seed (int): other seeds give other batches.
    wordings (dict): label → what it may be called.
    merges (list): broader labels.
    room (callable): for a uni-encoder, label texts → sub-words left for the words of a window; None for a bi-encoder.
    RAISES (ValueError): where there is nothing to learn from.
    """

    def __init__(
        self,
        store: WindowStore,
        sources: Sequence[SourceSettings],
        settings: StreamSettings,
        seed: int = 0,
        wordings: Optional[Mapping[str, WordingLike]] = None,
        merges: Sequence[Merge] = (),
        room: Optional[Callable[[Sequence[str]], int]] = None,
    ) -> None:
        self.store = store
        self.sources = tuple(sources)
        self.settings = settings
        self.seed = seed
        self._phrasing = Phrasing(settings, wordings or {})
        self._room = room
        withheld = {text.casefold() for text in settings.withhold}
        self._merges = _number_merges(store, [merge for merge in merges if merge.into.casefold() not in withheld])
        self._members = self._by_corpus()
        if not self._members:
            raise ValueError("The sources of this training hold no words with labels to learn from; check sources.path.")
        self._rounds: List[_Round] = []
        self._first_step: List[int] = [0]

    # -- which windows ----------------------------------------------------------------------------------------------------

    def members(self, step: int) -> np.ndarray:
        """RETURNS (ndarray): the numbers of a batch's windows. *Shape:* `(n,)`, int64."""
        while self._first_step[-1] <= step:
            drawn = self._draw_round(len(self._rounds))
            self._rounds.append(drawn)
            self._first_step.append(self._first_step[-1] + drawn.n_batches)
        number = bisect_right(self._first_step, step) - 1
        return self._rounds[number].batch(step - self._first_step[number])

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides about the batches: a training goes on only with the stream it began with."""
        known = {label: self._phrasing.known(label) for label in self.store.labels}
        sources = [(source.weight, source.empty) for source in self.sources]
        default = StreamSettings()
        settings = {  # what has its default value is left out, so that new settings leave old fingerprints as they are
            name: value for name, value in sorted(asdict(self.settings).items()) if value != getattr(default, name)
        }
        merges = sorted(self._merges.items()) if self.settings.merge else []
        # said where it matters alone, so that it leaves other fingerprints as they are
        whole = ("merges of all parts alone",) if merges and self._has_parts_of_merges() else ()
        parts = (_VERSION, self.store.fingerprint, sources, settings, self.seed, known, merges, *whole)
        return hashlib.sha256(repr(parts).encode("utf-8")).hexdigest()[:16]

    @property
    def batches_per_round(self) -> int:
        """Batches of the first round; others differ by a few."""
        self.members(0)
        return self._rounds[0].n_batches

    def shares(self) -> Dict[str, float]:
        """RETURNS (dict): corpus name → its part of the words of a round."""
        wanted = self._wanted_words()
        total = sum(wanted.values())
        shares: Dict[str, float] = {}
        for corpus, words in wanted.items():
            name = self.store.corpora[corpus].name
            shares[name] = shares.get(name, 0.0) + words / total
        return shares

    def _has_parts_of_merges(self) -> bool:
        """Whether windows were annotated for some labels of a broader one, not for all."""
        for corpus, own in self._members.items():
            merges = [set(labels) for _, labels in self._merges.get(self.store.corpora[corpus].name, [])]
            known = [set(self.store.label_sets[number]) for number in np.unique(self.store.label_set[own])] if merges else []
            if any(labels & own_labels and not labels <= own_labels for labels in merges for own_labels in known):
                return True
        return False

    def _by_corpus(self) -> Dict[int, np.ndarray]:
        labelled = np.array([len(labels) > 0 for labels in self.store.label_sets], dtype=bool)
        usable = (self.store.n_words > 0) & (self.store.weight > 0)
        if len(self.store):
            usable &= labelled[self.store.label_set]
        found = {}
        for number, key in enumerate(self.store.corpora):
            own = np.flatnonzero(usable & (self.store.corpus == number))
            if len(own) and self.sources[key.source].weight > 0:
                found[number] = own
        return found

    def _wanted_words(self) -> Dict[int, float]:
        """Words that a round reads of each corpus: by its size to the power of the temperature."""
        sizes = {number: float(self.store.n_words[own].sum()) for number, own in self._members.items()}
        weighted = {
            number: self.sources[self.store.corpora[number].source].weight * size**self.settings.temperature
            for number, size in sizes.items()
        }
        share = sum(sizes.values()) / sum(weighted.values())
        return {number: weight * share for number, weight in weighted.items()}

    def _draw_round(self, number: int) -> _Round:
        random = np.random.default_rng((self.seed, _ROUND, number))
        parts = []
        for corpus, words in self._wanted_words().items():
            own = self._members[corpus]
            empty = self.sources[self.store.corpora[corpus].source].empty
            if empty < 1.0:
                kept = ~self.store.is_empty[own] | (random.random(len(own)) < empty)
                own = own[kept] if kept.any() else own
            whole, rest = divmod(words / float(self.store.n_words[own].sum()), 1.0)
            parts += [own] * int(whole)
            # rounded at random, so that small corpora keep their share over the rounds
            parts.append(random.permutation(own)[: int(rest * len(own) + random.random())])
        order = random.permutation(np.concatenate(parts))
        before = np.cumsum(self.store.n_words[order]) - self.store.n_words[order]
        batch = before // self.settings.batch_words
        edges = np.searchsorted(batch, np.arange(batch[-1] + 2)) if len(batch) else np.zeros(1, dtype=np.int64)
        edges = np.unique(edges)  # a window longer than a batch leaves none empty behind it
        if len(edges) > 2 and self.store.n_words[order[edges[-2] :]].sum() < self.settings.batch_words / 2:
            edges = np.delete(edges, -2)
        return _Round(order.astype(np.int32), edges)

    # -- what is asked of them --------------------------------------------------------------------------------------------

    def batch(self, step: int) -> List[TrainingWindow]:
        """RETURNS (list): the windows of a step, shortest first."""
        members = self.members(step)
        members = members[np.argsort(self.store.n_words[members], kind="stable")]
        random = np.random.default_rng((self.seed, _BATCH, step))
        renamed = self._draw_merges(members, random)
        asked: Dict[Tuple[int, int], List[str]] = {}
        for corpus, label_set in dict.fromkeys(self._keys(members)):
            rename = renamed[corpus, label_set]
            asked[corpus, label_set] = list(
                dict.fromkeys(self._name(label, rename) for label in self.store.label_sets[label_set])
            )
        spans = [self._spans(window, renamed) for window in members]
        kept = self._choose_labels(asked, spans, random)
        asked = {key: [label for label in labels if label in kept] for key, labels in asked.items()}
        texts = self._phrasing.draw_all(list(kept), list(asked.values()), random)
        order = {text: place for place, text in enumerate(random.permutation(sorted({t for ts in texts.values() for t in ts})))}
        shown = {
            key: sorted((text for label in labels for text in texts[label]), key=order.__getitem__)
            for key, labels in asked.items()
        }
        if not self.settings.annotated_only:
            shown = dict.fromkeys(shown, sorted(order, key=order.__getitem__))
        return self._fitting(
            [
                self._window(int(window), shown[key], own, texts)
                for window, key, own in zip(members, self._keys(members), spans, strict=True)
            ]
        )

    def _keys(self, members: np.ndarray) -> List[Tuple[int, int]]:
        return list(zip(self.store.corpus[members].tolist(), self.store.label_set[members].tolist(), strict=True))

    def _name(self, label: int, rename: Mapping[int, str]) -> str:
        return rename.get(label, self.store.labels[label])

    def _draw_merges(self, members: np.ndarray, random: np.random.Generator) -> Dict[Tuple[int, int], Dict[int, str]]:
        """RETURNS (dict): corpus and label set → its labels that go by a broader name in this batch.

        None do in windows that were not annotated for all of them: what they lack would count as absent.
        """
        drawn: Dict[int, Dict[int, str]] = {}
        for corpus in np.unique(self.store.corpus[members]).tolist():
            choices = self._merges.get(self.store.corpora[corpus].name, [])
            if random.random() < self.settings.merge and choices:
                into, labels = choices[random.integers(len(choices))]
                drawn[corpus] = dict.fromkeys(labels, into)
        renamed: Dict[Tuple[int, int], Dict[int, str]] = {}
        for corpus, label_set in dict.fromkeys(self._keys(members)):
            broader = drawn.get(corpus, {})
            renamed[corpus, label_set] = broader if broader.keys() <= set(self.store.label_sets[label_set]) else {}
        return renamed

    def _spans(self, window: int, renamed: Mapping[Tuple[int, int], Mapping[int, str]]) -> List[Tuple[int, int, str]]:
        rename = renamed[int(self.store.corpus[window]), int(self.store.label_set[window])]
        gold = self.store.gold(window).tolist()
        if not self.settings.nested:
            gold = _outermost(gold)
        return list(dict.fromkeys((first, last, self._name(label, rename)) for first, last, label in gold))

    def _choose_labels(
        self,
        asked: Mapping[Tuple[int, int], Sequence[str]],
        spans: Sequence[Sequence[Tuple[int, int, str]]],
        random: np.random.Generator,
    ) -> Dict[str, None]:
        """Labels that this batch asks for, after dropout: those with mentions before those without, up to the limit.

        Where there are more, those without a mention keep the share of `absent`.
        """
        labels = list(dict.fromkeys(label for own in asked.values() for label in own))
        labels = [labels[place] for place in random.permutation(len(labels))]
        positive = {label for own in spans for _, _, label in own}
        kept = {label for label in labels if random.random() >= self.settings.label_dropout}
        if self.settings.negatives < 1.0:
            kept = {label for label in labels if label in kept and (label in positive or random.random() < self.settings.negatives)}
        for own in asked.values():  # no passage is left without a question
            if own and not kept.intersection(own):
                kept.add(next((label for label in labels if label in own and label in positive), own[0]))
        found = [label for label in labels if label in kept and label in positive]
        others = [label for label in labels if label in kept and label not in positive]
        most = max(self.settings.max_labels // self.settings.wordings_per_label, 1)
        room = most - min(len(others), int(most * self.settings.absent))
        return dict.fromkeys([*found[:room], *others, *found[room:]][:most])

    def _window(
        self, window: int, shown: List[str], spans: Sequence[Tuple[int, int, str]], texts: Mapping[str, Sequence[str]]
    ) -> TrainingWindow:
        marked = None
        if self.store.partial[window]:
            marked = [(int(first), int(last)) for first, last, _ in self.store.gold(window)]
        gold = [(first, last, text) for first, last, label in spans for text in texts.get(label, ())]
        unknown = self.store.regions(window)
        return TrainingWindow(self.store.words(window), shown, gold, float(self.store.weight[window]), marked, unknown)

    def _fitting(self, windows: List[TrainingWindow]) -> List[TrainingWindow]:
        """Shorten label lists that would leave a uni-encoder no room for the words; what is left out is unknown."""
        if self._room is None:
            return windows
        longest: Dict[Tuple[str, ...], int] = {}
        for window in windows:
            key = tuple(window.labels)
            longest[key] = max(longest.get(key, 0), len(window.words.ids))
        fitting = {key: self._fit(key, need) for key, need in longest.items()}
        return [
            window
            if len(labels := fitting[tuple(window.labels)]) == len(window.labels)
            else replace(window, labels=labels, spans=[s for s in window.spans if s[2] in labels])
            for window in windows
        ]

    def _fit(self, labels: Sequence[str], need: int) -> List[str]:
        assert self._room is not None
        fitting = list(labels)
        while fitting:
            try:
                if self._room(fitting) >= need:
                    break
            except ValueError:  # not even room for a span
                pass
            fitting.pop()
        return fitting


def _outermost(gold: List[List[int]]) -> List[List[int]]:
    """Spans that lie in no wider one."""
    return [
        span
        for span in gold
        if not any(o[0] <= span[0] and span[1] <= o[1] and o[1] - o[0] > span[1] - span[0] for o in gold)
    ]


class _Round:
    """order (ndarray): windows. edges (ndarray): where batches begin and end in it."""

    def __init__(self, order: np.ndarray, edges: np.ndarray) -> None:
        self._order, self._edges = order, edges
        self.n_batches = len(edges) - 1

    def batch(self, number: int) -> np.ndarray:
        return self._order[self._edges[number] : self._edges[number + 1]].astype(np.int64)


def _number_merges(store: WindowStore, merges: Sequence[Merge]) -> Dict[str, List[Tuple[str, List[int]]]]:
    """Merges whose labels are all there, by corpus."""
    numbers = {label: number for number, label in enumerate(store.labels)}
    inventory = store.corpus_labels() if len(store) else {}
    found: Dict[str, List[Tuple[str, List[int]]]] = {}
    for merge in merges:
        if set(merge.labels) <= set(inventory.get(merge.corpus, ())):
            found.setdefault(merge.corpus, []).append((merge.into, [numbers[label] for label in merge.labels]))
    return found
