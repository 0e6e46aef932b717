"""The requests that put a task to a model: a system message for the task, two worked demonstrations, the passage with a wish.

The prompts are jinja files beside this one. A passage is a value in them, never a part of a template; what a chat template
would take for the end of a turn is broken up in it, as in `distill.messages`. Each task has a prompt of its own, and a test
that no two are the same: the seed sends that of open matching where it means summarisation.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Dict, List, Tuple

from ...corpus.formats.lines import numbered_lines
from ..answers import plain_schema
from ..messages import environment, free_tag, unmarked
from ..requests import ChatRequest, ChatSettings, Message
from . import TASKS, task_named
from .drawing import draw
from .task import MOST_ITEMS, Task

FOLDER = Path(__file__).parent / "prompts"
DEMONSTRATIONS = Path(__file__).parent / "demonstrations.jsonl"
# What an empty answer looks like, for the prompt
_FORMS = {
    "ner": '{"entities": [{"text": "...", "type": "..."}]}',
    "conditional_ner": '{"instruction": "...", "types": ["..."], "entities": [{"text": "...", "type": "..."}]}',
    "relations": '{"relations": [{"head": "...", "relation": "...", "tail": "..."}]}',
    "question_answering": '{"question": "...", "answers": ["..."]}',
    "open_matching": '{"instruction": "...", "answers": ["..."]}',
    "summarisation": '{"instruction": "...", "answers": ["..."]}',
    "open_task": '{"instruction": "...", "answers": ["..."], "options": ["..."]}',
}


def task_request(task: Task, text: str, settings: ChatSettings, hint: str) -> ChatRequest:
    """Put a task to a model.

    task (Task): the task.
    text (str): the passage, or the part of it to be shown.
    settings (ChatSettings): how to answer.
    hint (str): the wish about the exercise, one of `task.hints`.
    RETURNS (ChatRequest): with the schema of the task's answer.
    RAISES (ImportError): without the extra.
    """
    messages = (*_before(task.name), Message("user", _question(text, hint)))
    return ChatRequest(messages, settings, answer_schema(task))


def draw_hint(task: Task, seed: int, *names: str) -> str:
    """RETURNS (str): one of the task's hints, always the same for the same seed and names."""
    return task.hints[int(draw(seed, task.name, *names) * len(task.hints))]


def answer_schema(task: Task) -> Dict[str, Any]:
    """RETURNS (dict): the JSON schema of a task's answer, every property required, as grammar engines want it."""
    schema = plain_schema(task.answer)
    schema["required"] = list(schema["properties"])
    return schema


def task_of(request: ChatRequest) -> Task:
    """RETURNS (Task): the task that a request of `task_request` puts, also when it is asked again.

    RAISES (ValueError): where it is none of ours.
    """
    for name, task in TASKS.items():
        if request.messages and request.messages[0] == _before(name)[0]:
            return task
    raise ValueError(f"The request {request.key[:12]}… puts none of the tasks.")


@cache
def _before(name: str) -> Tuple[Message, ...]:
    """The system message of a task and its demonstrations."""
    task = task_named(name)
    made = environment()
    exercise = (FOLDER / f"{name}.jinja").read_text(encoding="utf-8").strip()
    system = made.from_string((FOLDER / "system.jinja").read_text(encoding="utf-8")).render(
        exercise=exercise,
        extracts="instruction" not in task.answer.model_fields and "question" not in task.answer.model_fields,
        options="options" in task.answer.model_fields,
        most=MOST_ITEMS,
        form=_FORMS[name],
    )
    turns: List[Message] = [Message("system", system.strip())]
    for text, hint, answer in demonstrations(name):
        turns += [Message("user", _question(text, hint)), Message("assistant", answer)]
    return tuple(turns)


def demonstrations(name: str) -> List[Tuple[str, str, str]]:
    """The worked examples of a task.

    name (str): the task.
    RETURNS (list): text, hint and answer (JSON) of each.
    """
    found = []
    for _, line in numbered_lines(DEMONSTRATIONS):
        row = json.loads(line)
        if name in row["answers"]:
            given = row["answers"][name]
            answer = task_named(name).answer.model_validate(given["answer"])
            found.append((row["text"], task_named(name).hints[given["hint"]], json.dumps(answer.model_dump(), ensure_ascii=False)))
    return found


def _question(text: str, hint: str) -> str:
    shown = unmarked(text)
    return _user_template().render(text=shown, tag=free_tag(shown), hint=hint).strip()


@lru_cache(maxsize=1)
def _user_template() -> Any:
    return environment().from_string((FOLDER / "user.jinja").read_text(encoding="utf-8"))
