"""Asking: nothing is lost behind a failure, nothing at the end, nothing is paid for twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.cache import AnswerCache
from spacy_gliner_biomed.distill.lines import beside
from spacy_gliner_biomed.distill.requests import ChatRequest, Completion
from spacy_gliner_biomed.distill.tasks import TASKS, task_named
from spacy_gliner_biomed.distill.tasks.answers import answer_from_row, read_answer, read_task_answers
from spacy_gliner_biomed.distill.tasks.ask import AskSettings, ask_tasks, check_answer, task_requests
from spacy_gliner_biomed.distill.tasks.messages import task_of

from .making import CHAT, RIGHT, TEXT, FakeModel, make_answer, make_passages


def right(request: ChatRequest) -> Any:
    return RIGHT[task_of(request).name]


def test_every_task_about_every_passage(tmp_path: Path) -> None:
    """In their order, each with its request's hash."""
    out, settings = tmp_path / "answers.jsonl", AskSettings(CHAT)
    counts = ask_tasks(make_passages(3), settings, FakeModel(right), out)
    found = list(read_task_answers(out))
    assert [(each.passage.id, each.task.name) for each in found] == [(f"p{i}", name) for i in range(3) for name in TASKS]
    assert counts.answers == counts.requests == 21 and counts.failures == 0 and not beside(out, ".failures.jsonl").exists()
    assert [each.request for each in found] == [each.request.key for each in task_requests(make_passages(3), settings)]
    stage = json.loads((tmp_path / "answers.jsonl.stage.json").read_text())
    assert stage["step"] == "tasks" and stage["counts"]["tasks"] == dict.fromkeys(sorted(TASKS), 3)


@pytest.mark.parametrize("failing", [[0], [9], [3, 4, 5], list(range(0, 10, 2))])
def test_a_failure_takes_nothing_with_it(tmp_path: Path, failing: list[int]) -> None:
    """In the seed everything behind the first failure is lost, and so is a last batch that is not full."""
    def answer(request: ChatRequest) -> Any:
        return RuntimeError("too hot") if any(f"number {i}." in request.messages[-1].content for i in failing) else right(request)

    out = tmp_path / "answers.jsonl"
    counts = ask_tasks(make_passages(10), AskSettings(CHAT, ("question_answering",)), FakeModel(answer), out)
    assert [each.passage.id for each in read_task_answers(out)] == [f"p{i}" for i in range(10) if i not in failing]
    rows = [json.loads(line) for line in beside(out, ".failures.jsonl").read_text().splitlines()]
    assert [row["passage"] for row in rows] == [f"p{i}" for i in failing] and {row["reason"] for row in rows} == {"too hot"}
    assert counts.answers + counts.failures == counts.requests == 10


def test_failures_are_asked_again(tmp_path: Path) -> None:
    """And only they, whatever else was answered comes from the cache."""
    out, settings = tmp_path / "answers.jsonl", AskSettings(CHAT, ("ner", "relations"))
    broken = FakeModel(lambda request: "nonsense" if task_of(request).name == "ner" else right(request))
    with AnswerCache(tmp_path / "cache.sqlite") as cache:
        first = ask_tasks(make_passages(4), settings, broken, out, cache=cache)
        assert (first.answers, first.failures) == (4, 4) and len(broken.asked) == 4 + 2 * 4
        mended = FakeModel(right)
        second = ask_tasks(make_passages(4), settings, mended, out, cache=cache)
    assert (second.answers, second.failures, second.cached) == (8, 0, 4)
    assert [task_of(request).name for request in mended.asked] == ["ner"] * 4
    assert not beside(out, ".failures.jsonl").exists()


def test_where_nothing_is_answered(tmp_path: Path) -> None:
    """The run says why, leaves the list of failures and no file of answers."""
    out = tmp_path / "answers.jsonl"
    with pytest.raises(ValueError, match="None of 2 requests has an answer; the first because no bed"):
        ask_tasks(make_passages(2), AskSettings(CHAT, ("ner",)), FakeModel(lambda request: OSError("no bed")), out)
    assert not out.exists() and len(beside(out, ".failures.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "item", ["Parkinson's disease", 'a "quote"', "two\nlines", "it's', 'not two", "back\\slash", "naïve – 5′ µ", "a, b", "['x']"]
)
def test_strings_of_any_kind_are_read(item: str) -> None:
    """Lists are JSON; the seed cuts them at apostrophes, quotes and line ends."""
    for wrapped in ("%s", "Here it is:\n```json\n%s\n```\nDone."):
        text = wrapped % json.dumps({"instruction": "Find it.", "answers": [item, "b"]})
        answer = read_answer(task_named("open_matching"), Completion(FakeModel(right), text))  # type: ignore[arg-type]
        assert answer.model_dump()["answers"] == [item, "b"]


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("['Aspirin <> drug']", "stop", "no JSON object"),
        ('{"entities": [{"text": "Aspirin"}]}', "stop", "entities.0.type"),
        ('{"entities": [', "length", "cut off"),
        ('{"entities": []}', "content_filter", "content filter stopped it"),
        ("", "stop", "no JSON object"),
        ('{"instruction": "Find", "answers": []}', "stop", "entities"),
    ],
)
def test_bad_answers_are_named(text: str, finish: str, reason: str) -> None:
    """The reason goes into the second request, and into the list of failures."""
    request = next(task_requests(make_passages(1), AskSettings(CHAT, ("ner",)))).request
    assert reason in check_answer(Completion(request, text, finish))


