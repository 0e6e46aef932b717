"""Biomedical patents: a CSV file of descriptions, or the US patent office's full texts.

CSV: a head with `publication_number`, `title` and `description` (others are passed over), as exports of patent databases have.

Full text (the "red book", XML versions 4.0 to 4.7, 2005 to today): weekly zips, each with one file of many documents.

    <us-patent-grant><us-bibliographic-data-grant>
        <publication-reference><document-id><country/><doc-number/><kind/><date/></document-id></publication-reference>
        <classifications-ipcr><classification-ipcr><section>A</section><class>61</class><subclass>K</subclass>…
        <classifications-cpc><main-cpc><classification-cpc>… <further-cpc>…
        <invention-title/>…
      <abstract><p/></abstract> <description><heading/><p/>…</description> <claims>…

Only patents with a class that is about medicine or biochemistry are taken. https://data.uspto.gov/bulkdata/datasets/ptgrxml
(downloads need a key there: USPTO_API_KEY), https://bulkdata.uspto.gov
"""

from __future__ import annotations

import csv
import re
from typing import Dict, Iterator, List, Optional, Sequence
from xml.etree.ElementTree import Element

from ..passages import Passage
from .base import Reading, Setting, Source
from .download import Fetched
from .files import Document, bounded_lines, decoded, documents
from .places import key_header, local_file
from .xml import records
from .xml_document import Record
from .xml_text import lines_of, text_of

LICENCE = "published patents; their texts are not restricted by the US patent office"
CLASSES = ("A61K", "A61P", "C07K", "C12N", "G01N33")
COLUMNS = ("publication_number", "title", "description")
MOST_FIELD = 32 << 20  # characters
SUFFIXES = (".csv", ".xml")
_TAGS = ("us-patent-grant", "us-patent-application")
_NUMBER = re.compile(r"[A-Z]{2}[- ]?[A-Z]{0,2}\d[\d/-]{0,20}(?:[- ]?[A-Z]\d{0,2})?")
_BLOCKS = frozenset({"p", "li", "ul", "ol", "dl", "dt", "dd", "heading", "claim-text", "br", "tables", "table"})
_LEFT_OUT = frozenset({"tables", "table", "maths", "chemistry", "img"})


def read_patents(where: str, reading: Reading) -> Iterator[Passage]:
    """Read patents.

    where (str): a file (.csv, .xml, .gz, .zip), a folder of them, or the https address of one.
    """
    path, note = local_file(where, reading, key_header("USPTO_API_KEY", "X-API-KEY"))
    for document in documents(path, SUFFIXES, reading.report):
        if document.name.lower().endswith(".csv"):
            yield from _read_csv(document, reading, note)
        else:
            for record in records(document.stream, _TAGS, document.where, reading.report):
                yield from _passages(record, reading, note)


def _read_csv(document: Document, reading: Reading, note: Optional[Fetched]) -> Iterator[Passage]:
    """A broken row costs itself, and those up to the next line that is a row again."""
    report = reading.report
    if csv.field_size_limit() < MOST_FIELD:
        csv.field_size_limit(
            MOST_FIELD
        )  # descriptions are longer than the module's own bound; it has one for all files
    lines = _Lines(document, reading)
    rows = csv.reader(lines, strict=True)
    places: Optional[Dict[str, int]] = None
    while True:
        begins = lines.number + 1
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            report.add(f"{document.where}, line {begins}", f"the row that begins here is broken or cut off ({error}).")
            continue
        where = f"{document.where}, line {begins}"
        if places is None:
            places = {name.strip().lower(): place for place, name in enumerate(row)}
            lacking = [name for name in COLUMNS if name not in places]
            if lacking:
                report.add(where, f"the file has no column '{lacking[0]}'; it needs {', '.join(COLUMNS)}.")
                return
            width = len(row)
        elif row and len(row) != width:
            report.add(where, f"the row has {len(row)} columns and not {width}; it is passed over.")
        elif row:
            number, title, text = (row[places[name]] for name in COLUMNS)
            yield from _passage(where, reading, note, number, title, text)
    if places is None:
        report.add(document.where, "the file is empty; it needs a head and rows.")


