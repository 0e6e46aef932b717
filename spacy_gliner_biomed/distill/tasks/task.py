"""What the seven post-training tasks have in common.

Each task has a model make up an exercise about a passage and solve it in the passage's own words: a list of entities, an
instruction with what it asks for, a question with its answers. The answer is one JSON object, held to a pydantic model; from it
comes one training row, whose spans carry a label as GLiNER-BioMed's released post-training set has them: the entity's type,
"match" for what an instruction asks for, "label", "category", "class" or "tag" for the option that holds, "head <> relation"
for the tail of a relation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any, Callable, Dict, List, Optional, Tuple, Type

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from ...corpus.passage import Mention
from ..answers import MENTION_LENGTH, TYPE_LENGTH
from ..type_names import singular, tidy

MATCH = "match"
SEPARATOR = " <> "
INSTRUCTION_LENGTH = 400
PIECE_LENGTH = 2000
MOST_ITEMS = 100


class Checked(BaseModel):
    """An object of an answer: no field too many, no text that is blank."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*")
    @classmethod
    def _not_blank(cls, value: Any) -> Any:
        if any(isinstance(each, str) and not each.strip() for each in (value if isinstance(value, list) else [value])):
            raise ValueError("is blank")
        return value


class TypedMention(Checked):
    """A mention as the model wrote it.

    text (str): its words, which must stand in the passage.
    type (str): its type, in free text.
    """

    text: str = Field(min_length=1, max_length=MENTION_LENGTH)
    type: str = Field(min_length=1, max_length=TYPE_LENGTH)


Line = Annotated[str, StringConstraints(min_length=1, max_length=INSTRUCTION_LENGTH)]
TypeName = Annotated[str, StringConstraints(min_length=1, max_length=TYPE_LENGTH)]
Piece = Annotated[str, StringConstraints(min_length=1, max_length=PIECE_LENGTH)]


class Instructed(Checked):
    """An instruction and pieces of the passage that answer it.

    instruction (str): what to find.
    answers (list): the pieces, letter by letter; none where the passage has no answer.
    """

    instruction: Line
    answers: List[Piece] = Field(max_length=MOST_ITEMS)


@dataclass
class Tally:
    """What became of the answers to a task.

    answers, rows (int): how many came in, and how many rows were made of them.
    empty (int): rows without a mention; all their labels are negatives.
    mentions (int): spans in the rows.
    statuses (Counter): what became of each string that the model wrote: "exact", "folded", "fuzzy" and "failed" as in
        `distill.grounding`, "snapped" for a sentence that the nearest one of the passage stands for, "propagated" for further
        occurrences. Of these, fuzzy and failed ones are in no row.
    left_out (Counter): mentions that were placed, but left out, by reason.
    dropped (Counter): answers that made no row, by reason.
    """

    answers: int = 0
    rows: int = 0
    empty: int = 0
    mentions: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON, names in order."""
        numbers: Dict[str, Any] = {name: getattr(self, name) for name in ("answers", "rows", "empty", "mentions")}
        for name in ("statuses", "left_out", "dropped"):
            numbers[name] = dict(sorted(getattr(self, name).items()))
        return numbers


@dataclass(frozen=True)
class Row:
    """A training row before it has an id.

    text (str): the passage, with the instruction in front of it where there is one.
    mentions (tuple): spans of it, in text order.
    labels (tuple): what the row asks for: the labels of the mentions, and those that the answer itself says are not there.
    partial (bool): something that the model listed could not be placed, so that what touches no mention is unknown.
    types (Optional[tuple]): of an answer that lists all entities there are: every type in it, also of those that could not be
        placed. What is near none of them is a negative. None where the answer was asked for less.
    """

    text: str
    mentions: Tuple[Mention, ...]
    labels: Tuple[str, ...]
    partial: bool = False
    types: Optional[Tuple[str, ...]] = None


ToRow = Callable[[str, Any, Tally], Optional[Row]]


@dataclass(frozen=True)
class Task:
    """One of the seven.

    name (str): as on the command line.
    help (str): what it makes, in a line.
    share (float): its weight where a passage gets some of the tasks only.
    answer (type): the pydantic model of an answer.
    to_row (callable): `to_row(text, answer, tally)` makes the row, or counts why there is none and returns None.
    hints (tuple): one of these is put to the model with each passage, so that a thousand instructions do not read alike.
    """

    name: str
    help: str
    share: float
    answer: Type[Checked]
    to_row: ToRow
    hints: Tuple[str, ...]


def one_line(text: str) -> str:
    """RETURNS (str): the text with single blanks for all its white space, none around it."""
    return " ".join(text.split())


def label_of(type_name: str) -> str:
    """RETURNS (str): a type as a label: its one spelling, in the singular ("Adverse_Events" is "adverse event").

    Merging of synonyms is the business of the step `types`, which sees the types of all passages.
    """
    return singular(tidy(type_name))


def with_instruction(instruction: str, row: Row) -> Row:
    """Put an instruction in front of a text.

    instruction (str): in any form; it becomes one line, which a line end parts from the text.
    row (Row): of the text alone.
    RETURNS (Row): its mentions moved along.
    """
    head = one_line(instruction) + "\n"
    mentions = tuple(Mention(start + len(head), end + len(head), label) for start, end, label in row.mentions)
    return Row(head + row.text, mentions, row.labels, row.partial, row.types)
