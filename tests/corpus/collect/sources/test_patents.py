"""Patents: CSV files, and weekly files of the US patent office."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any, List

import pytest

from spacy_gliner_biomed.corpus.collect.sources import patents
from tests.corpus.collect.sources.reading import problems, read_all, zipped
from tests.corpus.collect.sources.server import file_answer, serving

HEAD = ["publication_number", "title", "description"]


def csv_bytes(*rows: List[Any]) -> bytes:
    """RETURNS (bytes): a CSV file with a head."""
    stream = io.StringIO()
    csv.writer(stream).writerows([HEAD, *rows])
    return stream.getvalue().encode()


ROWS = [
    ["US-2020123456-A1", "A  compound", 'Says "yes",\r\nand more.\n\nAnd more.'],
    ["EP-1234567-B1", "Another", "Text " * 60_000],
    ["WO2020/123456A1", "Third", "Short."],
]


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz", "p.zip"])
def test_csv(tmp_path: Path, name: str) -> None:
    """Quotes, commas, line ends in fields, fields longer than the csv module's own bound."""
    data = csv_bytes(*ROWS)
    packed = {"p.csv": data, "p.csv.gz": gzip.compress(data), "p.zip": zipped(p__csv=data)}[name]
    (tmp_path / name).write_bytes(packed)
    found, report = read_all("patents", tmp_path)
    assert [] == problems(report)
    assert [row[0] for row in ROWS] == [passage.id for passage in found] == [passage.document for passage in found]
    assert [row[2].strip() for row in ROWS] == [passage.text for passage in found]
    assert ("A compound", "patents", "https://patents.google.com/patent/US2020123456A1/en") == (
        found[0].title, found[0].source, found[0].url,
    )  # fmt: skip


def test_csv_with_more_columns_in_another_order(tmp_path: Path) -> None:
    """Columns go by their names."""
    (tmp_path / "p.csv").write_text("\ufeffdescription,x,Title,publication_number\nText.,1,T,US-1-A\n")
    (passage,), _ = read_all("patents", tmp_path)
    assert ("US-1-A", "T", "Text.") == (passage.id, passage.title, passage.text)


def test_broken_rows(tmp_path: Path) -> None:
    """A row with too few columns, a path for a number, stray quotes, no UTF-8: each is reported with its line."""
    lines = [
        b"publication_number,title,description",
        b"US-1-A,t,one",
        b"US-2-A,t",
        b"../../etc/passwd,t,two",
        b'US-3-A,t,"a"b',
        b"US-4-A,t,\xff\xfe",
        b"US-5-A,t,",
        b"US-6-A,t,six",
    ]
    path = tmp_path / "p.csv"
    path.write_bytes(b"\n".join(lines))
    found, report = read_all("patents", path)
    assert ["US-1-A", "US-6-A"] == [passage.id for passage in found]
    assert [f"{path}, line {number}" for number in (3, 4, 5, 6)] == [problem.where for problem in report]
    assert {"no text": 1} == report.left_out


def test_csv_cut_off_or_without_head(tmp_path: Path) -> None:
    """The end within quotes, a missing column, an empty file."""
    (tmp_path / "a.csv").write_bytes(csv_bytes(*ROWS)[:-20] + b',"open')
    (tmp_path / "b.csv").write_text("number,text\n1,x\n")
    (tmp_path / "c.csv").write_text("")
    _, report = read_all("patents", tmp_path)
    lines = problems(report)
    assert any("a.csv" in line and "cut off" in line for line in lines)
    assert any("b.csv, line 1: the file has no column 'publication_number'" in line for line in lines)
    assert any("c.csv: the file is empty" in line for line in lines)


def test_long_lines_and_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line behind the bound is passed over; a quote that never ends swallows no more than the bound."""
    monkeypatch.setattr(patents, "MOST_FIELD", 200_000)
    monkeypatch.setattr(csv, "field_size_limit", lambda *_, real=csv.field_size_limit: real(200_000))
    filler = "".join("x" * 99 + "\n" for _ in range(3000))
    rest = "".join(f"US-{number}-A,t,text\n" for number in range(10, 20))
    (tmp_path / "p.csv").write_text(
        f'{",".join(HEAD)}\nUS-1-A,t,{"y" * 300_000}\nUS-2-A,t,two\nUS-3-A,t,"{filler}{rest}'
    )
    found, report = read_all("patents", tmp_path)
    assert "US-2-A" == found[0].id and "US-19-A" == found[-1].id
    assert "longer than 200,000 bytes" in problems(report)[0]


CPC = (
    "<classification-cpc><section>{0}</section><class>{1}</class><subclass>{2}</subclass>"
    "<main-group>{3}</main-group><subgroup>00</subgroup></classification-cpc>"
)


def patent(number: str, *classes: str, body: str = "") -> str:
    """RETURNS (str): a document of a weekly file; classes as "A 61 K 31", the first as the main one."""
    main, *further = [CPC.format(*each.split()) for each in classes or ("A 61 K 31",)]
    description = body or "<heading id='h'>BACKGROUND</heading><p id='p'>Cells <sub>2</sub> die.</p>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE us-patent-grant SYSTEM "us-patent-grant-v47-2022-02-17.dtd" [ ]>
<us-patent-grant lang="EN" dtd-version="v4.7" file="US{number}.XML" status="PRODUCTION" country="US" date-publ="20240102">
<us-bibliographic-data-grant><publication-reference><document-id><country>US</country><doc-number>{number}</doc-number>
<kind>B2</kind><date>20240102</date></document-id></publication-reference>
<application-reference appl-type="utility"><document-id><doc-number>17000000</doc-number></document-id></application-reference>
<classifications-cpc><main-cpc>{main}</main-cpc><further-cpc>{"".join(further)}</further-cpc></classifications-cpc>
<invention-title id="t">A <i>title</i></invention-title></us-bibliographic-data-grant>
<abstract id="abstract"><p>In short.</p></abstract>
<description id="description"><?BRFSUM description="Brief Summary" end="lead"?>{description}</description>
<us-claim-statement>What is claimed is:</us-claim-statement>
<claims id="claims"><claim id="c"><claim-text>1. A cell<claim-text>that lives.</claim-text></claim-text></claim></claims>
</us-patent-grant>
"""


