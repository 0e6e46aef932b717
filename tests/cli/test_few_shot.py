"""`gliner-biomed few-shot`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed import checkpoint
from tests.cli.support import run
from tests.evaluation.support import ROW, write_corpus
from tests.scorer.tiny import make_scorer

pytestmark = pytest.mark.usefixtures("dictionary")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """RETURNS (Path): a random model; the dictionary answers in its stead."""
    checkpoint.save(make_scorer("bi"), tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """RETURNS (list): the options of each training; none is run."""
    asked: list[dict[str, Any]] = []

    def remember(nlp, passages, labels, **options):
        asked.append(options)
        return nlp

    monkeypatch.setattr("spacy_gliner_biomed.training.finetune.fine_tune", remember)
    return asked


def test_a_report_and_its_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, trained: list) -> None:
    """Tables, gains, a result, a page, a picture; a second call trains nothing."""
    write_corpus(tmp_path, "train", "a.train", [ROW])
    write_corpus(tmp_path, "dev", "a.dev", [ROW])
    out = tmp_path / "out"
    options = ("--only", "a.dev", "-k", 1, "-k", 5, "--seeds", 2, "--steps", 3, "--learn-rate", "0.01", "--out", out)
    outcome = run(capsys, "few-shot", model, "--corpora", tmp_path, *options)
    assert outcome.status == 0, outcome.err
    assert "| a.dev | 5 | 100.0 | 100.0 | 100.0 | 2 |" in outcome.out
    assert "k=5, unknown: 100.0 after 100.0 (+0.0; one corpus)" == outcome.out.splitlines()[-1]
    result = json.loads((out / "result.json").read_text())
    assert ([1, 5], 3) == (result["settings"]["k"], result["settings"]["training"]["steps"])
    assert "<svg" in (out / "report.html").read_text()
    assert (out / "picture.svg").is_file()
    assert [(0.01, 3)] * 4 == [(asked["learn_rate"], asked["steps"]) for asked in trained]
    run(capsys, "few-shot", model, "--corpora", tmp_path, *options)
    assert len(trained) == 4


def test_one_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, trained: list) -> None:
    """Is divided by documents."""
    path = write_corpus(tmp_path, "x", "a", [{**ROW, "id": f"p{number}"} for number in range(12)])
    options = ("-k", 1, "--seeds", 1, "--label", "drug", "--out", tmp_path / "out")
    outcome = run(capsys, "few-shot", model, "--corpora", path, *options)
    assert outcome.status == 0, outcome.err
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert ["drug"] == result["few_shot"][0]["labels"]
    assert 0 < result["corpora"][0]["passages"] < 12


def test_no_training_part(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path) -> None:
    """One sentence."""
    write_corpus(tmp_path, "train", "b.train", [ROW])
    write_corpus(tmp_path, "dev", "a.dev", [ROW])
    outcome = run(capsys, "few-shot", model, "--corpora", tmp_path, "--out", tmp_path / "out")
    assert (1, 1) == (outcome.status, len(outcome.err.splitlines()))
    assert "There are no training passages for a.dev; name a file, whose documents are then divided." in outcome.err
