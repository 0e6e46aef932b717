"""Predictions from a file: what is read, and what is wrong with it in one sentence."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation.systems.base import ScoredMention
from spacy_gliner_biomed.evaluation.systems.predictions import PredictionsSystem

PASSAGES = [AnnotatedPassage("1", "Aspirin for fever.", corpus="bc5cdr"), AnnotatedPassage("2", "Rash")]
FEVER = {"start": 12, "end": 17, "label": "disease"}
ROWS = [{"id": "1", "entities": [{**FEVER, "score": 0.5, "text": "fever"}]}, {"id": 2, "entities": []}]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def predict(path: Path, labels: tuple[str, ...] = ("disease", "drug")) -> list[list[ScoredMention]]:
    return list(PredictionsSystem("file", path).predict(iter(PASSAGES), labels))


@pytest.mark.parametrize("rows", [ROWS, ROWS[::-1], [ROWS[0], "", ROWS[1]]])
def test_rows_find_their_passages(tmp_path: Path, rows: list[Any]) -> None:
    """In any order; numbers are ids as well."""
    assert [[ScoredMention(12, 17, "disease", 0.5)], []] == predict(write(tmp_path / "p.jsonl", rows))


def test_packed_and_by_corpus(tmp_path: Path) -> None:
    """A folder holds a file for each corpus, by its name."""
    plain = write(tmp_path / "plain", ROWS)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "bc5cdr.dev.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert predict(plain) == predict(tmp_path / "folder")


@pytest.mark.parametrize(("files", "reason"), [((), "none, such as"), (("bc5cdr", "bc5cdr.dev"), "more than one")])
def test_a_folder_without_the_corpus(tmp_path: Path, files: tuple[str, ...], reason: str) -> None:
    """Or with two files for it."""
    for name in files:
        write(tmp_path / f"{name}.jsonl", ROWS)
    with pytest.raises(ValueError, match=f"must hold one file of predictions for 'bc5cdr'; it holds {reason}"):
        predict(tmp_path)


def test_other_labels_are_told(tmp_path: Path) -> None:
    """Case and punctuation make no other label."""
    rows = [{"id": "1", "entities": [FEVER, {**FEVER, "label": "GENE"}]}, {"id": "2", "entities": []}]
    system = PredictionsSystem("file", write(tmp_path / "p.jsonl", rows))
    found = list(system.predict(PASSAGES, ["Disease"]))
    assert [[ScoredMention(12, 17, "Disease", 1.0)], []] == found
    assert ["1 mentions in p.jsonl have labels that were not asked for, most often 'GENE'; they were left out."] == system.notes


def test_no_label_in_common(tmp_path: Path) -> None:
    """Is a mistake, not a score of 0."""
    with pytest.raises(ValueError, match=r"none of its labels \('disease', …\) is one of those asked for \(gene\); rename"):
        predict(write(tmp_path / "p.jsonl", ROWS), ("gene",))


def entity(**changes: Any) -> list[Any]:
    return [{"id": "1", "entities": [{**FEVER, **changes}]}, ROWS[1]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROWS[0], "{"], "p.jsonl, line 2: not JSON"),
        ([ROWS[0], "[1]"], "line 2: no 'id'"),
        ([{"id": "1"}], "line 1: no list 'entities'"),
        ([ROWS[0]], "p.jsonl: there is no row for the passage '2'; give every passage one"),
        ([*ROWS, {"id": "x", "entities": []}], "line 3: the id 'x' is that of no passage"),
        ([{"id": "x", "entities": []}, *ROWS], "line 1: the id 'x' is that of no passage"),
        ([ROWS[1], ROWS[1], ROWS[0]], "line 2: the id '2' was given before"),
        ([*ROWS, ROWS[0]], "line 3: the id '1' is that of no passage, or was given before"),
        (entity(end=40), "line 1: the mention from 12 to 40 does not lie in its text of 18 characters"),
        (entity(start="12"), "line 1: the mention from '12' to 17 does not lie in its text"),
        (entity(start=True), "line 1: the mention from True to 17"),
        (entity(label=" "), "line 1: the label ' ' of the mention at 12 is no text"),
        (entity(score=2), "line 1: the score 2 of the mention at 12 is no number from 0 to 1"),
        (entity(text="fevers"), "line 1: the mention 'fevers' at 12-17 reads 'fever' in its passage"),
        ([{"id": "1", "entities": [7]}], "line 1: the mention 7 is no object"),
    ],
)
def test_broken_files(tmp_path: Path, rows: list[Any], message: str) -> None:
    """One sentence with file and line."""
    with pytest.raises(ValueError, match=message) as caught:
        predict(write(tmp_path / "p.jsonl", rows))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_files(tmp_path: Path) -> None:
    """Bytes that are no text, and a packed file cut short."""
    (tmp_path / "p.jsonl").write_bytes(json.dumps(ROWS[0]).encode() + b"\n\xff\n")
    with pytest.raises(ValueError, match="p.jsonl, line 2: byte 0 is not UTF-8; convert the file first."):
        predict(tmp_path / "p.jsonl")
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress(b" " * 10_000)[:-4])
    with pytest.raises(ValueError, match="p.jsonl.gz, after line .: the file is damaged"):
        predict(tmp_path / "p.jsonl.gz")


def test_a_missing_file(tmp_path: Path) -> None:
    """Told at once."""
    with pytest.raises(FileNotFoundError, match="There are no predictions"):
        PredictionsSystem("file", tmp_path / "x.jsonl")


@given(st.permutations(range(6)), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_any_order_gives_the_same(order: list[int], lengths: list[int]) -> None:
    """Rows wait for their passages."""
    passages = [AnnotatedPassage(str(number), "abcdef") for number in range(6)]
    rows = [
        {"id": str(number), "entities": [{"start": i, "end": i + 1, "label": "x"} for i in range(lengths[number])]}
        for number in order
    ]
    with tempfile.TemporaryDirectory() as folder:
        system = PredictionsSystem("file", write(Path(folder) / "p.jsonl", rows))
        assert lengths == [len(mentions) for mentions in system.predict(passages, ["x"])]


def test_labels_that_differ_by_case_alone(tmp_path: Path) -> None:
    """Stay apart where the corpus keeps them apart."""
    aspirin = {"start": 0, "end": 7, "label": "drug"}
    entities = [aspirin, {**aspirin, "label": "Drug"}, {**FEVER, "label": "DRUG"}]
    first, _ = predict(write(tmp_path / "p.jsonl", [{"id": "1", "entities": entities}, ROWS[1]]), ("Drug", "drug"))
    assert ["drug", "Drug", "Drug"] == [mention.label for mention in first]