class _Lines:
    """The lines of a CSV file, and the number of the last one that was read."""

    def __init__(self, document: Document, reading: Reading) -> None:
        self.number = 0
        self._document, self._report = document, reading.report

    def __iter__(self) -> Iterator[str]:
        where = self._document.where
        for number, line in bounded_lines(self._document.stream, where, self._report, MOST_FIELD):
            self.number = number
            text = decoded(line, f"{where}, line {number}", self._report)
            if text is not None:
                yield text.replace("\0", "")


def _passage(
    where: str,
    reading: Reading,
    note: Optional[Fetched],
    number: str,
    title: str,
    text: str,
    section: str = "",
    date: str = "",
) -> Iterator[Passage]:
    number = number.strip()
    if not _NUMBER.fullmatch(number):
        reading.report.add(where, f"a patent with {number[:40]!r} for a publication number, such as US-2020123456-A1.")
        return
    yield from reading.passage(
        where,
        text,
        note,
        id=f"{number}.{section}" if section else number,
        source="patents",
        document=number,
        section=section,
        title=" ".join(title.split()),
        date=date,
        licence=LICENCE,
        url=f"https://patents.google.com/patent/{re.sub('[^A-Z0-9]', '', number)}/en",
    )


def _passages(record: Record, reading: Reading, note: Optional[Fetched]) -> Iterator[Passage]:
    patent, where = record
    data = patent.find("us-bibliographic-data-grant")
    data = patent.find("us-bibliographic-data-application") if data is None else data
    reference = None if data is None else data.find("publication-reference/document-id")
    if data is None or reference is None:
        reading.report.add(where, "a patent without a publication reference; it is passed over.")
        return
    if not _is_wanted(classes_of(data), reading["classes"]):
        reading.report.leave_out("a patent of other classes")
        return
    country, plain, kind, day = (text_of(reference.find(name)) for name in ("country", "doc-number", "kind", "date"))
    number = "-".join(filter(None, (country, plain.lstrip("0"), kind)))
    title = text_of(data.find("invention-title"))
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}" if re.fullmatch(r"\d{8}", day) else ""
    for section, element in (("abstract", "abstract"), ("", "description"), ("claims", "claims")):
        if element in reading["parts"]:
            text = lines_of(patent.find(element), _BLOCKS, _LEFT_OUT)
            yield from _passage(where, reading, note, number, title, text, section, date)


def classes_of(data: Element) -> List[str]:
    """RETURNS (list): the patent's CPC and IPC classes, as "A61K31/00", in the order of the file."""
    found = []
    for element in (*data.iter("classification-cpc"), *data.iter("classification-ipcr")):
        parts = [text_of(element.find(name)) for name in ("section", "class", "subclass", "main-group", "subgroup")]
        found.append(f"{''.join(parts[:4])}/{parts[4]}")
    for element in data.iter("classification-ipc"):  # before 2006
        for name in ("main-classification", "further-classification"):
            found += [re.sub(r"\s+", "", text_of(each)) for each in element.findall(name)]
    return found


def _is_wanted(classes: Sequence[str], wanted: Sequence[str]) -> bool:
    """A subclass ("A61K") is the beginning of a class; a main group ("G01N33") is it up to the slash."""
    return not wanted or any(
        each.startswith(prefix) and (len(prefix) <= 4 or each[len(prefix) :][:1] in ("/", ""))
        for each in classes
        for prefix in wanted
    )


PATENTS = Source(
    "patents",
    "biomedical patents",
    ("patents",),
    LICENCE,
    "CSV files (publication_number, title, description), or the US patent office's full texts (XML, weekly zips)",
    read_patents,
    (
        Setting("classes", CLASSES, "Full texts: CPC or IPC classes of which a patent must have one; empty for all."),
        Setting("parts", ("description",), "Full texts: what to read of abstract, description and claims."),
    ),
    suffixes=SUFFIXES,
)
