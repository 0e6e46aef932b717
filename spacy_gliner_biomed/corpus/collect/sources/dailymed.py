"""DailyMed's drug labels: SPL files (HL7 version 3), alone, from the bulk archives, or by set id.

    <document xmlns="urn:hl7-org:v3"><title/><effectiveTime value="20240131"/><setId root="…"/>
      <component><structuredBody><component><section>
        <code code="34067-9" codeSystem="2.16.840.1.113883.6.1"/> <title>INDICATIONS</title>
        <text><paragraph>…</paragraph><list><item>…</item></list><table>…</table>…</text>
        <component><section>…

A passage is the text of one section up to the next heading; sections within it are passages of their own. Tables, pictures
and the headings themselves are left out, what follows a table is not. A section without a heading is a passage too.
The bulk archives are zips of zips, one a label: https://dailymed.nlm.nih.gov/dailymed/spl-resources-all-drug-labels.cfm
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, List, Optional, Tuple
from xml.etree.ElementTree import Element

from ..passages import Passage
from .base import Reading, Setting, Source
from .download import Again, Fetched
from .drug_names import set_id_of, title_of
from .files import documents
from .http import Client, NotThere
from .places import local_file
from .xml import records
from .xml_document import Record
from .xml_text import lines_of, text_of

ADDRESS = "https://dailymed.nlm.nih.gov/dailymed/services/v2/spls/"
LICENCE = "DailyMed; labels as submitted to the FDA, free to use"
NAMESPACE = "urn:hl7-org:v3"
MOST_LABEL = 256 << 20
SUFFIXES = (".xml",)
SET_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Elements whose text stands on lines of its own
_BLOCKS = frozenset({"paragraph", "list", "item", "caption", "br", "footnote", "table"})
_LEFT_OUT = frozenset({"table", "renderMultiMedia", "observationMedia", "footnoteRef", "title"})


def read_dailymed(where: str, reading: Reading) -> Iterator[Passage]:
    """Read drug labels.

    where (str): `setid:` and set ids with commas between, which are fetched; or a file (.xml, .xml.gz, .zip, a zip of zips),
        a folder of them, or the https address of one.
    RAISES (ValueError): for a set id that is none.
    """
    for path, note in _files(where, reading):
        for record in labels(path, reading):
            yield from _passages(record, reading, note)


def labels(path: Path, reading: Reading) -> Iterator[Record]:
    """YIELDS (Record): each label of a file or folder that is an SPL with a set id; what is none is reported."""
    for document in documents(path, SUFFIXES, reading.report):
        for record in records(document.stream, ("document",), document.where, reading.report):
            if NAMESPACE not in (value for key, value in record.element.items() if key.startswith("xmlns")):
                reading.report.add(
                    record.where, f"this document is no drug label; those are of the namespace {NAMESPACE}."
                )
            elif not SET_ID.fullmatch(set_id_of(record.element)):
                found = set_id_of(record.element)[:60]
                reading.report.add(
                    record.where, f"a label with {found!r} for a set id, which is 32 hexadecimal digits."
                )
            else:
                yield record


def _files(where: str, reading: Reading) -> Iterator[Tuple[Path, Optional[Fetched]]]:
    if not where.startswith("setid:"):
        yield local_file(where, reading)
        return
    set_ids = [each.strip().lower() for each in where.removeprefix("setid:").split(",") if each.strip()]
    for set_id in set_ids:
        if not SET_ID.fullmatch(set_id):
            raise ValueError(
                f"'{set_id[:60]}' is no set id of DailyMed; one has 32 hexadecimal digits, in five groups."
            )
    client = Client(per_second=3.0)
    for set_id in set_ids:
        path = reading.folder() / "dailymed" / f"{set_id}.xml"
        address = f"{reading['address'].rstrip('/')}/{set_id}.xml"
        try:
            note = client.fetch(address, path, check=_check_label, most=MOST_LABEL)
        except NotThere:
            reading.report.add(address, f"DailyMed has no label of the set id {set_id}.")
        else:
            yield path, note


def _check_label(path: Path) -> None:
    """RAISES (Again): where the server sent something else, or a part."""
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - 200, 0))
        if not re.search(rb"</(?:\w+:)?document>\s*(?:<!--.*?-->\s*)?$", stream.read(), re.DOTALL):
            raise Again("the label is not whole")


def _passages(record: Record, reading: Reading, note: Optional[Fetched]) -> Iterator[Passage]:
    label, where = record
    set_id = set_id_of(label)
    common = {
        "source": "dailymed",
        "document": set_id,
        "title": title_of(label),
        "date": _day(label),
        "licence": LICENCE,
        "url": f"https://dailymed.nlm.nih.gov/dailymed/drugInfo.cfm?setid={set_id}",
    }
    for number, section in enumerate(_sections(label)):
        own = {"id": f"{set_id}.{number}", "section": text_of(section.find("title"))}
        yield from reading.passage(where, section_text(section.find("text")), note, **own, **common)
        if reading["highlights"]:
            excerpt = section.find("excerpt/highlight/text")
            if excerpt is not None:
                own = {"id": f"{set_id}.{number}h", "section": f"Highlights: {own['section']}"}
                yield from reading.passage(where, section_text(excerpt), note, **own, **common)


def _sections(label: Element) -> Iterator[Element]:
    """YIELDS (Element): all sections, each before those within it."""
    for body in label.findall("component/structuredBody"):
        waiting = _below(body)
        while waiting:
            section = waiting.pop()
            yield section
            waiting.extend(_below(section))


def _below(element: Element) -> List[Element]:
    """RETURNS (list): the sections directly in an element, the last one first."""
    return element.findall("component/section")[::-1]


def section_text(text: Optional[Element]) -> str:
    """The text of a section's `text` element.

    text (Element): the element, or None.
    RETURNS (str): a line for each paragraph, list item and caption; tables, pictures and marks of footnotes left out.
    """
    return lines_of(text, _BLOCKS, _LEFT_OUT)


def _day(label: Element) -> str:
    found = label.find("effectiveTime")
    value = "" if found is None else found.get("value", "")
    match = re.match(r"(\d{4})(\d{2})?(\d{2})?", value)
    return "-".join(filter(None, match.groups())) if match else ""


DAILYMED = Source(
    "dailymed",
    "drug labels, DailyMed",
    ("dailymed",),
    LICENCE,
    "setid:ID,ID (fetched), or SPL files: XML, the bulk archives (zips of zips)",
    read_dailymed,
    (
        Setting("highlights", False, "Also read the highlights, which repeat the label in short."),
        Setting("address", ADDRESS, "Where labels are fetched by set id."),
    ),
    suffixes=SUFFIXES,
)
