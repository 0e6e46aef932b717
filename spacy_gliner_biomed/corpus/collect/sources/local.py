"""Text of one's own: plain text, JSON Lines, BioC.

A row of a JSON Lines file needs `text`; `id`, `doc_id` (or `document`), `source`, `section`, `title`, `date`, `licence` (or
`license`), `url` and `retrieved` are taken over where it has them. Plain text is a passage a file, or one a paragraph.
"""

from __future__ import annotations

import codecs
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ...formats import detect_format, read
from ..passages import Passage
from .base import Reading, Setting, Source
from .download import Fetched
from .files import (
    MOST_LINE,
    Document,
    bounded_lines,
    decoded,
    documents,
    links_out,
    plain_files,
    report_links,
    reported,
)
from .json_objects import LINES, Item, json_objects
from .places import local_file

TEXT, BIOC = (".txt", ".text", ".md"), (".xml", ".json")
UNITS = ("file", "paragraph")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Our field, and the names it goes by in other people's files
FIELDS = {
    "id": ("id",),
    "document": ("document", "doc_id"),
    "source": ("source",),
    "section": ("section",),
    "title": ("title",),
    "date": ("date",),
    "licence": ("licence", "license"),
    "url": ("url",),
}


def read_local(where: str, reading: Reading) -> Iterator[Passage]:
    """Read text of one's own.

    where (str): a file or folder (.txt, .jsonl, .ndjson, .gz, .zip; BioC as .xml, .json or .jsonl, not in archives), or the
        https address of a file.
    RAISES (ValueError): for an unknown unit.
    """
    if reading["unit"] not in UNITS:
        raise ValueError(f"The setting 'unit' cannot be {reading['unit']!r}; it is file or paragraph.")
    if not reading["name"]:
        raise ValueError("The setting 'name' of local cannot be empty; passages carry it as their source.")
    root, note = local_file(where, reading)
    if root.is_dir():
        report_links(links_out(root), reading.report)
    for path in plain_files(root) if root.is_dir() else [root]:
        name = path.relative_to(root).as_posix() if root.is_dir() else path.name
        if _is_bioc(path):
            if reading.report.begin_piece():
                yield from _read_bioc(path, reading, note)
            continue
        for document in documents(path, (*TEXT, *LINES), reading.report):
            inside = name if document.where == str(path) else f"{name}/{document.where.removeprefix(f'{path}/')}"
            if document.name.lower().endswith(LINES):
                for item in json_objects(document.stream, document.name, document.where, reading.report):
                    yield from _row(item, inside, reading, note)
            elif document.name.lower().endswith(TEXT):
                yield from _read_text(document, inside, reading, note)
            else:
                reading.report.add(document.where, f"a file that ends in none of {', '.join((*TEXT, *LINES, *BIOC))}.")


def _is_bioc(path: Path) -> bool:
    plain = path.name.lower().removesuffix(".gz")
    if not plain.endswith((*BIOC, *LINES)):
        return False
    try:
        return detect_format(path) == "bioc"
    except ValueError:
        return False


def _read_bioc(path: Path, reading: Reading, note: Optional[Fetched]) -> Iterator[Passage]:
    with reported(str(path), reading.report):
        try:
            for passage in read(path, "bioc", "report", reading.report):
                fields = {"id": passage.id, "document": passage.document, **_own(reading)}
                yield from reading.passage(passage.where, passage.text, note, **fields)
        except ValueError as error:
            reading.report.add(str(path), f"the rest is not read: {str(error).removeprefix(str(path)).lstrip(':, ')}")


def _row(item: Item, name: str, reading: Reading, note: Optional[Fetched]) -> Iterator[Passage]:
    row, where = item
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        reading.report.add(where, "the row has no 'text'; it is passed over.")
        return
    fields: Dict[str, str] = {"id": f"{name}:{where.rpartition('line ')[2]}", **_own(reading)}
    for field, others in FIELDS.items():
        value: Any = next((row[other] for other in others if row.get(other) not in (None, "")), None)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            fields[field] = str(value)
        elif value is not None:
            reading.report.add(where, f"'{field}' is no text but {str(value)[:40]!r}; it is left out.")
    fields.setdefault("document", fields["id"])
    for passage in reading.passage(where, row["text"], note, **fields):
        retrieved = row.get("retrieved")
        yield replace(passage, retrieved=retrieved) if isinstance(retrieved, str) else passage


def _read_text(document: Document, name: str, reading: Reading, note: Optional[Fetched]) -> Iterator[Passage]:
    number = 0
    for line, text in _texts(document, reading):
        number += 1
        own = {"id": name if reading["unit"] == "file" else f"{name}#{number}", "document": name, **_own(reading)}
        yield from reading.passage(f"{document.where}, line {line}", text, note, **own)


def _texts(document: Document, reading: Reading) -> Iterator[Tuple[int, str]]:
    """YIELDS (tuple): the file's text, or its paragraphs, each with the line that it begins in."""
    lines: List[str] = []
    begins, size, is_text = 1, 0, True
    for number, data in bounded_lines(document.stream, document.where, reading.report):
        if b"\0" in data or data.startswith(UTF_16):
            if is_text:
                reading.report.add(
                    f"{document.where}, line {number}",
                    "this is UTF-16, or no text; it and other lines like it are passed over; save the file as UTF-8.",
                )
            is_text = False
            continue
        line = decoded(data, f"{document.where}, line {number}", reading.report)
        if line is None:
            continue
        if reading["unit"] == "paragraph" and not line.strip():
            if lines:
                yield begins, "".join(lines)
            lines, size = [], 0
            continue
        if not lines:
            begins = number
        size += len(data)
        if size > MOST_LINE:
            reading.report.add(
                f"{document.where}, line {begins}",
                f"the text that begins here is longer than {MOST_LINE:,} bytes; it is cut.",
            )
            yield begins, "".join(lines)
            lines, size, begins = [], len(data), number
        lines.append(line)
    if lines:
        yield begins, "".join(lines)


def _own(reading: Reading) -> Dict[str, str]:
    return {"source": reading["name"], "licence": reading["licence"]}


LOCAL = Source(
    "local",
    "text of one's own",
    ("local",),
    "",
    "files or folders of plain text, JSON Lines or BioC",
    read_local,
    (
        Setting("name", "local", "What its passages carry as source."),
        Setting("licence", "", "What its passages carry as licence, unless a row has its own."),
        Setting("unit", "file", "Plain text: a passage a file, or one a paragraph (file, paragraph)."),
    ),
    whole_folders=True,
    suffixes=(*TEXT, *LINES, *BIOC),
)