def test_a_second_try_may_be_right(tmp_path: Path) -> None:
    """One retry, with the reason."""
    model = FakeModel(lambda request: right(request) if "could not be used" in request.messages[-1].content else "{}")
    counts = ask_tasks(make_passages(1), AskSettings(CHAT, ("ner",)), model, tmp_path / "answers.jsonl")
    assert counts.answers == 1 and len(model.asked) == 2


def test_long_passages_are_split() -> None:
    """Each part is asked about on its own; together they hold every word, and ids say which part it is."""
    text = " ".join(f"Sentence number {i} tells of drug{i}." for i in range(200))
    passage = Passage(id="long", text=text, source="own", document="d")
    asked = list(task_requests([passage, Passage(id="e", text=" \n", source="own", document="e")], AskSettings(CHAT, ("ner",))))
    parts = [text[slice(*each.part)] for each in asked]
    assert len(parts) > 2 and " ".join(parts) == text and all(part.endswith(".") for part in parts)
    answer = make_answer("ner", RIGHT["ner"], text, "long")
    assert answer.id == "long#ner" and replaced(answer.to_row(), part=[0, 30]).id == "long:0-30#ner"


def replaced(row: dict, **values: Any) -> Any:
    return answer_from_row({**row, **values}, "here")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"task": "hard_ner"}, "There is no task 'hard_ner'"),
        ({"part": [5, 3]}, "'part' must be"),
        ({"part": [0, 10_000]}, "'part' must be"),
        ({"request": 3}, "'request' must be text"),
        ({"answer": {"entities": [{"text": "a", "type": ""}]}}, "entities.0.type"),
        ({"extra": 1}, "has no field 'extra'"),
    ],
)
def test_broken_rows(values: dict, reason: str) -> None:
    """Named with file and line."""
    with pytest.raises(ValueError, match=f"^here: .*{reason}"):
        replaced(make_answer("ner", RIGHT["ner"]).to_row(), **values)


def test_some_tasks_for_each_passage() -> None:
    """Drawn by their shares, the same for the same seed, in the order of the tasks."""
    settings = AskSettings(CHAT, per_passage=2)
    names = [each.task.name for each in task_requests(make_passages(400), settings)]
    assert names == [each.task.name for each in task_requests(make_passages(400), settings)] and len(names) == 800
    assert names.count("ner") > names.count("conditional_ner") > names.count("open_task") > names.count("relations") > 0
    pairs = list(zip(names[::2], names[1::2], strict=True))
    assert all(list(TASKS).index(first) < list(TASKS).index(second) for first, second in pairs)


@pytest.mark.parametrize(
    "values", [{"tasks": ()}, {"tasks": ("ner", "ner")}, {"tasks": ("rex",)}, {"per_passage": 8}, {"part_tokens": 0}]
)
def test_settings_that_cannot_be(values: dict) -> None:
    """One sentence each."""
    with pytest.raises(ValueError):
        AskSettings(CHAT, **values)


SLOW = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from spacy_gliner_biomed.distill.cache import AnswerCache
from spacy_gliner_biomed.distill.tasks.ask import AskSettings, ask_tasks
from tests.distill.tasks.making import CHAT, FakeModel, RIGHT, make_passages
from spacy_gliner_biomed.distill.tasks.messages import task_of
log = open({log!r}, "a")
def answer(request):
    log.write(request.key + "\\n"); log.flush()
    time.sleep({pause})
    return RIGHT[task_of(request).name]
with AnswerCache(Path({cache!r})) as cache:
    ask_tasks(make_passages(6), AskSettings(CHAT), FakeModel(answer), Path({out!r}), cache=cache)
"""


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    """Killed at three moments: the same file as an undisturbed run, and no request answered twice but the one under way."""
    root, log, out = str(Path(__file__).parents[3]), tmp_path / "log", tmp_path / "answers.jsonl"
    script = SLOW.format(root=root, log=str(log), cache=str(tmp_path / "cache"), out=str(out), pause=0.02)
    for seen in (1, 13, 30):
        process = subprocess.Popen([sys.executable, "-c", script], cwd=root)
        end = time.monotonic() + 120
        while not (log.exists() and len(log.read_text().splitlines()) >= seen) and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not out.exists()
    assert subprocess.run([sys.executable, "-c", script], cwd=root).returncode == 0
    ask_tasks(make_passages(6), AskSettings(CHAT), FakeModel(right), tmp_path / "undisturbed.jsonl")
    assert out.read_bytes() == (tmp_path / "undisturbed.jsonl").read_bytes()
    keys = log.read_text().split()
    assert len(set(keys)) == 42 and len(keys) <= 42 + 3
    assert TEXT in out.read_text().replace("\\u2019", "'")
