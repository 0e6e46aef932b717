"""BRAT standoff: text-bound annotations, in pieces or not, and every line that is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Discontinuous
from tests.corpus.format_files import passages, read_all, write_brat

TEXT = "bit drowsy, kidney and liver failure\nafter Lipitor\n"
ANN = """T1\tADR 0 10\tbit drowsy
#1\tAnnotatorNotes T1\t10013649
T2\tADR 12 18;29 36\tkidney failure
T3\tDrug 43 50\tLipitor
R1\tcauses Arg1:T3 Arg2:T1
E1\tADR:T1
A1\tNegated T1
*\tEquiv T1 T2
T4\tADR 29 36;37 42\tfailure after
"""


def write(folder: Path, text: str = TEXT, ann: str = ANN, name: str = "LIPITOR.1") -> Path:
    """RETURNS (Path): a folder with one document."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_bytes(text.encode("utf-8"))
    (folder / f"{name}.ann").write_bytes(ann.encode("utf-8"))
    return folder


def test_a_document(tmp_path: Path) -> None:
    """Mentions, pieces apart, pieces on both sides of a line's end joined; relations, notes and the like are no mentions."""
    folder = write(tmp_path / "cadec")
    for path in (folder, folder / "LIPITOR.1.txt", folder / "LIPITOR.1.ann"):
        [passage] = read(path)
        assert (passage.id, passage.doc_id, passage.corpus, passage.text) == ("LIPITOR.1", "LIPITOR.1", "cadec", TEXT)
        assert passage.mentions == ((0, 10, "ADR"), (29, 42, "ADR"), (43, 50, "Drug"))
        assert passage.discontinuous == (Discontinuous(((12, 18), (29, 36)), "ADR"),)


def test_documents_in_order_of_their_names(tmp_path: Path) -> None:
    """A text without annotations beside it was not annotated."""
    for name in ("b", "a", "c"):
        write(tmp_path, name=name)
    (tmp_path / "README.txt").write_text("About these texts.")
    assert [passage.id for passage in read(tmp_path)] == ["a", "b", "c"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(passages())
def test_round_trip(tmp_path: Path, passage: AnnotatedPassage) -> None:
    """Offsets, labels and pieces survive any text."""
    write_brat(tmp_path / "f", "1", passage)
    [found] = read(tmp_path / "f")
    assert found.text == passage.text
    assert (found.mentions, found.discontinuous) == (passage.mentions, passage.discontinuous)


@pytest.mark.parametrize("counted", [True, False])
def test_windows_line_ends(tmp_path: Path, counted: bool) -> None:
    """The mentions' words tell whether the offsets count them as two characters or one."""
    windows = TEXT.replace("\n", "\r\n")
    shift = 1 if counted else 0
    ann = f"T1\tADR 0 10\tbit drowsy\nT2\tDrug {43 + shift} {50 + shift}\tLipitor\n"
    [passage] = read(write(tmp_path / "w", windows, ann))
    assert passage.text == (windows if counted else TEXT)
    assert [passage.text[start:end] for start, end, _ in passage.mentions] == ["bit drowsy", "Lipitor"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1\tDrug 43 49\tLipitor", "reads 'Lipito' in the text, not 'Lipitor'"),
        ("T1\tDrug 43 99\tLipitor", "43–99 (Drug) does not fit its text of 51 characters"),
        ("T1\tDrug 50 43\tLipitor", "50–43 (Drug) does not fit"),
        ("T1\tDrug -7 0\tLipitor", "-7–0 (Drug) does not fit"),
        ("T1\tADR 12 18;29 99\tkidney failure", "12–18;29–99 (ADR) does not fit"),
        ("T1\t 43 50\tLipitor", "the label '' of mention 43–50 is blank"),
        ("T1 Drug 43 50 Lipitor", "this is no annotation such as"),
        ("T1\tDrug 43\tLipitor", "this is no annotation such as"),
        ("Q1\tDrug 43 50\tLipitor", "this is no annotation such as"),
        ("T1\tDrug 36 37\t", "nothing but white space"),
    ],
)
def test_lines_that_do_not_fit(tmp_path: Path, line: str, message: str) -> None:
    """File and line, and the other mentions are kept."""
    folder = write(tmp_path / "f", ann=f"T0\tADR 0 10\tbit drowsy\n{line}\n")
    [passage], [problem] = read_all(folder)
    assert passage.mentions == ((0, 10, "ADR"),) and not passage.discontinuous
    assert problem.startswith(f"{folder / 'LIPITOR.1.ann'}, line 2: ") and message in problem
    with pytest.raises(ValueError, match="line 2"):
        list(read(folder))


def test_annotations_without_their_text(tmp_path: Path) -> None:
    """They are told of; the other documents are read."""
    write(tmp_path, name="a")
    shutil.copy(tmp_path / "a.ann", tmp_path / "b.ann")
    found, [problem] = read_all(tmp_path)
    assert [passage.id for passage in found] == ["a"]
    assert problem == f"{tmp_path / 'b.ann'}: the text 'b.txt' that it annotates is not beside it."


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    """No annotations at all; a text in another encoding."""
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match="There is no .ann or .a1 file at"):
        list(read(tmp_path, "brat"))
    (tmp_path / "a.ann").write_text("")
    (tmp_path / "a.txt").write_bytes(b"one\ntwo \xff\n")
    with pytest.raises(ValueError, match="a.txt, line 2: this is not UTF-8"):
        list(read(tmp_path))


def test_bionlp_files(tmp_path: Path) -> None:
    """`.a1` holds the given mentions of a shared task."""
    write(tmp_path)
    (tmp_path / "LIPITOR.1.ann").rename(tmp_path / "LIPITOR.1.a1")
    [passage] = read(tmp_path)
    assert len(passage.mentions) == 3
