"""Gives the project's recorded answers the hashes of today's requests: `python -m tests.distill.tasks.rebind`.

A recorded answer belongs to one request. Where a prompt, a demonstration or a default has changed on purpose, the answers that
were written by hand are still right; each line's `note` says what it is about.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from spacy_gliner_biomed.annotate.output import text_file
from spacy_gliner_biomed.corpus.collect.passages import read_passages
from spacy_gliner_biomed.distill.recorded import recorded_row
from spacy_gliner_biomed.distill.requests import ChatRequest, ChatSettings
from spacy_gliner_biomed.distill.tasks.ask import AskSettings, task_requests
from spacy_gliner_biomed.distill.teacher import Teacher, TeacherSettings

ASSETS = Path(__file__).parents[3] / "project" / "assets" / "distill"
PASSAGES = (ASSETS / "passages.jsonl", ASSETS / "task_passages.jsonl")
MODEL = "by-hand"


def teacher_requests() -> Iterator[Tuple[str, ChatRequest]]:
    """YIELDS (tuple): note and request of each passage, as `distill annotate --variant descriptions` makes it."""
    teacher = Teacher(TeacherSettings(ChatSettings(MODEL), variant="descriptions"))
    for part in teacher.parts(read_passages(*PASSAGES)):
        assert part.request is not None
        yield part.passage.id, part.request


def all_task_requests() -> Iterator[Tuple[str, ChatRequest]]:
    """YIELDS (tuple): note and request of each task, as `distill tasks ask` makes it."""
    chat = ChatSettings(MODEL, temperature=0.25, top_p=0.8, max_tokens=512)
    for asked in task_requests(read_passages(PASSAGES[1]), AskSettings(chat)):
        yield f"{asked.passage.id} {asked.task.name}", asked.request


def rebound(path: Path, requests: Iterator[Tuple[str, ChatRequest]]) -> List[str]:
    """RETURNS (list): the lines of a file of recorded answers, under the hashes of these requests and in their order."""
    answers: Dict[str, object] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        answers[row["note"]] = row["text"]
    return [json.dumps(recorded_row(request, answers[note], note), ensure_ascii=False) for note, request in requests]


FILES = ((ASSETS / "teacher.jsonl", teacher_requests), (ASSETS / "tasks.jsonl", all_task_requests))

if __name__ == "__main__":
    for file, requests in FILES:
        lines = rebound(file, requests())
        with text_file(file) as stream:
            stream.writelines(line + "\n" for line in lines)
        print(f"{len(lines)} answers: {file}")
