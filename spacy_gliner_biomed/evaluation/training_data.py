"""The texts a model was trained on: what an evaluated corpus shares with them."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Iterator, Set

from tqdm import tqdm

from ..corpus.passage import AnnotatedPassage
from .corpora import find_corpora
from .metrics.errors import normal_surface
from .overlap import Overlap, TrainingTexts


class TrainingData:
    """Word n-grams, document ids and the surface forms of mentions, gathered in one pass.

    passages (Iterable[AnnotatedPassage]): the training passages; read once, one at a time.
    """

    def __init__(self, passages: Iterable[AnnotatedPassage]) -> None:
        self.surfaces: Set[str] = set()
        self._texts = TrainingTexts()
        for passage in passages:
            self._texts.add(passage.text, passage.document)
            for mention in passage.mentions:
                self.surfaces.add(normal_surface(passage.text[mention.start : mention.end]))

    @classmethod
    def read(cls, folder: Path) -> TrainingData:
        """RETURNS (TrainingData): of every corpus file in a folder."""
        return cls(_all_passages(folder))

    def overlap(self, passages: Iterable[AnnotatedPassage]) -> Overlap:
        """RETURNS (Overlap): what these passages share with the training texts."""
        return self._texts.compare(passages)


def _all_passages(folder: Path) -> Iterator[AnnotatedPassage]:
    for corpus in tqdm(find_corpora(folder.parent, folder.name), desc="training texts", unit=" files", disable=None):
        yield from corpus.passages()
