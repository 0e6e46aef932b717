"""The uniform format: what is read is what was written, and what does not fit is told with file and line."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.formats import Problems, read, to_row, write_jsonl
from spacy_gliner_biomed.corpus.formats.jsonl import check_row
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Discontinuous, Mention
from tests.corpus.format_files import LABELS, passages, read_all

GOOD = {"text": "renal and hepatic failure", "entities": [{"start": 0, "end": 5, "label": "organ"}]}


def write(path: Path, *lines: object) -> Path:
    """Write lines, as they are where they are texts."""
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_everything_a_row_holds(tmp_path: Path) -> None:
    """Mentions sorted, pieces apart, labels, both ids; a piece without characters says nothing."""
    row = {
        **GOOD,
        "id": 7,
        "doc_id": "d",
        "corpus": "c",
        "partial": True,
        "weight": 2,
        "labels": ["organ", "disease"],
        "entities": [{"start": 10, "end": 17, "label": "organ", "type": "X"}, {"start": 0, "end": 5, "label": "organ"}],
        "discontinuous": [{"spans": [[18, 25], [0, 5], [3, 3]], "label": "disease", "type": "Y"}],
    }
    path = write(tmp_path / "a.jsonl", "", row)
    [passage] = read(path)
    assert passage == AnnotatedPassage(
        id="7",
        text=GOOD["text"],
        mentions=(Mention(0, 5, "organ"), Mention(10, 17, "organ")),
        doc_id="d",
        corpus="c",
        labels=("organ", "disease"),
        discontinuous=(Discontinuous(((0, 5), (18, 25)), "disease"),),
        where=f"{path}, line 2",
        partial=True,
        weight=2.0,
    )


def test_what_a_row_may_leave_out(tmp_path: Path) -> None:
    """The line's number for an id, the file's name for a corpus, None for labels."""
    path = tmp_path / "x.dev.jsonl.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n"))
    [passage] = read(path)
    assert (passage.id, passage.corpus, passage.labels, passage.document) == ("1", "x.dev", None, "1")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(passages(), max_size=3),
    st.none() | st.lists(st.sampled_from(LABELS), unique=True).map(tuple),
    st.sampled_from(["a.jsonl", "a.jsonl.gz"]),
    st.sampled_from([{}, {"doc_id": "d", "partial": True, "weight": 0.3}]),
)
def test_round_trip(tmp_path: Path, drawn: list, labels: tuple | None, name: str, more: dict) -> None:
    """Writing and reading gives the same passages."""
    written = [replace(each, id=str(n), corpus="c", labels=labels, **more) for n, each in enumerate(drawn)]
    assert write_jsonl(written, tmp_path / name) == len(written)
    assert [replace(passage, where="") for passage in read(tmp_path / name)] == written


def test_bad_lines_and_bad_mentions_are_told_and_left_out(tmp_path: Path) -> None:
    """Each with its line; what fits beside them is kept."""
    path = write(
        tmp_path / "a.jsonl",
        {**GOOD, "entities": [*GOOD["entities"], {"start": 9, "end": 99, "label": "x"}, {"start": 5, "end": 6, "label": "x"}]},
        "{",
        {"text": "no entities"},
        {**GOOD, "discontinuous": [{"spans": [[0, 99]], "label": "x"}, {"spans": [], "label": "x"}, {"label": "x"}, 4]},
        {**GOOD, "discontinuous": [{"spans": [[1, 1]], "label": "x"}, {"spans": [[0, 1]], "label": ""}]},
        {**GOOD, "discontinuous": {"spans": []}},
        {**GOOD, "weight": -1},
        {**GOOD, "partial": 1},
        {**GOOD, "id": [1]},
    )
    found, problems = read_all(path)
    assert [len(passage.mentions) for passage in found] == [1, 1, 1]
    assert not any(passage.discontinuous for passage in found)
    assert [int(problem.split("line ")[1].split(":")[0]) for problem in problems] == [1, 1, 2, 3, 4, 4, 4, 4, 5, 5, 6, 7, 8, 9]
    assert problems[0] == f"{path}, line 1: the mention 9–99 (x) does not fit its text of 25 characters."
    assert "nothing but white space" in problems[1] and "'id' must be a text" in problems[-1]
    with pytest.raises(ValueError, match="line 1: the mention 9–99"):
        list(read(path))


def test_the_first_problems_are_listed_and_all_counted(tmp_path: Path) -> None:
    """A file of nothing but problems takes no memory for each."""
    path = write(tmp_path / "a.jsonl", *["{"] * 30)
    problems = Problems(keep=3)
    assert not list(read(path, "jsonl", "report", problems))
    assert len(problems) == 30 and len(list(problems)) == 3 and problems


def test_training_rows_pass_the_same_check() -> None:
    """`entities` may be missing there; a bad mention is refused."""
    assert check_row('{"text": "x"}', "here", "f")["corpus"] == "f"
    with pytest.raises(ValueError, match="here: the mention in pieces"):
        check_row('{"text": "x", "discontinuous": [{"spans": [[0, 2]], "label": "l"}]}', "here")


def test_the_row_of_a_plain_passage() -> None:
    """What is not known is not written."""
    assert to_row(AnnotatedPassage("1", "x")) == {"id": "1", "text": "x", "entities": []}


@pytest.mark.parametrize(
    "change",
    [
        {"entities": [{"start": 0, "end": 5, "label": "\ud83d"}]},
        {"discontinuous": [{"spans": [[0, 1], [2, 3]], "label": "\ud83d"}]},
        {"labels": ["\ud83d"]},
        {"id": "\ud83d"},
        {"doc_id": "\udc00"},
        {"corpus": "\udc00"},
        {"weight": 10**400},
    ],
)
def test_what_no_file_and_no_float_can_hold(tmp_path: Path, change: dict) -> None:
    """Half a surrogate pair and a weight beyond all floats are told of with their line, and left out."""
    path = write(tmp_path / "a.jsonl", GOOD, {**GOOD, **change})
    found, [problem] = read_all(path)
    assert problem.startswith(f"{path}, line 2: ")
    assert write_jsonl(found, tmp_path / "b.jsonl") == len(found) >= 1
