"""The file of answers to the tasks, between asking and the making of rows: a JSON object a line.

    {"passage": {…}, "part": [0, 412], "task": "question_answering", "annotator": "…", "request": "<sha256>",
     "answer": {"question": "…", "answers": ["…"]}}
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Tuple

from pydantic import ValidationError

from ...annotate.output import text_file
from ...corpus.collect.passages import Passage, from_row, shard_files
from ...corpus.formats.lines import numbered_lines
from ..answers import short_reason
from ..repair import BadOutput, json_object
from ..requests import TOO_LONG, Completion
from . import task_named
from .task import Checked, Task

FIELDS = ("passage", "part", "task", "annotator", "request", "answer")
_CUT = {"length": "it was cut off at the longest answer allowed", TOO_LONG: "it was far too long"}


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
    if completion.finish in _CUT:
        raise BadOutput(_CUT[completion.finish])
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
    if not isinstance(row, dict):
        raise ValueError(f"{where}: an answer to a task is a JSON object, not {str(row)[:60]!r}.")
    for name in FIELDS:
        if name not in row:
            raise ValueError(f"{where}: the answer has no '{name}'; it needs {', '.join(FIELDS)}.")
    for name in row:
        if name not in FIELDS:
            raise ValueError(f"{where}: an answer to a task has no field '{name}'; it has {', '.join(FIELDS)}.")
    passage = from_row(row["passage"], where)
    for name in ("task", "annotator", "request"):
        if not isinstance(row[name], str):
            raise ValueError(f"{where}: '{name}' must be text, not {str(row[name])[:60]!r}.")
    part = row["part"]
    if not (isinstance(part, list) and len(part) == 2 and all(type(each) is int for each in part)
            and 0 <= part[0] <= part[1] <= len(passage.text)):
        raise ValueError(f"{where}: 'part' must be [start, end] within the {len(passage.text)} characters, not {part!r}.")
    try:
        task = task_named(row["task"])
        answer = task.answer.model_validate(row["answer"])
    except ValidationError as error:
        raise ValueError(f"{where}: {short_reason(error)}.") from None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return TaskAnswer(passage, (part[0], part[1]), task, answer, row["annotator"], row["request"])


def write_task_answers(path: Path, answers: Iterable[TaskAnswer]) -> int:
    """Write answers, one at a time; the file appears whole or not at all.

    path (Path): the file; `.gz` packs it.
    answers (iterable): in the order in which they are to stand.
    RETURNS (int): how many.
    """
    count = 0
    with text_file(Path(path)) as stream:
        for answer in answers:
            stream.write(json.dumps(answer.to_row(), ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def read_task_answers(*paths: Path) -> Iterator[TaskAnswer]:
    """Read answers, one at a time.

    paths (Path): JSON Lines files, plain or gzipped, and folders of them.
    YIELDS (TaskAnswer): in the order of the files.
    RAISES (ValueError): at the first line that is none; one sentence with file and line.
    RAISES (FileNotFoundError): where there is no such file.
    """
    for file in shard_files(*paths):
        for number, line in numbered_lines(file):
            if line.strip():
                where = f"{file}, line {number}"
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise ValueError(f"{where}: this is not JSON ({error}).") from None
                yield answer_from_row(row, where)
