"""`gliner-biomed silver patterns`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.support import run
from tests.training.silver.support import write_jsonl


def test_patterns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Rows, counts, a sheet to read; a second run changes nothing, other settings are refused."""
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": "Severe pain for 6 weeks."}, {"id": "2", "text": "No."})
    test = write_jsonl(tmp_path / "dev.jsonl", {"id": "9", "text": "Something else."})
    command = [
        "silver", "patterns", text, "--labels", "duration", "--labels", "severity grade",
        "--exclude", test, "--review", "5", "--out", tmp_path / "out",
    ]  # fmt: skip
    outcome = run(capsys, *command)
    assert outcome.status == 0 and "label: duration: 1" in outcome.out and "rows: full: 2" in outcome.out
    with gzip.open(tmp_path / "out" / "shard-00000.jsonl.gz", "rt", encoding="utf-8") as lines:
        assert [json.loads(line)["labels"] for line in lines] == [["duration"], ["severity grade"], ["duration"]]
    assert "severity grade\tt:1.0.partial\t[[Severe]] pain" in (tmp_path / "out" / "review.tsv").read_text()
    assert run(capsys, *command).out == outcome.out
    changed = run(capsys, *command, "--labels", "number")
    assert changed.status == 1 and "filled with another full" in changed.err


def test_a_misspelt_type(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Told in one sentence."""
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": "For 6 weeks."})
    outcome = run(capsys, "silver", "patterns", text, "--labels", "durations", "--out", tmp_path / "out")
    assert outcome.status == 1 and "There are no patterns for 'durations'" in outcome.err
    assert not (tmp_path / "out").exists()
