"""Open NER: every entity of the passage with a type of the model's choosing."""

from __future__ import annotations

from typing import List

from pydantic import Field

from .placing import place
from .task import MOST_ITEMS, Checked, Row, Tally, Task, TypedMention, label_of


class Entities(Checked):
    """The entities of a passage.

    entities (list): each mention and its type, in the order of the text.
    """

    entities: List[TypedMention] = Field(max_length=MOST_ITEMS)


def to_row(text: str, answer: Entities, tally: Tally) -> Row:
    """RETURNS (Row): the passage with its entities; all types that it lacks may become negatives."""
    listed = [(each.text, label_of(each.type)) for each in answer.entities]
    placed = place(text, listed, tally)
    labels = tuple(dict.fromkeys(mention.label for mention in placed.mentions))
    types = tuple(dict.fromkeys(label for _, label in listed))
    return Row(text, placed.mentions, labels, partial=bool(placed.lost), types=types)


TASK = Task(
    name="ner",
    help="all entities, with types of the model's choosing",
    share=0.47,
    answer=Entities,
    to_row=to_row,
    hints=(
        "Use broad types, as a textbook's index would.",
        "Use types as narrow as the passage allows.",
        "Use the types that the people of this trade would use in a table.",
    ),
)
