"""The texts a model was trained on: what an evaluated corpus shares with them."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Iterator, List, Set

from tqdm import tqdm

from ..corpus.formats import Problems
from ..corpus.passage import AnnotatedPassage
from .corpora import GoldCorpus, find_corpora, open_corpus
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
        """Read training texts.

        folder (Path): holds `train/`; or is such a folder itself, or one corpus of any format.
        RETURNS (TrainingData): of all its passages; mentions that do not fit are left out.
        RAISES (ValueError, OSError): where there is no corpus.
        """
        return cls(_all_passages(folder))

    def overlap(self, passages: Iterable[AnnotatedPassage]) -> Overlap:
        """RETURNS (Overlap): what these passages share with the training texts."""
        return self._texts.compare(passages)


def _all_passages(folder: Path) -> Iterator[AnnotatedPassage]:
    for corpus in tqdm(_corpora(folder), desc="training texts", unit=" files", disable=None):
        yield from corpus.passages(Problems(keep=0))


def _corpora(folder: Path) -> List[GoldCorpus]:
    if (folder / "train").is_dir():
        return find_corpora(folder, "train")
    try:
        return find_corpora(folder.parent, folder.name)
    except FileNotFoundError:
        return [open_corpus(folder)]
