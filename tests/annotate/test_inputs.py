"""What the user wants annotated, as a stream of passages."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.annotate.inputs import Passage, check_inputs, read_inputs


def read(*inputs: object, **options: str) -> list[Passage]:
    return list(read_inputs([str(each) for each in inputs], **options))


def test_a_text_is_a_passage() -> None:
    """An input that is no file is the text itself, numbered."""
    assert [Passage("Aspirin helps.", "text 1"), Passage("So does rest.", "text 2")] == read(
        "Aspirin helps.", "So does rest."
    )


def test_a_text_longer_than_a_file_name_is_a_passage() -> None:
    """The file system refuses to look such a name up, which is no error here."""
    text = "word " * 10_000
    assert [Passage(text, "text 1")] == read(text)


def test_a_file_keeps_its_line_ends(tmp_path: Path) -> None:
    """Offsets must hold in the file, so that CRLF stays CRLF."""
    path = tmp_path / "note.txt"
    path.write_bytes("Fièvre\r\nand rash\n".encode())
    assert [Passage("Fièvre\r\nand rash\n", str(path))] == read(path)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """It would shift every offset by one."""
    path = tmp_path / "note.txt"
    path.write_bytes(b"\xef\xbb\xbffever")
    assert [Passage("fever", str(path))] == read(path)


def test_lines_are_passages(tmp_path: Path) -> None:
    """Blank lines too, so that lines out equal lines in."""
    path = tmp_path / "notes.txt"
    path.write_bytes(b"one\r\n\ntwo")
    assert ["one", "", "two"] == [passage.text for passage in read(path, input_format="lines")]


def test_rows_of_packed_jsonl(tmp_path: Path) -> None:
    """The row comes along whole; its text is found under the key asked for."""
    path = tmp_path / "rows.jsonl.gz"
    rows = [{"id": 7, "abstract": "fever"}, {"abstract": "rash", "year": 2020}]
    path.write_bytes(gzip.compress("\n\n".join(map(json.dumps, rows)).encode()))
    expected = [Passage("fever", f"{path}, line 1", rows[0]), Passage("rash", f"{path}, line 3", rows[1])]
    assert expected == read(path, text_key="abstract")


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is one passage, unless its format is named."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"fever\nrash\n")))
    assert [Passage("fever\nrash\n", "stdin")] == read("-")


def test_passages_are_read_one_at_a_time(tmp_path: Path) -> None:
    """A bad second row does not keep the first one back."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "fever"}\nnot json\n')
    stream = read_inputs([str(path)])
    assert "fever" == next(stream).text
    with pytest.raises(ValueError, match="line 2: not JSON"):
        next(stream)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("[1]", "line 1: a list instead of a JSON object; every line must be one object."),
        ('{"body": "fever"}', "line 1: no text under 'text'; name the field with --text-key."),
        ('{"text": 3}', "line 1: no text under 'text'; name the field with --text-key."),
        ("[" * 100_000, "line 1: not JSON"),
        (r'{"text": "fever \ud83d"}', r"line 1: '\ud83d' is half a surrogate pair, which is no character; leave"),
        (r'{"text": "fever", "id": "\ude00"}', r"line 1: '\ude00' is half a surrogate pair"),
    ],
)
def test_a_row_without_a_text_is_refused(tmp_path: Path, row: str, message: str) -> None:
    """The message names the line and the way out."""
    path = tmp_path / "rows.jsonl"
    path.write_text(row + "\n")
    with pytest.raises(ValueError) as caught:
        read(path)
    assert message in str(caught.value)


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    """Nothing is replaced in silence."""
    path = tmp_path / "note.txt"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="byte 3 is not UTF-8; convert the file to UTF-8 first."):
        read(path)


def test_half_a_surrogate_pair_is_refused() -> None:
    """As a command line makes of bytes that are not UTF-8."""
    with pytest.raises(ValueError, match=r"text 2: '\\udce9' is half a surrogate pair"):
        read("fever", "caf\udce9")


def test_an_unknown_format_is_refused() -> None:
    """The message lists the formats."""
    with pytest.raises(ValueError, match="'xml' is unknown; it is one of auto, text, lines, jsonl."):
        read("fever", input_format="xml")


@pytest.mark.parametrize(
    "name",
    [
        *("missing.txt", "missing.jsonl", "missing.jsonl.gz", "my papr.txt", "paper.pdf", "notes.HTML"),
        *("data/notes", "data/*", "dta/notes.txt", "/nowhere/notes", "../nowhere/notes"),
    ],
)
def test_a_missing_file_is_no_text(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wants the entities of a misspelt file name."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        check_inputs([name])
    expected = f"There is no file '{name}'; check its name, or give a text that looks like one on stdin ('-')."
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    "text", ["IL-2/STAT5", "E.coli", "p53.", "e.g.,", "5 mg/kg", "data/notes were read", "Read a.txt\nand b.txt"]
)
def test_a_text_with_stops_and_slashes_is_a_text(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ratios, species and measures are no paths."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    check_inputs([text])
    assert [Passage(text, "text 1")] == read(text)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """The message shows how to name its files."""
    with pytest.raises(ValueError, match=r"is a folder; name its files, for instance .*/\*\.txt"):
        check_inputs([str(tmp_path)])


def test_nothing_is_refused() -> None:
    """No input at all is a mistake."""
    with pytest.raises(ValueError, match="nothing to annotate"):
        check_inputs([])


def test_stdin_needs_no_check() -> None:
    """`-` is never looked up."""
    check_inputs(["-"])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_any_text_survives_jsonl(tmp_path: Path, texts: list[str]) -> None:
    """Whatever Unicode a row holds comes back unchanged."""
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts), "utf-8", newline=""
    )
    assert texts == [passage.text for passage in read(path)]
