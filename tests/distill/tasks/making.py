"""Passages, answers and a model that answers as it is told, for the tests of the tasks."""

from __future__ import annotations

import json
from concurrent.futures import Future
from typing import Any, Callable, Dict, List

from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.requests import ChatRequest, ChatSettings, Completion
from spacy_gliner_biomed.distill.tasks import TASKS, Tally, task_named
from spacy_gliner_biomed.distill.tasks.answers import TaskAnswer
from spacy_gliner_biomed.distill.tasks.task import Row

CHAT = ChatSettings("fake")
TEXT = "Aspirin lowered fever in 12 people. Ibuprofen did not. Parkinson's disease was excluded."

#: A right answer of each task about TEXT.
RIGHT: Dict[str, Dict[str, Any]] = {
    "ner": {"entities": [{"text": "Aspirin", "type": "Drugs"}, {"text": "Parkinson's disease", "type": "disease"}]},
    "conditional_ner": {
        "instruction": "Find drugs that worked:", "types": ["drug"], "entities": [{"text": "Aspirin", "type": "drug"}],
    },
    "relations": {"relations": [{"head": "Aspirin", "relation": "lowers", "tail": "fever"}]},
    "question_answering": {"question": "What lowered fever?", "answers": ["Aspirin"]},
    "open_matching": {"instruction": "Find what was excluded.", "answers": ["Parkinson's disease"]},
    "summarisation": {"instruction": "Summarise.", "answers": ["Aspirin lowered fever in 12 people."]},
    "open_task": {"instruction": "Choose a topic.", "options": ["fever", "fracture"], "answers": ["fever"]},
}


def make_passages(n: int) -> List[Passage]:
    """RETURNS (list): passages with the same text but for its last sentence."""
    return [Passage(id=f"p{i}", text=f"{TEXT} This is number {i}.", source="own", document=f"d{i}") for i in range(n)]


def make_answer(name: str, answer: Dict[str, Any], text: str = TEXT, id: str = "p") -> TaskAnswer:
    """RETURNS (TaskAnswer): about a passage of that text."""
    task = task_named(name)
    passage = Passage(id=id, text=text, source="own", document=f"d-{id}")
    return TaskAnswer(passage, (0, len(text)), task, task.answer.model_validate(answer), "fake", "")


def make_row(name: str, answer: Dict[str, Any], text: str = TEXT, tally: Tally | None = None) -> Row | None:
    """RETURNS (Row): that a task makes of an answer."""
    task = task_named(name)
    return task.to_row(text, task.answer.model_validate(answer), Tally() if tally is None else tally)


def marked(row: Row | None) -> List[tuple[str, str]]:
    """RETURNS (list): the words and the label of each mention."""
    assert row is not None
    return [(row.text[start:end], label) for start, end, label in row.mentions]


class FakeModel:
    """Answers each request with `answer(request)`: a text, a dictionary, or an exception that becomes the request's error."""

    window = 3

    def __init__(self, answer: Callable[[ChatRequest], Any]) -> None:
        self.answer = answer
        self.asked: List[ChatRequest] = []

    def __enter__(self) -> FakeModel:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, request: ChatRequest) -> Future[Completion]:
        self.asked.append(request)
        future: Future[Completion] = Future()
        found = self.answer(request)
        if isinstance(found, Exception):
            future.set_result(Completion(request, error=str(found)))
        else:
            future.set_result(Completion(request, found if isinstance(found, str) else json.dumps(found)))
        return future

    def wait(self, future: Future[Completion]) -> None:
        pass


assert list(RIGHT) == list(TASKS)
