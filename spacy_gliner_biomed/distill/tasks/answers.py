"""The file of answers to the tasks, between asking and the making of rows: a JSON object a line.

    {"passage": {…}, "part": [0, 412], "task": "question_answering", "annotator": "…", "request": "<sha256>",
     "answer": {"question": "…", "answers": ["…"]}}
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Tuple

from pydantic import ValidationError

from ...corpus.collect.passages import Passage, from_row
from ..answers import short_reason
from ..lines import check_row, part_of, read_lines, write_lines
from ..repair import BadOutput, json_object, unfinished
from ..requests import Completion
from . import task_named
from .task import Checked, Task

FIELDS = ("passage", "part", "task", "annotator", "request", "answer")


@dataclass(frozen=True)
class TaskAnswer:
    """A model's answer to a task about a passage, or about a part of it.

    passage (Passage): the whole passage.
    part (tuple): `(start, end)`, the characters of it that the model was shown, end exclusive.
    task (Task): the task.
    answer (Checked): of the type `task.answer`.
    annotator (str): the model's name.
    request (str): the hash of the full request.
    """

    passage: Passage
    part: Tuple[int, int]
    task: Task
    answer: Checked
    annotator: str = ""
    request: str = ""

    @property
    def text(self) -> str:
        """The text that the model was shown."""
        return self.passage.text[self.part[0] : self.part[1]]

    @property
    def id(self) -> str:
        """Of the row that comes of it: the passage's, the part where it is not the whole passage, and the task."""
        whole = self.part == (0, len(self.passage.text))
        return self.passage.id + ("" if whole else f":{self.part[0]}-{self.part[1]}") + f"#{self.task.name}"

    def to_row(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        row = {"passage": self.passage.to_row(), "part": list(self.part), "task": self.task.name}
        return {**row, "annotator": self.annotator, "request": self.request, "answer": self.answer.model_dump()}


def read_answer(task: Task, completion: Completion) -> Checked:
    """Read a model's words as the answer to a task: as JSON, whose strings may hold any quote, apostrophe or line end.

    task (Task): what was asked.
    completion (Completion): without an error.
    RETURNS (Checked): the answer.
    RAISES (BadOutput): where it is none; the message is part of a sentence.
    """
    if reason := unfinished(completion):
        raise BadOutput(reason)
    values = json_object(completion.text, Counter())
    try:
        return task.answer.model_validate(values)
    except ValidationError as error:
        raise BadOutput(short_reason(error)) from None


def answer_from_row(row: Any, where: str) -> TaskAnswer:
    """Check a row and make it an answer.

    row (any): what a line of the file holds.
    where (str): file and line, for the message.
    RETURNS (TaskAnswer): the answer.
    RAISES (ValueError): where a field is missing, unknown or wrong; one sentence.
    """
    check_row(row, FIELDS, (), where)
    passage = from_row(row["passage"], where)
    for name in ("task", "annotator", "request"):
        if not isinstance(row[name], str):
            raise ValueError(f"{where}: '{name}' must be text, not {str(row[name])[:60]!r}.")
    part = part_of(row["part"], passage.text, where)
    try:
        task = task_named(row["task"])
        answer = task.answer.model_validate(row["answer"])
    except ValidationError as error:
        raise ValueError(f"{where}: {short_reason(error)}.") from None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return TaskAnswer(passage, part, task, answer, row["annotator"], row["request"])


def write_task_answers(path: Path, answers: Iterable[TaskAnswer]) -> int:
    """Write answers, one at a time; the file appears whole or not at all.

    path (Path): the file; `.gz` packs it.
    answers (iterable): in the order in which they are to stand.
    RETURNS (int): how many.
    """
    return write_lines(path, (answer.to_row() for answer in answers))


def read_task_answers(*paths: Path) -> Iterator[TaskAnswer]:
    """Read answers, one at a time; arguments and errors as for `distill.answers.read_answers`. YIELDS (TaskAnswer)."""
    return read_lines(paths, answer_from_row)
