"""`gliner-biomed report`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import run
from tests.evaluation.html_report.handmade import one_corpus


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A result file."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(one_corpus()), encoding="utf-8")
    return path


def test_page_and_picture(capsys: pytest.CaptureFixture[str], result: Path, tmp_path: Path) -> None:
    """Both, and what was written is told."""
    html, svg = tmp_path / "new" / "r.html", tmp_path / "r.svg"
    outcome = run(capsys, "report", result, "--html", html, "--picture", svg)
    assert (outcome.status, outcome.out) == (0, f"Wrote '{html}'.\nWrote '{svg}'.\n")
    assert html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert svg.read_text(encoding="utf-8").startswith("<?xml")


def test_markdown(capsys: pytest.CaptureFixture[str], result: Path) -> None:
    """Without a file to write."""
    outcome = run(capsys, "report", result)
    assert outcome.out.startswith("**mini finds mentions of disease: strict F1 74.5")


def test_no_result(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One sentence."""
    (tmp_path / "x.json").write_text('{"rows": []}', encoding="utf-8")
    outcome = run(capsys, "report", tmp_path / "x.json")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "x.json' is no evaluation result: the file has no 'format'; write it again" in outcome.err


def test_a_result_nested_too_deeply(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One sentence."""
    (tmp_path / "deep.json").write_text("[" * 200_000, encoding="utf-8")
    outcome = run(capsys, "report", tmp_path / "deep.json")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "deep.json' is nested too deeply for a result file." in outcome.err
