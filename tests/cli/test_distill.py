"""`gliner-biomed distill plan`, `annotate`, `record`, `lexicon` and `component`."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from typing import List

import pytest

from spacy_gliner_biomed.distill.answers import read_answers
from spacy_gliner_biomed.distill.cache import AnswerCache, OpenBatch
from spacy_gliner_biomed.distill.client import Server
from spacy_gliner_biomed.distill.requests import ChatRequest, Completion
from tests.cli.support import run
from tests.distill.asking import passages
from tests.distill.chat_server import KEY, running


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """A file of passages."""
    path = tmp_path / "passages.jsonl"
    rows = passages("Aspirin relieves Headache.", "Basel has a Hospital [half json].", "Lost [refused].")
    path.write_text("".join(json.dumps(each.to_row()) + "\n" for each in rows))
    return path


def test_plan_annotate_record_and_answer_from_the_recording(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shard: Path, tmp_path: Path
) -> None:
    """The whole way: the plan asks nothing, a second run only what failed, and the recording needs no server."""
    monkeypatch.setenv("MY_KEY", KEY)
    out, recorded = tmp_path / "answers.jsonl", tmp_path / "recorded.jsonl"
    with running() as server:
        options = ["--model", "tiny", "--price-in", 1, "--price-out", 2]
        asked = [*options, "--base-url", server.url, "--key-variable", "MY_KEY", "--out", out, "--concurrency", 2]
        planned = run(capsys, "distill", "plan", shard, *options)
        assert planned.status == 0 and "to ask           3" in planned.out and "Aspirin relieves Headache." in planned.out
        refused = run(capsys, "distill", "annotate", shard, *asked, "--most-cost", 0.001)
        assert refused.status == 1 and "nothing was asked" in refused.err and not server.arrivals
        first = run(capsys, "distill", "annotate", shard, *asked, "--record", recorded)
        assert first.status == 0 and "2 of 3 passages annotated, 4 entities, 2 relations" in first.out
        assert "1 without an answer: the server refused it with 400" in first.err and "run it again" in first.err
        before = len(server.arrivals)
        assert "asked 1, known before 2" in run(capsys, "distill", "annotate", shard, *asked).out
        assert len(server.arrivals) == before + 1
    assert [answer.passage.id for answer in read_answers(out)] == ["p0", "p1"]
    stage = json.loads((tmp_path / "answers.jsonl.stage.json").read_text())
    assert stage["step"] == "annotate" and stage["inputs"] == ["passages.jsonl"] and stage["counts"]["annotated"] == 2
    again = run(capsys, "distill", "annotate", shard, "--model", "tiny", "--recorded", recorded, "--out", tmp_path / "b.jsonl")
    assert again.status == 0 and "2 of 3 passages" in again.out and "asked 1" in again.out
    assert (tmp_path / "b.jsonl").read_bytes() == out.read_bytes()
    exported = run(capsys, "distill", "record", tmp_path / "answers.cache.sqlite", "--out", tmp_path / "c.jsonl")
    assert exported.status == 0 and (tmp_path / "c.jsonl").read_bytes() == recorded.read_bytes()
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "a.json"], "name a .jsonl or a .jsonl.gz file"),
        (["--out", "a.jsonl", "--recorded", "x", "--batch"], "Recorded answers need no server"),
        (["--out", "a.jsonl", "--temperature", "warm"], "--temperature can't be 'warm'"),
        (["--out", "a.jsonl", "--seed", "1.5"], "--seed can't be '1.5'"),
        (["--out", "a.jsonl", "--extra-body", "{"], "is not JSON"),
        (["--out", "a.jsonl", "--extra-body", "[]"], "is no JSON object"),
        (["--out", "a.jsonl", "--variant", "spacy"], "no prompt variant 'spacy'"),
        (["--out", "a.jsonl", "--most-cost", "1", "--base-url", "http://127.0.0.1:9/v1"], "--most-cost needs the prices"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shard: Path, tmp_path: Path, options: list, message: str
) -> None:
    """Before anything is asked."""
    monkeypatch.chdir(tmp_path)
    outcome = run(capsys, "distill", "annotate", shard, "--model", "tiny", *options)
    assert outcome.status == 1 and message in outcome.err and outcome.err.count("\n") == 1
    assert not (tmp_path / "a.jsonl").exists()


def test_the_tasks_have_a_plan(capsys: pytest.CaptureFixture[str], shard: Path, tmp_path: Path) -> None:
    """It takes the options of `ask`, and makes no cache."""
    options = ["--model", "tiny", "--task", "ner", "--price-in", 1, "--cache", tmp_path / "none.sqlite"]
    planned = run(capsys, "distill", "tasks", "plan", shard, *options)
    assert planned.status == 0 and "to ask           3" in planned.out and "Aspirin relieves Headache." in planned.out
    assert "One request" not in run(capsys, "distill", "tasks", "plan", shard, *options, "--no-example").out
    assert not (tmp_path / "none.sqlite").exists()


def test_a_run_never_writes_over_its_passages(capsys: pytest.CaptureFixture[str], shard: Path) -> None:
    """Whoever annotates."""
    before = shard.read_bytes()
    for command in (["annotate", "--model", "m", "--base-url", "http://127.0.0.1:9"], ["component"],
                    ["lexicon", "--corpora", "none"], ["tasks", "ask", "--model", "m", "--base-url", "http://127.0.0.1:9"]):
        refused = run(capsys, "distill", *command, shard, "--out", shard)
        assert refused.status == 1 and "is read by this step; write to another file" in refused.err, command
    assert shard.read_bytes() == before


def test_a_component_annotates(capsys: pytest.CaptureFixture[str], shard: Path, tmp_path: Path) -> None:
    """And leaves a record for the card."""
    out = tmp_path / "component.jsonl"
    outcome = run(capsys, "distill", "component", shard, "--out", out, "--labels", "drug,disease", "--threshold", 0.3)
    assert outcome.status == 0 and "3 answers" in outcome.out
    assert [answer.annotator for answer in read_answers(out)] == ["mini"] * 3
    assert json.loads((tmp_path / "component.jsonl.stage.json").read_text())["settings"]["annotator"] == "mini"


def test_a_batch_that_was_sent_is_not_asked_again_without_the_batch_api(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shard: Path, tmp_path: Path
) -> None:
    """It would be paid twice; what no batch holds is asked, and so is what a person has given up."""
    path, asked = tmp_path / "c.sqlite", []

    def unanswered(server: Server, request: ChatRequest) -> Future[Completion]:
        asked.append(request.key)
        future: Future[Completion] = Future()
        future.set_result(Completion(request, error="none"))
        return future

    commands = (["annotate"], ["tasks", "ask"], ["student", "annotate"])
    options = ["--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--out", tmp_path / "a.jsonl", "--cache", path]

    def run_all() -> List[str]:
        return [run(capsys, "distill", *command, shard, *options).err for command in commands]

    with AnswerCache(path) as cache:
        cache.note_batch(OpenBatch("tag", "other", ["key"]))
    with monkeypatch.context() as patched:
        patched.setattr(Server, "submit", unanswered)
        assert not any("waits for" in error for error in run_all()) and len(asked) > 6
    with AnswerCache(path) as cache:
        cache.note_batch(OpenBatch("tag-7", "batch-7", asked))
    for error in run_all():
        assert "waits for batch batch-7, which was sent with requests of this run; fetch it with --batch" in error
        assert f"`gliner-biomed distill forget-batch '{path}' batch-7`" in error
    wrong = run(capsys, "distill", "forget-batch", path, "batch-7", "batch-8")
    assert wrong.status == 1 and "waits for no batch 'batch-8'; name one of: other, batch-7." in wrong.err
    given_up = run(capsys, "distill", "forget-batch", path, "batch-7")
    assert given_up.status == 0 and "Batch batch-7 is given up" in given_up.out
    with AnswerCache(path) as cache:
        assert [batch.id for batch in cache.open_batches()] == ["other"]


def test_a_cache_that_is_not_there_is_not_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The recording would be empty."""
    outcome = run(capsys, "distill", "record", tmp_path / "none.sqlite", "--out", tmp_path / "r.jsonl")
    assert outcome.status == 1 and "There is no cache at" in outcome.err and not (tmp_path / "none.sqlite").exists()
