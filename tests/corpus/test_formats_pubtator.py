"""PubTator: documents, mentions, relations, and every line that is none."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from tests.corpus.format_files import passages, read_all

CONTENT = """
227508|t|Naloxone reverses it.
227508|a|In rats | hypotension was seen.
227508\t0\t8\tNaloxone\tChemical\tD009270
227508\t32\t43\thypotension\tDisease\tD007022\thypo|tension
227508\tCID\tD009270\tD007022
227508\tPositive_Correlation\t672\tD001943\tNovel

8528200|t|Cystic fibrosis
8528200|a|
8528200\t0\t15\tCystic fibrosis\tSpecificDisease\tD003550
8528200|t|Again
8528200|a|
"""


def write(path: Path, content: str = CONTENT) -> Path:
    """RETURNS (Path): the file."""
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


@pytest.mark.parametrize("name", ["CDR.PubTator", "CDR.txt", "CDR.PubTator.gz"])
def test_documents(tmp_path: Path, name: str) -> None:
    """Title and abstract with a blank between; relations are no mentions; a document met twice keeps its document id."""
    path = write(tmp_path / name)
    first, second, third = read(path)
    assert first.text == "Naloxone reverses it. In rats | hypotension was seen."
    assert first.mentions == ((0, 8, "Chemical"), (32, 43, "Disease"))
    assert (first.id, first.corpus, first.where) == ("227508", "CDR", f"{path}, line 2")
    assert (second.text, second.mentions) == ("Cystic fibrosis ", ((0, 15, "SpecificDisease"),))
    assert (third.id, third.doc_id, third.mentions) == ("8528200#2", "8528200", ())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(passages(blanks=" ", pieces=False), passages(blanks=" ", pieces=False))
def test_round_trip(tmp_path: Path, one: AnnotatedPassage, two: AnnotatedPassage) -> None:
    """Offsets and labels survive any text without tabs and line ends."""
    lines = []
    for number, passage in enumerate((one, two), start=1):
        title, _, abstract = passage.text.partition(" ")
        lines += [f"{number}|t|{title}", f"{number}|a|{abstract}"]
        lines += [f"{number}\t{s}\t{e}\t{passage.text[s:e]}\t{label}\tX" for s, e, label in passage.mentions]
    found = list(read(write(tmp_path / "a.pubtator", "\n".join(lines))))
    assert [passage.mentions for passage in found] == [one.mentions, two.mentions]
    assert [passage.text.rstrip() for passage in found] == [one.text, two.text]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\t0\t4\tFeven\tDisease\tX", "the mention 0–4 (Disease) reads 'Feve' in the text, not 'Feven'"),
        ("1\t0\t99\tFever\tDisease\tX", "0–99 (Disease) does not fit its text of 12 characters"),
        ("1\t-1\t4\tFever\tDisease\tX", "-1–4 (Disease) does not fit"),
        ("1\t0\tx\tFever\tDisease\tX", "a mention needs ID, start, end, words and type"),
        ("1\t0\t5\tFever", "a mention needs ID, start, end, words and type"),
        ("Fever is a disease", "a mention needs ID, start, end, words and type"),
        ("2\t0\t5\tFever\tDisease\tX", "this mention is of document '2', but stands in '1'"),
        ("1\t0\t5\tFever\t \tX", "the label ' ' of mention 0–5 is blank"),
    ],
)
def test_lines_that_do_not_fit(tmp_path: Path, line: str, message: str) -> None:
    """File and line; the other mentions are kept."""
    path = write(tmp_path / "a.pubtator", f"1|t|Fever\n1|a|rises.\n{line}\n1\t0\t5\tFever\tDisease\tX\n")
    [passage], [problem] = read_all(path)
    assert passage.mentions == ((0, 5, "Disease"),)
    assert problem.startswith(f"{path}, line 3: ") and message in problem
    with pytest.raises(ValueError, match="line 3"):
        list(read(path))


def test_a_mention_before_any_document(tmp_path: Path) -> None:
    """It is told of."""
    path = write(tmp_path / "a.pubtator", "1\t0\t5\tFever\tDisease\tX\n1|t|Fever\n")
    [passage], [problem] = read_all(path)
    assert not passage.mentions and "line 1: this comes before any title" in problem


def test_blanks_around_numbers(tmp_path: Path) -> None:
    """A mention stays one."""
    path = write(tmp_path / "a.pubtator", "1|t|Fever\n1\t 0\t5 \tFever\tDisease\tX\n1\t\t5\tFever\tDisease\tX\n")
    [passage], [problem] = read_all(path)
    assert passage.mentions == ((0, 5, "Disease"),) and "line 3: a mention needs" in problem
