"""Text of one's own: plain, JSON Lines, BioC."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.corpus.collect.sources import files, local
from tests.corpus.collect.sources.reading import problems, read_all, zipped

BIOC = """<?xml version='1.0'?><!DOCTYPE collection SYSTEM "BioC.dtd"><collection><source>x</source><date/><key/>
<document><id>11</id><passage><offset>0</offset><text>Fever &amp; pain.</text></passage>
<passage><offset>20</offset><text>Second.</text></passage></document></collection>"""


def test_folder_of_everything(tmp_path: Path) -> None:
    """Files of any kind by name, ids by their place in the folder."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("One.\n\nTwo.\n")
    (tmp_path / "a.jsonl.gz").write_bytes(
        gzip.compress(b'{"text": "Row.", "id": 7, "doc_id": "D", "license": "CC0"}\n')
    )
    (tmp_path / "c.xml").write_text(BIOC)
    (tmp_path / "d.zip").write_bytes(zipped(e__txt=b"Zipped."))
    (tmp_path / ".hidden.txt").write_text("x")
    (tmp_path / "e.pdf").write_bytes(b"%PDF")
    found, report = read_all("local", tmp_path, {"name": "mine", "licence": "own"})
    assert [
        ("7", "D", "Row.", "CC0"),
        ("11#0", "11", "Fever & pain.", "own"),
        ("11#1", "11", "Second.", "own"),
        ("d.zip/e.txt", "d.zip/e.txt", "Zipped.", "own"),
        ("sub/b.txt", "sub/b.txt", "One.\n\nTwo.", "own"),
    ] == [(passage.id, passage.document, passage.text, passage.licence) for passage in found]
    assert {"mine"} == {passage.source for passage in found}
    assert 1 == report.count and "e.pdf" in problems(report)[0]


def test_paragraphs(tmp_path: Path) -> None:
    """A passage a paragraph, of one document."""
    (tmp_path / "a.txt").write_text("One\ntwo.\n\n  \nThree.\n")
    found, _ = read_all("local", tmp_path, {"unit": "paragraph"})
    assert [("a.txt#1", "One\ntwo."), ("a.txt#2", "Three.")] == [(passage.id, passage.text) for passage in found]
    assert {"a.txt"} == {passage.document for passage in found}
    with pytest.raises(ValueError, match="file or paragraph"):
        read_all("local", tmp_path, {"unit": "page"})


def test_broken_rows(tmp_path: Path) -> None:
    """Rows without text, that are no JSON, that hold other things than text."""
    rows = [
        '{"text": "ok"}',
        '{"txt": "x"}',
        '{"text": 3}',
        "nonsense",
        '{"text": "also", "title": ["x"]}',
        '{"text": " "}',
    ]
    (tmp_path / "f.jsonl").write_text("\n".join(rows))
    found, report = read_all("local", tmp_path / "f.jsonl")
    assert [("f.jsonl:1", "ok"), ("f.jsonl:5", "also")] == [(passage.id, passage.text) for passage in found]
    assert 4 == report.count and {"no text": 1} == report.left_out


def test_rows_of_our_own_shards(tmp_path: Path) -> None:
    """All fields of a passage come back."""
    row = {"id": "i", "text": "t", "source": "pubmed", "document": "d", "section": "s", "title": "T", "date": "2024",
           "licence": "L", "url": "u", "retrieved": "2024-01-01T00:00:00Z"}  # fmt: skip
    (tmp_path / "f.jsonl").write_text(json.dumps(row))
    (passage,), _ = read_all("local", tmp_path)
    assert row == passage.to_row()


def test_long_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line or text behind the bound is reported; what follows is read."""
    monkeypatch.setattr(local, "MOST_LINE", 1000)
    monkeypatch.setattr(files.bounded_lines, "__defaults__", (1000,))
    (tmp_path / "a.txt").write_text("x" * 5000 + "\nshort\n")
    (tmp_path / "b.txt").write_text(("y" * 99 + "\n") * 25)
    found, report = read_all("local", tmp_path)
    assert "short" == found[0].text
    assert 2500 == sum(len(passage.text) + 1 for passage in found[1:])
    assert all(len(passage.text) < 1000 for passage in found)
    assert 3 == report.count


@pytest.mark.parametrize(
    "content",
    [
        BIOC.replace('SYSTEM "BioC.dtd"', '[<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]').replace(
            "Second.", "&b;&b;"
        ),
        BIOC.replace('SYSTEM "BioC.dtd"', '[<!ENTITY b SYSTEM "file:///etc/passwd">]').replace("Second.", "&b;"),
        BIOC[:-60],
        "<collection><document>",
    ],
)
def test_hostile_and_broken_bioc(tmp_path: Path, content: str) -> None:
    """No entity is expanded, nothing outside is read; what is broken is reported and stops nothing."""
    (tmp_path / "a.xml").write_text(content)
    (tmp_path / "b.txt").write_text("Good.")
    found, report = read_all("local", tmp_path)
    assert "Good." == found[-1].text
    assert not any("root:" in passage.text or "aaaaaaaaaa" in passage.text for passage in found)


def test_no_utf8(tmp_path: Path) -> None:
    """A line that is none is passed over and reported."""
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfgood\n\xff\nfine\n")
    (passage,), report = read_all("local", tmp_path)
    assert "good\nfine" == passage.text
    assert "line 2: this is not UTF-8" in problems(report)[0]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    """A folder from elsewhere cannot point at what it likes."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "in" / "b.txt").write_text("open")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in" / "more").symlink_to(tmp_path / "elsewhere")
    found, report = read_all("local", tmp_path / "in")
    assert ["open"] == [passage.text for passage in found]
    assert [f"{tmp_path / 'in' / name}: this link leads out" for name in ("a.txt", "more")] == [
        line.partition(" of the folder")[0] for line in problems(report)
    ]


def test_links_that_lead_to_themselves_are_not_followed(tmp_path: Path) -> None:
    """Nor do they end the run."""
    (tmp_path / "a.txt").symlink_to("b.txt")
    (tmp_path / "b.txt").symlink_to("a.txt")
    (tmp_path / "c.txt").write_text("open")
    assert ["open"] == [passage.text for passage in read_all("local", tmp_path)[0]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(tmp_path: Path, encoding: str) -> None:
    """No passage of zero bytes; the file is told of once, with the way out."""
    (tmp_path / "a.txt").write_bytes("Fever.\n\nPain.\nRash.\n".encode(encoding))
    (tmp_path / "b.txt").write_text("Good.")
    found, report = read_all("local", tmp_path)
    assert ["Good."] == [passage.text for passage in found]
    (problem,) = problems(report)
    assert problem.startswith(f"{tmp_path / 'a.txt'}, line 1: ") and "save the file as UTF-8" in problem
