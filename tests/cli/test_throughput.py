"""`gliner-biomed throughput`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.evaluation import throughput
from tests.cli.support import run
from tests.evaluation.support import ROW, write_corpus
from tests.evaluation.test_throughput import StandIn


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are stand-ins, exports empty."""
    monkeypatch.setattr(StandIn, "calls", [])
    monkeypatch.setattr(StandIn, "opened_for", [])
    monkeypatch.setattr(throughput, "MeasuredProcess", StandIn)


def test_a_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Tables, a result, a page, a picture; the texts and the machine are told."""
    write_corpus(tmp_path, "dev", "a", [ROW, {**ROW, "id": "2", "text": "fever " * 30, "entities": []}])
    write_corpus(tmp_path, "dev", "b", [ROW])
    out = tmp_path / "out"
    options = ("--only", "a", "--no-gliner", "--batch-size", 4, "--batch-size", 2, "--rounds", 2, "--max-words", 20)
    outcome = run(capsys, "throughput", "one=x", "two=y", "--corpora", tmp_path, *options, "--out", out)
    assert outcome.status == 0, outcome.err
    assert "Throughput with 127 labels" in outcome.out
    result = json.loads((out / "result.json").read_text())
    settings = result["settings"]
    assert ("a", 1, 1, 3, [2, 4]) == tuple(
        settings[name] for name in ("corpus", "texts", "texts_too_long", "words", "batch_sizes")
    )
    assert {"cores": 2} == settings["machine"]
    assert {(2, "own"), (127, "umls")} == {(entry["labels"], entry["label_set"]) for entry in result["throughput"]}
    assert "<svg" in (out / "report.html").read_text()
    assert (out / "picture.svg").is_file()


def test_gliner_is_timed_beside_it(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch) -> None:
    """Unless it is left out."""
    path = write_corpus(tmp_path, "x", "a", [ROW])
    monkeypatch.setattr(throughput, "with_gliner", lambda systems, folder: {"mini": "mini", "mini, gliner": "theirs"})
    outcome = run(capsys, "throughput", "--corpora", path, "--label-set", "own", "--batch-size", 1, "--rounds", 1)
    assert outcome.status == 0, outcome.err
    assert ["mini", "theirs"] == StandIn.opened_for


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "holds a, b; choose one with --only."),
        (("--only", "c"), "There is no corpus 'c'"),
        (("--only", "a", "--max-words", 1), "There is no text to time the systems on"),
    ],
)
def test_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path, options: tuple, message: str) -> None:
    """For a corpus that is not clear or empty."""
    for name in ("a", "b"):
        write_corpus(tmp_path, "dev", name, [ROW])
    outcome = run(capsys, "throughput", "--corpora", tmp_path, "--no-gliner", *options)
    assert (1, 1) == (outcome.status, len(outcome.err.splitlines()))
    assert message in outcome.err
