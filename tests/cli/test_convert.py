"""`gliner-biomed convert`: files that can be read again, counts, and one sentence for what is at fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.cli.convert import SHOWN, Format, Pieces
from spacy_gliner_biomed.corpus.convert import KEEP
from spacy_gliner_biomed.corpus.discontinuous import POLICIES
from spacy_gliner_biomed.corpus.formats import FORMATS, read
from tests.cli.support import run

TEXT = "renal and hepatic failure after Lipitor"
ANN = "T1\tADR 10 25\thepatic failure\nT2\tADR 0 5;18 25\trenal failure\nT3\tDrug 32 39\tLipitor\n"


@pytest.fixture
def brat(tmp_path: Path) -> Path:
    """A folder of one BRAT document."""
    folder = tmp_path / "cadec"
    folder.mkdir()
    (folder / "1.txt").write_text(TEXT)
    (folder / "1.ann").write_text(ANN)
    return folder


def test_a_corpus_is_written_and_counted(capsys: pytest.CaptureFixture[str], tmp_path: Path, brat: Path) -> None:
    """Mentions in pieces stay apart; what was written is read back."""
    target = tmp_path / "new" / "cadec.jsonl.gz"
    outcome = run(capsys, "convert", brat, target)
    assert outcome.status == 0
    assert "Read 1 passage with 2 mentions of 2 labels.\n1 mention in pieces: kept apart.\n" in outcome.out
    assert f"Wrote '{target}'." in outcome.out
    [passage] = read(target)
    assert passage.text == TEXT and passage.corpus == "cadec" and passage.id == "1"
    assert passage.mentions == ((10, 25, "ADR"), (32, 39, "Drug")) and len(passage.discontinuous) == 1


@pytest.mark.parametrize(("policy", "count"), [("drop", 2), ("hull", 3), ("fragments", 4)])
def test_policies_and_labels(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, brat: Path, policy: str, count: int
) -> None:
    """They are decided about before the file is written; labels take their new names."""
    names, target = tmp_path / "names.json", tmp_path / "a.jsonl"
    names.write_text('{"ADR": "Adverse drug event", "Drug": null}')
    outcome = run(capsys, "convert", brat, target, "--policy", policy, "--label-map", names, "--format", "brat")
    assert outcome.status == 0, outcome.err
    assert f"with {count - 1} mention{'' if count == 2 else 's'} of 1 label." in outcome.out
    row = json.loads(target.read_text())
    assert {entity["label"] for entity in row["entities"]} == {"Adverse drug event"}
    assert len(row["entities"]) == count - 1 and "discontinuous" not in row


def test_problems_are_told_and_counted(capsys: pytest.CaptureFixture[str], tmp_path: Path, brat: Path) -> None:
    """On stderr, the first of them; with --strict the first ends it and nothing is written."""
    (brat / "1.ann").write_text(ANN + "T9\tDrug 32 38\tLipitor\n" * (SHOWN + 5))
    target = tmp_path / "a.jsonl"
    outcome = run(capsys, "convert", brat, target)
    assert outcome.status == 0 and f"{SHOWN + 5} problems, left out." in outcome.out
    assert outcome.err.count("reads 'Lipito' in the text, not 'Lipitor'") == SHOWN
    assert f"{brat / '1.ann'}, line 4: " in outcome.err and "… and 5 more problems." in outcome.err
    strict = run(capsys, "convert", brat, tmp_path / "b.jsonl", "--strict")
    assert strict.status == 1 and "1.ann, line 4" in strict.err and not (tmp_path / "b.jsonl").exists()


def test_nothing_to_convert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An empty corpus, one of problems only, and none at all: one sentence, and no file."""
    source, target = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    source.write_text("")
    outcome = run(capsys, "convert", source, target)
    assert outcome.status == 1 and f"'{source}' holds no annotated passage; nothing was written." in outcome.err
    source.write_text("{")
    outcome = run(capsys, "convert", source, target)
    assert outcome.status == 1 and f"The first of 1 problems: {source}, line 1: this is not JSON" in outcome.err
    outcome = run(capsys, "convert", tmp_path / "gone", target)
    assert outcome.status == 1 and "There is no corpus at" in outcome.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl"]


def test_the_choices_are_those_there_are() -> None:
    """The command line lists every format and every policy."""
    assert [each.value for each in Format] == list(FORMATS)
    assert [each.value for each in Pieces] == [KEEP, *POLICIES]


def test_no_corpus_is_written_over(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Neither the one that is read, nor a file whose name says that it is of another format."""
    source, other = tmp_path / "a.jsonl", tmp_path / "b.spacy"
    source.write_text('{"id": "1", "text": "x", "entities": []}\n')
    other.write_bytes(b"kept")
    assert "is the corpus itself; write to another file." in run(capsys, "convert", source, source).err
    assert "would hold JSON Lines; call it .jsonl or .jsonl.gz." in run(capsys, "convert", source, other).err
    assert b"kept" == other.read_bytes() and source.read_text().startswith('{"id"')


def test_a_file_in_the_folder_that_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It would be read by the next run."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"id": "1", "text": "x", "entities": []}\n')
    outcome = run(capsys, "convert", folder, folder / ".." / "in" / "all.jsonl")
    assert outcome.status == 1 and "lies in the folder that is read" in outcome.err
    assert [path.name for path in folder.iterdir()] == ["a.jsonl"]