SEQUENCE = """<?xml version="1.0"?>
<!DOCTYPE sequence-cwu SYSTEM "x.dtd" [ ]><sequence-cwu><publication-reference/><p>ACGT</p></sequence-cwu>
"""


def test_weekly_file(tmp_path: Path) -> None:
    """Many documents in a file in a zip: those of other classes are counted, a broken one costs itself."""
    weekly = (
        patent("012345678")
        + SEQUENCE
        + patent("02", "G 06 F 17")
        + patent("03").replace("</p>", "")
        + patent("04", "G 06 F 17", "C 12 N 15")
    )
    (tmp_path / "ipg240102.zip").write_bytes(zipped(ipg240102__xml=weekly.encode()))
    found, report = read_all("patents", tmp_path)
    assert ["US-12345678-B2", "US-4-B2"] == [passage.id for passage in found]
    assert "BACKGROUND\nCells 2 die." == found[0].text
    assert ("A title", "2024-01-02", "US-12345678-B2") == (found[0].title, found[0].date, found[0].document)
    assert {"a patent of other classes": 1} == report.left_out
    assert 1 == report.count and "is broken" in problems(report)[0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("A 61 P 35", True),
        ("C 07 K 16", True),
        ("G 01 N 33", True),
        ("G 01 N 330", False),
        ("A 61 B 5", False),
        ("B 61 K 1", False),
    ],
)
def test_classes(tmp_path: Path, written: str, expected: bool) -> None:
    """A subclass, or a main group and not another that begins with the same digits."""
    (tmp_path / "p.xml").write_text(patent("1", written))
    assert expected == bool(read_all("patents", tmp_path)[0])
    assert 1 == len(read_all("patents", tmp_path, {"classes": ""})[0])


def test_older_classes(tmp_path: Path) -> None:
    """IPC, as patents before 2013 and before 2006 have it."""
    ipcr = CPC.format("A", "61", "K", "31").replace("classification-cpc", "classification-ipcr")
    ipc = "<classification-ipc><edition>07</edition><main-classification>C12N 15/00</main-classification></classification-ipc>"
    for block in (f"<classifications-ipcr>{ipcr}</classifications-ipcr>", ipc):
        text = patent("1")
        start, stop = (
            text.index("<classifications-cpc>"),
            text.index("</classifications-cpc>") + len("</classifications-cpc>"),
        )
        (tmp_path / "p.xml").write_text(text[:start] + block + text[stop:])
        assert 1 == len(read_all("patents", tmp_path)[0])


def test_parts_and_tables(tmp_path: Path) -> None:
    """Abstract and claims where wanted; what follows a table or a formula stays."""
    body = "<p>Before <maths><math>x</math></maths>, after.</p><p><tables><table>gone</table></tables>Kept.</p>tail"
    (tmp_path / "p.xml").write_text(patent("1", body=body))
    found, _ = read_all("patents", tmp_path, {"parts": "abstract,description,claims"})
    assert [
        ("US-1-B2.abstract", "abstract", "In short."),
        ("US-1-B2", "", "Before , after.\nKept.\ntail"),
        ("US-1-B2.claims", "claims", "1. A cell\nthat lives."),
    ] == [(passage.id, passage.section, passage.text) for passage in found]


def test_hostile_patents(tmp_path: Path) -> None:
    """An entity bomb, a number that is a path, a missing reference."""
    bomb = patent("1").replace("[ ]", '[<!ENTITY a "b">]')
    (tmp_path / "p.xml").write_text(
        bomb + patent("../../x") + patent("1").replace("publication-reference", "x") + patent("2")
    )
    found, report = read_all("patents", tmp_path)
    assert ["US-2-B2"] == [passage.id for passage in found]
    assert 3 == report.count


def test_key_for_the_patent_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes from the environment and goes into a header, not into an address."""
    monkeypatch.setenv("USPTO_API_KEY", "SECRET")
    with serving(file_answer(zipped(a__xml=patent("1").encode()))) as server:
        assert 1 == len(read_all("patents", f"{server.url}/ipg240102.zip", raw=tmp_path)[0])
    assert "SECRET" == server.requests[0].headers["x-api-key"]
