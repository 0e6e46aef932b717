"""Annotates passages with a teacher: from passages to a file of answers, and a report of what became of each.

A run writes the whole file each time, in the order of the passages; what was answered before comes from the cache. So a run
that was killed leaves nothing behind that a second run doesn't make good, and both end in the same file.

    OUT.jsonl                   answers
    OUT.failures.jsonl          passages without one, with the reason; not there where there are none
    OUT.jsonl.stage.json        what is in it, for the data set's card; the same however often the run was broken off
    OUT.report.json             what this run has asked and paid
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Deque, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from tqdm import tqdm

from ..annotate.output import text_file
from ..corpus.collect.passages import Passage
from .answers import Answer, Extraction, write_answers
from .cache import AnswerCache
from .completion import complete
from .lines import beside, refuse_overwriting, write_failures
from .plan import cost
from .repair import read_extraction, wrong_with
from .requests import ChatRequest, Completion, Model, Usage
from .stages import write_stage
from .teacher import Part, Teacher, passages_of

_EMPTY = Extraction(entities=[], relations=[])


@dataclass
class AnnotationReport:
    """What became of the passages.

    passages (int): that were read.
    annotated (int): that have answers for all their parts; those without text among them.
    blank (int): parts without text, for which nobody was asked.
    answers, entities, relations (int): what was written.
    asked, cached (int): requests that were answered now, and that were known.
    second_tries (int): answers, of now and before, that were asked for twice, since the first was no good.
    repairs (Counter): what was mended in answers, by kind.
    failures (Counter): requests without an answer, by reason.
    paid (Usage): tokens of this run, as far as the server counts; `total`: of all answers, also earlier.
    price (tuple): of a million tokens read and written.
    seconds (float): of the run.
    """

    passages: int = 0
    annotated: int = 0
    blank: int = 0
    answers: int = 0
    entities: int = 0
    relations: int = 0
    asked: int = 0
    cached: int = 0
    second_tries: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    paid: Usage = Usage()
    total: Usage = Usage()
    price: Tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        row = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "price"}
        row |= {"repairs": dict(self.repairs.most_common()), "failures": dict(self.failures.most_common())}
        row |= {"paid": self.paid._asdict(), "total": self.total._asdict(), "seconds": round(self.seconds, 1)}
        return {**row, "cost": round(cost(self.paid, self.price), 4), "cost_in_all": round(cost(self.total, self.price), 4)}

    def counts(self) -> Dict[str, Any]:
        """RETURNS (dict): what doesn't depend on how often the run was broken off."""
        names = ("passages", "annotated", "blank", "answers", "entities", "relations", "second_tries")
        row: Dict[str, Any] = {name: getattr(self, name) for name in names}
        row |= {"repairs": dict(sorted(self.repairs.items())), "failures": dict(sorted(self.failures.items()))}
        return {**row, "tokens read": self.total.prompt, "tokens written": self.total.answer}


def annotate(
    passages: Iterable[Passage],
    teacher: Teacher,
    model: Model,
    out: Path,
    *,
    cache: Optional[AnswerCache] = None,
    inputs: Sequence[Path] = (),
    total: Optional[int] = None,
    progress: bool = True,
) -> AnnotationReport:
    """Ask a teacher about passages.

    passages (iterable): read one at a time.
    teacher (Teacher): makes the requests.
    model (Model): answers them: a server, its batch API, recorded answers, a student.
    out (Path): a `.jsonl` file for the answers; `.gz` packs it. A passage one of whose parts has no answer is left out whole,
        since the missing part would be taught as free of entities.
    cache (Optional[AnswerCache]): keeps every answer.
    inputs (sequence): the files that the passages come from, for the record.
    total (Optional[int]): how many passages there are, for the bar.
    progress (bool): a bar on stderr with costs, where that is a terminal.
    RETURNS (AnnotationReport): what is in the report beside the answers.
    RAISES (ValueError): where no passage has an answer, or the server refuses everything; what was answered stays in the cache.
        And where `out` is, or lies among, the inputs.
    """
    refuse_overwriting(inputs, out)
    run = _Run(teacher, model, cache, total, progress)
    with run.bar, _failures_file(out) as failures:
        write_answers(out, run.answers(passages, failures))
    write_stage(out, "annotate", teacher.settings.to_dict(), run.report.counts(), inputs)
    _write_report(beside(out, ".report.json"), run.report)
    return run.report


