"""A passage with its annotations, as every reader gives it and every evaluation takes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Optional, Tuple


class Mention(NamedTuple):
    """An annotated stretch of text.

    start, end (int): character offsets into the passage's text, end exclusive.
    label (str): the label in plain words.
    """

    start: int
    end: int
    label: str


class Discontinuous(NamedTuple):
    """A mention in several pieces ("hepatic [and renal] failure").

    fragments (tuple): `(start, end)` of each piece in characters, in text order, end exclusive.
    label (str): the label in plain words.
    """

    fragments: Tuple[Tuple[int, int], ...]
    label: str


@dataclass(frozen=True)
class AnnotatedPassage:
    """A text and what is known about it.

    id (str): of the passage, unique in its file.
    text (str): the text that all offsets count in.
    mentions (tuple): the annotated mentions, in text order.
    doc_id (str): the document it was cut from; statistics over documents keep its passages together.
    corpus (str): the corpus' name.
    labels (tuple): the labels this passage was annotated for, or None for the whole inventory of its corpus.
    discontinuous (tuple): mentions in pieces, apart until `corpus.discontinuous` has decided about them.
    where (str): file and line, for messages.
    partial (bool): only the mentions' own surroundings were looked at: what touches none of them is unknown, not unannotated.
    weight (float): how much the passage counts in training.
    unknown (tuple): `(start, end)` of stretches, in characters, of which nothing is known but their mentions: what else touches
        one is no negative in training.
    """

    id: str
    text: str
    mentions: Tuple[Mention, ...] = ()
    doc_id: str = ""
    corpus: str = ""
    labels: Optional[Tuple[str, ...]] = None
    discontinuous: Tuple[Discontinuous, ...] = ()
    where: str = ""
    partial: bool = False
    weight: float = 1.0
    unknown: Tuple[Tuple[int, int], ...] = ()

    @property
    def document(self) -> str:
        """The document's id; the passage's own where it has none."""
        return self.doc_id or self.id

    def with_mentions(self, mentions: Tuple[Mention, ...]) -> AnnotatedPassage:
        """RETURNS (AnnotatedPassage): the same passage with other mentions, sorted by start, end, label."""
        return replace(self, mentions=tuple(sorted(mentions)))
