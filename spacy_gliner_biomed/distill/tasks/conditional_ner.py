"""Conditional NER: an instruction that wants only some of the entities, as "drugs that were stopped", and these."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field

from .placing import place
from .task import MOST_ITEMS, Checked, Line, Row, Tally, Task, TypedMention, TypeName, label_of, with_instruction


class ConditionalEntities(Checked):
    """An instruction with a condition, and the entities that meet it.

    instruction (str): which entities to extract.
    types (list): the types that it asks for.
    entities (list): those of the passage that meet the condition; none where no entity does.
    """

    instruction: Line
    types: List[TypeName] = Field(min_length=1, max_length=MOST_ITEMS)
    entities: List[TypedMention] = Field(max_length=MOST_ITEMS)


def to_row(text: str, answer: ConditionalEntities, tally: Tally) -> Optional[Row]:
    """RETURNS (Row): instruction and passage; asked for is every type of the instruction, so that one without a mention is a
    negative. Nothing is spread to further occurrences, for which the condition may not hold."""
    listed = [(each.text, label_of(each.type)) for each in answer.entities]
    placed = place(text, listed, tally, spread=False)
    if placed.lost and not placed.mentions:
        tally.dropped["nothing of the answer stands in the passage"] += 1
        return None
    lost = {label for _, label in listed} - {mention.label for mention in placed.mentions}
    asked = [label_of(each) for each in answer.types]
    labels = dict.fromkeys((*(mention.label for mention in placed.mentions), *(each for each in asked if each not in lost)))
    return with_instruction(answer.instruction, Row(text, placed.mentions, tuple(labels), partial=bool(placed.lost)))


TASK = Task(
    name="conditional_ner",
    help="an instruction that wants some of the entities only, and these",
    share=0.23,
    answer=ConditionalEntities,
    to_row=to_row,
    hints=(
        "Let the condition be about the role of the entities in what is told.",
        "Let the condition be about a number, a time or a place.",
        "Let the condition leave out entities of the very type that it asks for.",
        "Let the instruction ask for two or three types.",
        "Let the instruction ask for a type of which the passage has nothing that meets the condition.",
    ),
)