class _Run:
    """One run: its counts and its bar."""

    def __init__(
        self, teacher: Teacher, model: Model, cache: Optional[AnswerCache], total: Optional[int], progress: bool
    ) -> None:
        self.teacher, self.model, self.cache, self.total = teacher, model, cache, total
        self.report = AnnotationReport(price=teacher.settings.price)
        self.bar = tqdm(total=total, desc="annotate", unit=" passages", disable=None if progress else True)
        self._lock = threading.Lock()
        self._start = time.monotonic()

    def answers(self, passages: Iterable[Passage], failures: List[Dict[str, Any]]) -> Iterator[Answer]:
        """YIELDS (Answer): all that there are; the others go into `failures`."""
        first_failure = ""
        for gathered in passages_of(self._completed(passages)):
            self.report.passages += 1
            self.bar.update()
            wrong = [(part, completion) for part, completion in gathered if completion and completion.error]
            for part, completion in wrong:
                assert completion is not None
                first_failure = first_failure or completion.error
                self.report.failures[completion.error] += 1
                failures.append(
                    {"passage": part.passage.id, "source": part.passage.source, "part": list(part.part),
                     "request": completion.request.key, "reason": completion.error}
                )
            if not wrong:
                self.report.annotated += 1
                yield from map(self._answer, *zip(*gathered, strict=True))
        self.report.seconds = time.monotonic() - self._start
        if first_failure and not self.report.annotated:
            raise ValueError(f"None of {self.report.passages:,} passages has an answer; the first because {first_failure}.")

    def _completed(self, passages: Iterable[Passage]) -> Iterator[Tuple[Part, Optional[Completion]]]:
        """Parts with their completions, in order; those without text are not asked about."""
        waiting: Deque[Part] = deque()

        def requests() -> Iterator[ChatRequest]:
            for part in self.teacher.parts(passages):
                waiting.append(part)
                if part.request is not None:
                    yield part.request

        completions = complete(requests(), self.model, cache=self.cache, check=self._check, settled=self._settled)
        for completion in completions:
            while waiting[0].request is None:
                yield waiting.popleft(), None
            self.report.total += completion.usage if not completion.error else Usage()
            self.report.second_tries += completion.tries > 1 and not completion.error
            yield waiting.popleft(), completion
        while waiting:
            yield waiting.popleft(), None

    def _answer(self, part: Part, completion: Optional[Completion]) -> Answer:
        self.report.answers += 1
        name = self.teacher.settings.chat.model
        if completion is None:
            self.report.blank += 1
            return Answer(part.passage, _EMPTY, name, "", part.part)
        mended = read_extraction(completion, self.teacher.settings.keep_cut)
        self.report.repairs.update(mended.repairs)
        self.report.entities += len(mended.extraction.entities)
        self.report.relations += len(mended.extraction.relations)
        return Answer(part.passage, mended.extraction, name, completion.request.key, part.part)

    def _check(self, completion: Completion) -> str:
        return wrong_with(completion, self.teacher.settings.keep_cut)

    def _settled(self, completion: Completion) -> None:
        with self._lock:
            if completion.cached:
                self.report.cached += 1
                return
            self.report.asked += 1
            self.report.paid += completion.usage
            paid, done = cost(self.report.paid, self.report.price), self.bar.n
            known: Dict[str, Any] = {"asked": self.report.asked, "tokens": sum(self.report.paid)}
            if any(self.report.price):
                known["cost"] = f"{paid:.2f}"
                if self.total and done:
                    known["expected"] = f"{paid * self.total / done:.2f}"
            self.bar.set_postfix(known, refresh=False)


@contextmanager
def _failures_file(out: Path) -> Iterator[List[Dict[str, Any]]]:
    """Gathers failures and writes them, also where the run ends with an error; without any, an old file goes."""
    failures: List[Dict[str, Any]] = []
    try:
        yield failures
    finally:
        write_failures(out, failures)


def _write_report(path: Path, report: AnnotationReport) -> None:
    with text_file(path) as stream:
        stream.write(json.dumps(report.to_dict(), indent=1, ensure_ascii=False) + "\n")
