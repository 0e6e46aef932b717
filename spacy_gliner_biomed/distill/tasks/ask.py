"""Has a model solve the tasks on passages: requests through the one door, answers into a file, failures counted and listed.

Nothing depends on batches: each request has a completion of its own, whatever became of its neighbours, and the last ones are
written like the first. In the seed a failure stops its list of waiting texts from ever being full again, so that everything
behind it is lost, as is a last batch that is not full (`generate_dataset`).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Deque, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from tqdm import tqdm

from ...corpus.collect.passages import Passage
from ..cache import AnswerCache
from ..completion import complete
from ..lines import refuse_overwriting, write_failures
from ..repair import BadOutput
from ..requests import ChatRequest, ChatSettings, Completion, Model, Usage
from ..splitting import TokenCounter, split
from ..stages import write_stage
from . import TASKS, task_named
from .answers import TaskAnswer, read_answer, write_task_answers
from .drawing import draw
from .messages import draw_hint, task_of, task_request
from .task import Task

PART_TOKENS = 600


@dataclass(frozen=True)
class AskSettings:
    """What is asked.

    chat (ChatSettings): the model and how it is to answer.
    tasks (tuple): their names.
    per_passage (int): how many of them each passage gets, drawn by their shares; 0 for all.
    part_tokens (int): the longest part of a passage that is asked about, in tokens. A training window holds 384 words, and
        only the one in which the instruction stands can be learnt from.
    seed (int): of the draws of tasks and wishes.
    RAISES (ValueError): for an unknown task, none, one named twice, or a number that can't be.
    """

    chat: ChatSettings
    tasks: Tuple[str, ...] = tuple(TASKS)
    per_passage: int = 0
    part_tokens: int = PART_TOKENS
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.tasks:
            task_named(name)
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise ValueError("Name at least one task, and each only once." if self.tasks else "Name at least one task.")
        if not 0 <= self.per_passage <= len(self.tasks):
            raise ValueError(f"A passage can't get {self.per_passage} of {len(self.tasks)} tasks; use 0 for all of them.")
        if self.part_tokens < 1:
            raise ValueError(f"Parts of {self.part_tokens} tokens hold nothing; use {PART_TOKENS}, the default.")


class Asked(NamedTuple):
    """A request and what it is about.

    passage (Passage), part (tuple), task (Task): as in `TaskAnswer`.
    request (ChatRequest): what is asked.
    """

    passage: Passage
    part: Tuple[int, int]
    task: Task
    request: ChatRequest


@dataclass
class AskCounts:
    """What became of the requests.

    passages, requests, answers, failures, cached (int): counts; `cached` answers cost nothing now.
    tasks (Counter): answers by task.
    usage (Usage): tokens paid for, now or before.
    """

    passages: int = 0
    requests: int = 0
    answers: int = 0
    failures: int = 0
    cached: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    usage: Usage = Usage()

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON, without what another run may count otherwise."""
        numbers: Dict[str, Any] = {name: getattr(self, name) for name in ("passages", "requests", "answers", "failures")}
        return {**numbers, "tasks": dict(sorted(self.tasks.items()))}


def task_requests(passages: Iterable[Passage], settings: AskSettings, counter: Optional[TokenCounter] = None) -> Iterator[Asked]:
    """Make the requests, one passage after the other.

    passages (iterable): any; those without text are asked nothing.
    settings (AskSettings): what is asked.
    counter (Optional[TokenCounter]): measures the parts; without one they are estimated.
    YIELDS (Asked): in the order of the passages, of their parts, and of the tasks.
    """
    counter = counter or TokenCounter()
    for passage in passages:
        for part in _parts(passage.text, settings.part_tokens, counter):
            names = (passage.source, passage.id, *map(str, part))
            for task in _tasks_for(settings, names):
                text = passage.text[slice(*part)]
                yield Asked(passage, part, task, task_request(task, text, settings.chat, draw_hint(task, settings.seed, *names)))


