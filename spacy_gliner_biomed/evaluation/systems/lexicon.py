"""The lexicon matcher: what a list of names alone finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ...corpus.passage import AnnotatedPassage
from ...scorer.card import TrainingCard
from ..lexicon import LexiconMatcher, label_keys, read_label_table, read_lexicon
from .base import Clock, ScoredMention
from .fingerprint import fingerprint


class LexiconSystem:
    """Predicts with `evaluation.lexicon`; every score is 1, and no two mentions share a word.

    name (str): how tables call it.
    path (Path): the lexicon file, read at the first `predict`.
    RAISES (FileNotFoundError): where there is no such file.
    """

    kind = "lexicon"

    def __init__(self, name: str, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"There is no lexicon '{path}'; name a .tsv or .tsv.gz file.")
        self.name, self.path = name, path
        self.details: Dict[str, Any] = {"lexicon": str(path), **fingerprint(str(path))}
        self.notes: List[str] = []
        self._table = read_label_table()
        self._matcher: Optional[LexiconMatcher] = None
        self._clock = Clock()

    @property
    def card(self) -> Optional[TrainingCard]:
        """None: a list of names was not trained."""
        return None

    @property
    def words_per_second(self) -> Optional[float]:
        """White-space words a second of the last `predict`, without loading."""
        return self._clock.words_per_second

    def known_labels(self, labels: Sequence[str]) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): the labels that `lexicon_labels.tsv` maps to labels of the lexicon."""
        known = set(label_keys(labels, self._table).values())
        return tuple(label for label in labels if label in known)

    def predict(
        self, passages: Iterable[AnnotatedPassage], labels: Sequence[str], overlap: str = "flat"
    ) -> Iterator[List[ScoredMention]]:
        """As `System.predict`; `overlap` makes no difference."""
        if self._matcher is None:
            self._matcher = LexiconMatcher(read_lexicon(self.path))
        matcher, keys = self._matcher, label_keys(labels, self._table)
        clock = self._clock = Clock()
        found = (matcher.match(passage.text, keys) if keys else [] for passage in clock.count(passages))
        for mentions in clock.time(found):
            yield [ScoredMention(start, end, label, 1.0) for start, end, label in mentions]
