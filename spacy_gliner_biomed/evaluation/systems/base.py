"""The one face that every evaluated system shows: passages in, scored mentions out, one list a passage."""

from __future__ import annotations

import time
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Protocol, Sequence, Tuple, TypeVar

from ...corpus.passage import AnnotatedPassage
from ...scorer.card import TrainingCard

T = TypeVar("T")


class ScoredMention(NamedTuple):
    """A predicted stretch of text.

    start, end (int): character offsets into the passage's text, end exclusive.
    label (str): one of the labels asked for.
    score (float): 0 to 1; 1 from systems that give none.
    """

    start: int
    end: int
    label: str
    score: float


class System(Protocol):
    """Something that marks mentions in text.

    name (str): how tables call it.
    kind (str): "gliner_biomed", "gliner", "spacy", "lexicon" or "predictions".
    details (dict): what it was made from, ready for JSON.
    notes (list): sentences a reader of the figures should know; they grow while it predicts.
    """

    name: str
    kind: str
    details: Dict[str, Any]
    notes: List[str]

    @property
    def card(self) -> Optional[TrainingCard]:
        """What the model was trained on; None where that is not known."""
        ...

    @property
    def words_per_second(self) -> Optional[float]:
        """White-space words read in a second by the last `predict`, without loading; None where that says nothing."""
        ...

    def known_labels(self, labels: Sequence[str]) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): those of `labels` that the system can give at all, in the same order."""
        ...

    def predict(
        self, passages: Iterable[AnnotatedPassage], labels: Sequence[str], overlap: str = "flat"
    ) -> Iterator[List[ScoredMention]]:
        """Mark the passages.

        passages (Iterable[AnnotatedPassage]): read lazily, a batch at a time; their gold mentions are not looked at.
        labels (Sequence[str]): the labels asked for.
        overlap (str): "flat" (no two mentions share a word) or "nested", for systems that have the choice.
        YIELDS (List[ScoredMention]): the mentions of each passage, in the order of the passages.
        """
        ...


class Clock:
    """Words read and the seconds it took; the time that the consumer of the results takes is not counted."""

    def __init__(self) -> None:
        self.words, self.seconds = 0, 0.0

    @property
    def words_per_second(self) -> Optional[float]:
        """White-space words read in a second; None before anything was read."""
        return self.words / self.seconds if self.seconds > 0 else None

    def count(self, passages: Iterable[AnnotatedPassage]) -> Iterator[AnnotatedPassage]:
        """YIELDS (AnnotatedPassage): the same passages, their words counted and the time to read them left out."""
        stream = iter(passages)
        while True:
            started = time.perf_counter()
            passage = next(stream, None)
            self.seconds -= time.perf_counter() - started
            if passage is None:
                return
            self.words += len(passage.text.split())
            yield passage

    def time(self, results: Iterator[T]) -> Iterator[T]:
        """YIELDS (T): the same results, the time that making them takes added to the clock."""
        while True:
            started = time.perf_counter()
            try:
                result = next(results)
            except StopIteration:
                return
            finally:
                self.seconds += time.perf_counter() - started
            yield result
