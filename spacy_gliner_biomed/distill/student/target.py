"""What the student is taught to write: the teacher's answer in one fixed order, with nothing that can't be copied from the text.

Free order and invented mentions are what a small model can least learn. Entities come in the order of their places in the
text; one that is listed several times, perhaps with several types, stands for as many of its occurrences. What stands nowhere
in the text, or only within a word, is left out and counted, with the relations that it took part in.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Dict, List, NamedTuple, Tuple

from ..answers import ExtractedEntity, ExtractedRelation, Extraction
from .verbatim import PassageText

NOT_IN_TEXT, WITHIN_WORD = "mention not in the text", "mention only within a word"
LISTED_TOO_OFTEN = "mention listed more often than it occurs"
RELATION_LOST, TWICE = "relation without its entity", "relation twice"


class Target(NamedTuple):
    """An answer to be learned.

    extraction (Extraction): in order, its ids counting from 0.
    left_out (Counter): reason → entities or relations.
    """

    extraction: Extraction
    left_out: Counter[str]

    @property
    def json(self) -> str:
        """The answer as the student writes it."""
        return to_json(self.extraction)


def to_json(extraction: Extraction) -> str:
    """RETURNS (str): the one way to write an extraction, as `grammar` asks for it."""
    return json.dumps(extraction.to_dict(), ensure_ascii=False)


def target_of(text: str, extraction: Extraction, descriptions: bool = False) -> Target:
    """Make an answer one that can be learned.

    text (str): what was annotated.
    extraction (Extraction): the teacher's answer.
    descriptions (bool): whether the descriptions of the types belong to it.
    RETURNS (Target): the answer in order, and what it lost.
    """
    left_out: Counter[str] = Counter()
    passage = PassageText(text)
    used: Dict[str, int] = {}
    placed: List[Tuple[Tuple[int, int], ExtractedEntity]] = []
    for entity in extraction.entities:
        places = list(_places(passage, entity.text))
        number = used.get(entity.text, 0)
        used[entity.text] = number + 1
        if not places:
            left_out[WITHIN_WORD if entity.text in text else NOT_IN_TEXT] += 1
        elif number >= len(places):
            left_out[LISTED_TOO_OFTEN] += 1
        else:
            placed.append((places[number], entity))
    placed.sort(key=lambda pair: pair[0])
    ids = {entity.id: number for number, (_, entity) in enumerate(placed)}
    relations: Dict[ExtractedRelation, None] = {}
    for relation in extraction.relations:
        if relation.head not in ids or relation.tail not in ids:
            left_out[RELATION_LOST] += 1
            continue
        own = ExtractedRelation(head=ids[relation.head], tail=ids[relation.tail], type=relation.type)
        left_out[TWICE] += own in relations
        relations[own] = None
    entities = [ExtractedEntity(id=ids[each.id], text=each.text, type=each.type) for _, each in placed]
    kept_types = {entity.type for entity in entities}
    ordered = Extraction(
        entities=entities,
        relations=sorted(relations, key=lambda each: (each.head, each.tail, each.type)),
        descriptions=[each for each in extraction.descriptions if each.type in kept_types] if descriptions else [],
    )
    return Target(ordered, +left_out)


def _places(passage: PassageText, words: str) -> List[Tuple[int, int]]:
    """All places of the words at the borders of words; characters, end exclusive."""
    found, start = [], passage.text.find(words)
    while start >= 0:
        if passage.allows(start, start + len(words)):
            found.append((start, start + len(words)))
        start = passage.text.find(words, start + 1)
    return found
