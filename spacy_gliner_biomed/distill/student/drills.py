"""Exercises for a language model that starts from nothing: find words in a text by a rule, copy them in order, name the rule.

They have the form of the student's real work and need nobody to annotate: any text yields them. What a model learns from
them is to walk through a text and to copy; what an entity is, it learns from the teacher's answers, with adapters.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterable, Iterator, List, Tuple

from ...corpus.collect.passages import Passage
from ..answers import MOST_ENTITIES, Answer, ExtractedEntity, Extraction

ANNOTATOR = "drill"
_RULES: Tuple[Tuple[str, re.Pattern[str]], ...] = (
    ("symbol", re.compile(r"[A-Z][A-Za-z0-9-]*[A-Z0-9][A-Za-z0-9-]*")),
    ("number", re.compile(r"\d+(?:\.\d+)?")),
    ("name", re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}")),
    ("long word", re.compile(r"[a-z]{11,}")),
)
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-Z0-9])")
_WORD = re.compile(r"[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*")


def drill(text: str) -> Extraction:
    """RETURNS (Extraction): the words of a text that a rule knows, in order, each with the first rule that does."""
    found: List[ExtractedEntity] = []
    for word in _WORD.finditer(text):
        for name, pattern in _RULES:
            match = pattern.match(text, word.start())
            if match and match.end() == word.end() and len(found) < MOST_ENTITIES:
                found.append(ExtractedEntity(id=len(found), text=word[0], type=name))
                break
    return Extraction(entities=found, relations=[])


def drill_answers(passages: Iterable[Passage]) -> Iterator[Answer]:
    """YIELDS (Answer): to each passage its exercise."""
    for passage in passages:
        if passage.text.strip():
            yield Answer(passage, drill(passage.text), ANNOTATOR, "", (0, len(passage.text)))


def short_passages(passages: Iterable[Passage], most: int) -> Iterator[Passage]:
    """Cut passages at the ends of sentences, so that a tiny model can read them.

    passages (iterable): of any length.
    most (int): characters of a piece; a sentence that is longer stays whole.
    YIELDS (Passage): pieces, in order, `id` with the number of the piece behind it.
    """
    for passage in passages:
        ends = [match.end() for match in _SENTENCE_END.finditer(passage.text)] + [len(passage.text)]
        cuts = [0]
        for before, end in zip([0, *ends], ends, strict=False):
            if end - cuts[-1] > most and before > cuts[-1]:
                cuts.append(before)
        pieces = [passage.text[start:end].strip() for start, end in zip(cuts, [*cuts[1:], len(passage.text)], strict=True)]
        for number, piece in enumerate(piece for piece in pieces if piece):
            yield replace(passage, id=f"{passage.id}/{number}", text=piece)