def check_answer(completion: Completion) -> str:
    """RETURNS (str): why a model's words are no answer to their task, or "": a `Check` for `complete`."""
    try:
        read_answer(task_of(completion.request), completion)
    except BadOutput as error:
        return str(error)
    return ""


def ask_tasks(
    passages: Iterable[Passage],
    settings: AskSettings,
    model: Model,
    out: Path,
    *,
    cache: Optional[AnswerCache] = None,
    counter: Optional[TokenCounter] = None,
    inputs: Sequence[Path] = (),
) -> AskCounts:
    """Have a model solve tasks on passages. A killed run goes on from the cache, and ends with the same file.

    passages (iterable): read as they are needed.
    settings (AskSettings): what is asked.
    model (Model): who answers, open.
    out (Path): the file of answers. Beside it `….failures.jsonl` lists the requests without one, where there are any; they are
        asked again by the next run.
    cache (Optional[AnswerCache]): where answers are looked for and kept.
    counter (Optional[TokenCounter]): measures the parts of long passages.
    inputs (sequence): the files that the passages come from, for the record.
    RETURNS (AskCounts): what became of the requests.
    RAISES (ValueError, OSError): what ends the whole run, as `complete`; where no request at all has an answer, and where `out` is,
        or lies among, the inputs.
    """
    out, counts = Path(out), AskCounts()
    refuse_overwriting(inputs, out)
    waiting: Deque[Asked] = deque()
    failures: List[Dict[str, Any]] = []

    def counted() -> Iterator[Passage]:
        for passage in passages:
            counts.passages += 1
            yield passage

    def requests() -> Iterator[ChatRequest]:
        for asked in task_requests(counted(), settings, counter):
            counts.requests += 1
            waiting.append(asked)
            yield asked.request

    def answers() -> Iterator[TaskAnswer]:
        for completion in complete(requests(), model, cache=cache, check=check_answer):
            passage, part, task, request = waiting.popleft()
            counts.usage += completion.usage
            if completion.error:
                counts.failures += 1
                failure = {"passage": passage.id, "part": list(part), "task": task.name, "request": request.key}
                failures.append({**failure, "reason": completion.error})
                continue
            counts.answers += 1
            counts.cached += completion.cached
            counts.tasks[task.name] += 1
            yield TaskAnswer(passage, part, task, read_answer(task, completion), settings.chat.model, request.key)
        if failures and not counts.answers:
            raise ValueError(f"None of {counts.requests:,} requests has an answer; the first because {failures[0]['reason']}.")

    try:
        write_task_answers(out, tqdm(answers(), desc="Tasks", unit=" answers", disable=None))
    finally:
        write_failures(out, failures)
    write_stage(out, "tasks", _for_record(settings), counts.to_dict(), inputs)
    return counts


def _for_record(settings: AskSettings) -> Dict[str, Any]:
    values = {name: value for name, value in asdict(settings).items() if name != "chat"}
    return {**values, "model": settings.chat.model, "temperature": settings.chat.temperature, "top_p": settings.chat.top_p}


def _parts(text: str, most: int, counter: TokenCounter) -> Iterator[Tuple[int, int]]:
    """The parts of a text that hold anything, without the white space around them; a whole text stays as it is."""
    found = split(text, most, counter)
    for start, end in found:
        part = text[start:end]
        if part.strip():
            stripped = start + len(part) - len(part.lstrip()), start + len(part.rstrip())
            yield (start, end) if len(found) == 1 else stripped


def _tasks_for(settings: AskSettings, names: Tuple[str, ...]) -> List[Task]:
    """The tasks that a part gets, in their order; drawn without putting back, by share (Efraimidis and Spirakis 2006)."""
    tasks = [task_named(name) for name in settings.tasks]
    if not settings.per_passage:
        return tasks

    def rank(task: Task) -> float:
        return math.log(draw(settings.seed, "task", task.name, *names) or 1e-12) / task.share

    chosen = sorted(tasks, key=rank, reverse=True)[: settings.per_passage]
    return [task for task in tasks if task in chosen]
