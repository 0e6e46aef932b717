"""Annotations that are kept apart from their text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.training.silver.standoff import attach, text_digest
from tests.cli.support import run
from tests.training.silver.support import write_jsonl

TEXT = "Before. Adults aged 18 to 75 years; no vaccine."
PART = TEXT[8:]
KINDS = [
    {"names": ["age limit", "permitted age"], "spans": [[12, 26]]},
    {"names": ["number"], "spans": [[12, 14], [18, 20]]},
    {"names": ["device"], "spans": []},
]


def note(**changes: Any) -> dict[str, Any]:
    """RETURNS (dict): an annotation of a part of `TEXT`."""
    whole = {"file": "t", "id": "1", "start": 8, "end": len(TEXT), "sha256": text_digest(PART), "kinds": KINDS}
    return {**whole, **changes}


def test_text_and_annotations_meet(tmp_path: Path) -> None:
    """Every name of a kind is a label, absent kinds as well; what is not there is counted."""
    first = {"id": "1", "text": TEXT, "source": "S", "license": "L"}
    others = ({"id": "0", "text": "Other."}, {"id": "1", "text": "Twice."}, {"id": "2", "text": TEXT})
    text = write_jsonl(tmp_path / "t.jsonl", first, *others)
    notes = write_jsonl(
        tmp_path / "n.jsonl", note(), note(id="7"), note(id="2", sha256=text_digest("x")), note(file="u"),
    )  # fmt: skip
    counts = attach([notes], [text], tmp_path / "out.jsonl.gz", "apart", progress=False)
    assert counts == {
        "passages": 1, "labels": 4, "mentions": 4, "passages that are not there": 2, "passages whose text is another one": 1,
    }  # fmt: skip
    [passage] = read(tmp_path / "out.jsonl.gz")
    assert (passage.text, passage.corpus) == (PART, "apart")
    assert set(passage.labels or ()) == {"age limit", "permitted age", "number", "device"}
    assert {(PART[m.start : m.end], m.label) for m in passage.mentions} == {
        ("18 to 75 years", "age limit"), ("18 to 75 years", "permitted age"), ("18", "number"), ("75", "number"),
    }  # fmt: skip


def test_two_annotators_of_one_passage(tmp_path: Path) -> None:
    """Their kinds come together; the passage is written once."""
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": TEXT})
    files = [write_jsonl(tmp_path / f"{number}.jsonl", note(kinds=[kind])) for number, kind in enumerate(KINDS)]
    counts = attach([*files, files[0]], [text], tmp_path / "out.jsonl", "apart", progress=False)
    assert counts == {"passages": 1, "labels": 4, "mentions": 4}
    [passage] = read(tmp_path / "out.jsonl")
    assert len(passage.labels or ()) == len(passage.mentions) == 4


def test_rows_without_a_hash(tmp_path: Path) -> None:
    """Named by file and line, without an option that this command does not have."""
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": TEXT})
    notes = write_jsonl(tmp_path / "n.jsonl", note(sha256=7))
    with pytest.raises(ValueError, match=r"n\.jsonl, line 1: no text under 'sha256'; every row needs it, as a string\.$"):
        attach([notes], [text], tmp_path / "out.jsonl", "apart", progress=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": [{"names": ["x"], "spans": [[3, 999]]}]}, {"kinds": [{"names": [], "spans": []}]}, {"start": None}, {"file": 1},
        {"start": "8"}, {"end": str(len(TEXT))}, {"start": -1}, {"kinds": [{"names": "xy", "spans": []}]},
    ],
)  # fmt: skip
def test_rows_that_are_no_annotations(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Named by file and line."""
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": TEXT})
    notes = write_jsonl(tmp_path / "n.jsonl", note(), note(**changes))
    with pytest.raises(ValueError, match="line 2.* is not a stand-off annotation"):
        attach([notes], [text], tmp_path / "out.jsonl", "apart", progress=False)
    assert not (tmp_path / "out.jsonl").exists()


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The corpus is called as the notes; text of another file is refused in one sentence."""
    text = write_jsonl(tmp_path / "t.jsonl", {"id": "1", "text": TEXT})
    other = write_jsonl(tmp_path / "other.jsonl", {"id": "1", "text": TEXT})
    notes = write_jsonl(tmp_path / "kinds.jsonl", note())
    done = run(capsys, "silver", "attach", notes, "--text", text, "--out", tmp_path / "out.jsonl")
    assert 0 == done.status and "mentions: 4" in done.out
    assert "kinds" == json.loads((tmp_path / "out.jsonl").read_text())["corpus"]
    refused = run(capsys, "silver", "attach", notes, "--text", other, "--out", tmp_path / "again.jsonl")
    assert 1 == refused.status and "None of the 1 annotated passages is in" in refused.err
    assert "such as t.jsonl.gz with its row '1'" in refused.err
