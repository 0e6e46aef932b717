"""The files between the steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.distill.lines import beside, read_lines, refuse_overwriting, write_failures, write_lines


def test_a_folder_of_answers_holds_lists_of_failures_as_well(tmp_path: Path) -> None:
    """They are no answers, and are read only where they are named."""
    assert write_lines(tmp_path / "a.jsonl.gz", [{"n": 1}]) == write_lines(tmp_path / "b.jsonl", [{"n": "\u2028"}]) == 1
    write_failures(tmp_path / "b.jsonl", [{"reason": "no bed"}])
    assert [row["n"] for row in read_lines([tmp_path], lambda row, where: row)] == [1, "\u2028"]
    failures = beside(tmp_path / "b.jsonl", ".failures.jsonl")
    assert list(read_lines([failures], lambda row, where: (row["reason"], where))) == [("no bed", f"{failures}, line 1")]
    write_failures(tmp_path / "b.jsonl", [])
    assert not failures.exists()


def test_what_is_no_json_is_named(tmp_path: Path) -> None:
    """With file and line."""
    (tmp_path / "a.jsonl").write_text("\n{}\n[")
    with pytest.raises(ValueError, match="a.jsonl, line 3: this is not JSON"):
        list(read_lines([tmp_path / "a.jsonl"], lambda row, where: row))


def test_a_step_never_writes_over_what_it_reads(tmp_path: Path) -> None:
    """Nor into a folder that it reads, where the next run would take the outcome for its input."""
    folder, file = tmp_path / "in", tmp_path / "in.jsonl"
    folder.mkdir()
    refuse_overwriting([folder, file], tmp_path / "out.jsonl", None, folder / "sub" / "out.jsonl")
    with pytest.raises(ValueError, match="is read by this step; write to another file"):
        refuse_overwriting([folder, file], None, tmp_path / "in" / ".." / "in.jsonl")
    with pytest.raises(ValueError, match="lies in a folder that this step reads"):
        refuse_overwriting([folder, file], folder / "out.jsonl")
