"""Drug labels of TAC 2017 that are damaged or hostile."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.corpus.formats import Problems
from spacy_gliner_biomed.evaluation.benchmarks import load, tac
from tests.evaluation.benchmarks import releases

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE Label [
  <!ENTITY lol "lol">
  <!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
]>
<Label><Text><Section id="S1">&lol2;</Section></Text></Label>
"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE Label [<!ENTITY secret SYSTEM "file://{path}">]>
<Label><Text><Section id="S1">&secret;</Section></Text></Label>
"""


def read(path: Path, text: str) -> list:
    """RETURNS (list): the passages of a file with this text."""
    return list(tac.read_file(releases.write(path, text), Problems()))


def test_entities_are_refused(tmp_path: Path) -> None:
    """Neither blown up nor fetched."""
    secret = releases.write(tmp_path / "secret.txt", "secret")
    for text in (LAUGHS, OUTSIDE.format(path=secret)):
        with pytest.raises(ValueError, match="a.xml, line [0-9]+: XML entities are declared or fetched here"):
            read(tmp_path / "a.xml", text)


def test_a_doctype_out_of_the_file_is_not_fetched(tmp_path: Path) -> None:
    """It is passed over: what it would say is not needed."""
    text = '<!DOCTYPE Label SYSTEM "file:///dev/zero"><Label><Text><Section id="S1">Pain.</Section></Text></Label>'
    assert ["Pain."] == [passage.text for passage in read(tmp_path / "a.xml", text)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<Label><Text>", "a.xml, line 1: not XML"),
        ("", "a.xml, line 1: not XML"),
        ("<Doc></Doc>", "begins with <Doc>, not with <Label>"),
        ('<Label><Section id="S1"/>\n<Section id="S1"/></Label>', "line 2: a second section 'S1'"),
    ],
)
def test_other_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    """With file and line."""
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.xml", text)


def test_large_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before they are parsed."""
    monkeypatch.setattr(tac, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="a.xml' is larger than"):
        read(tmp_path / "a.xml", "<Label>" + " " * 100 + "</Label>")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ('section="S1" type="Animal" start="47" len="4" str="cats"', "reads 'rats' in the text, not 'cats'"),
        ('section="S1" type="Animal" start="47,50" len="4"', "start='47,50' len='4' .Animal. needs as many whole numbers"),
        ('section="S1" type="Animal" start="x" len="4"', "start='x' len='4'"),
        ('section="S1" type="Animal" start="470" len="4"', "does not fit its text of"),
        ('section="S1" type="Animal" start="-4" len="8"', "does not fit its text of"),
        ('section="S9" type="Animal" start="0" len="4"', "section 'S9', which the file does not hold"),
        ('type="Animal" start="0" len="4"', "a mention without 'section'"),
        ('section="S1" type="Plant" start="47" len="4" str="rats"', "has no label 'Plant'"),
    ],
)
def test_mentions_that_do_not_fit_are_problems(attributes: str, message: str, tmp_path: Path) -> None:
    """Raised or reported with file and line; the others stay."""
    releases.tac(tmp_path, 0, f'\n    <Mention id="M8" {attributes} />')
    with pytest.raises(ValueError, match=f"ACTEMRA.xml.*: .*{message}"):
        list(load("tac", tmp_path, "test"))
    problems = Problems()
    passages = list(load("tac", tmp_path, "test", "report", problems))
    assert [4, 2] == [len(passage.mentions) for passage in passages]
    assert 1 == len(problems)
