"""Open tasks: any instruction that pieces of the passage fulfil, or a classification of the passage among listed options.

In a classification the options stand in front of the passage, and the spans are those options that hold, under the label
"label", "category", "class" or "tag", as in the released set; the other options are what not to mark.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import List, Optional

from pydantic import Field, field_validator

from ...corpus.passage import Mention
from .matching import matching_row
from .task import Instructed, Row, Tally, Task, TypeName, one_line

CHOICE_LABELS = ("label", "category", "class", "tag")
MOST_OPTIONS = 20


class OpenTask(Instructed):
    """An instruction, options where it is a classification, and the answers.

    options (list): from which the answers are; none where they are pieces of the passage.
    """

    options: List[TypeName] = Field(default=[], max_length=MOST_OPTIONS)

    @field_validator("options")
    @classmethod
    def _distinct(cls, options: List[str]) -> List[str]:
        if len(set(map(_folded, options))) < len(options):
            raise ValueError("two options are the same")
        if len(options) == 1:
            raise ValueError("one option leaves no choice")
        return options


def to_row(text: str, answer: OpenTask, tally: Tally) -> Optional[Row]:
    """RETURNS (Row): a classification where there are options, else as in open matching."""
    if answer.options:
        return _classification(text, answer, tally)
    return matching_row(text, answer.instruction, answer.answers, tally)


def choice_label(instruction: str, options: List[str]) -> str:
    """RETURNS (str): the label of a classification: which of the four words the instruction itself uses, else one drawn by it."""
    words = re.findall(r"[a-z]+", instruction.casefold())
    for name in CHOICE_LABELS:
        if name in words or name + "s" in words:
            return name
    digest = sha256("\n".join((instruction, *options)).encode("utf-8")).digest()
    return CHOICE_LABELS[digest[0] % len(CHOICE_LABELS)]


def _classification(text: str, answer: OpenTask, tally: Tally) -> Optional[Row]:
    """The instruction, a line of options, and the passage; the offsets of the options come from writing them, not from a search."""
    true = {_folded(each) for each in answer.answers}
    unknown = true - {_folded(each) for each in answer.options}
    if unknown or not true:
        tally.dropped["an answer is none of the options" if unknown else "none of the options was chosen"] += 1
        return None
    label = choice_label(answer.instruction, answer.options)
    head = one_line(answer.instruction) + "\n"
    mentions: List[Mention] = []
    for number, option in enumerate(map(one_line, answer.options)):
        head += ", " if number else ""
        if _folded(option) in true:
            mentions.append(Mention(len(head), len(head) + len(option), label))
        head += option
    tally.statuses["option"] += len(mentions)
    return Row(f"{head}\n{text}", tuple(mentions), (label,))


def _folded(option: str) -> str:
    return one_line(option).casefold()


TASK = Task(
    name="open_task",
    help="any instruction that pieces of the passage fulfil, or a choice among listed options",
    share=0.11,
    answer=OpenTask,
    to_row=to_row,
    hints=(
        "Make it a classification with three to six options, of which exactly one holds.",
        "Make it a classification with four to eight options, of which two or more hold.",
        "Make it a task that nobody would call NER, whose answers are pieces of the passage; give no options.",
    ),
)
