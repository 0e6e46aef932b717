"""`gliner-biomed wording`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import run
from tests.evaluation.support import ROW, write_corpus

pytestmark = pytest.mark.usefixtures("dictionary")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Other words for one of the two labels of `ROW`."""
    path = tmp_path / "words.jsonl"
    path.write_text(json.dumps({"label": "drug", "paraphrases": ["compound", "medicine"]}) + "\n")
    return path


def test_a_table_and_a_report(capsys: pytest.CaptureFixture[str], tmp_path: Path, words: Path) -> None:
    """Labels without other words keep their names and are told of."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    out = tmp_path / "out"
    outcome = run(capsys, "wording", "--corpora", tmp_path, "--wordings", words, "--out", out)
    assert outcome.status == 0, outcome.err
    assert f"Asked for by their own names throughout, as '{words}' lacks them: disease." in outcome.err
    assert "| a | 100.0 | 66.7 | 66.7 | 100.0 | 66.7 |  |  |" in outcome.out
    (entry,) = json.loads((out / "result.json").read_text())["wording"]
    assert 2 == len(entry["paraphrases"])


def test_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path, words: Path) -> None:
    """For a list that is not there, and one that has nothing to say about the corpus."""
    path = write_corpus(tmp_path, "dev", "a", [{**ROW, "entities": ROW["entities"][1:]}])
    missing = run(capsys, "wording", "--corpora", path, "--wordings", tmp_path / "none.jsonl")
    assert missing.status == 1 and "name one with --wordings." in missing.err
    nothing = run(capsys, "wording", "--corpora", path, "--wordings", words)
    assert nothing.status == 1 and "has no other words for a label of these corpora: disease." in nothing.err
