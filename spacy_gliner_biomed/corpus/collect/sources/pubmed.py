"""PubMed abstracts: by a query over a range of days (E-utilities), or from XML files (the yearly baseline, daily updates).

    <PubmedArticleSet><PubmedArticle><MedlineCitation>
      <PMID Version="1">…</PMID>
      <Article><Journal><JournalIssue><PubDate><Year/><Month/><Day/></PubDate>…</Journal>
        <ArticleTitle>…</ArticleTitle>
        <Abstract><AbstractText Label="METHODS">…</AbstractText>… <CopyrightInformation/></Abstract>…

A structured abstract becomes a line for each part, "METHODS: …". Title and PMID are required.
https://www.ncbi.nlm.nih.gov/books/NBK25501/ (E-utilities), https://pubmed.ncbi.nlm.nih.gov/download/ (files)
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Iterator, List, Optional
from xml.etree.ElementTree import Element

from ..passages import Passage
from .base import Reading, Setting, Source
from .download import Fetched
from .eutils import BASE, fetch_pages
from .files import documents
from .places import local_file
from .xml import records
from .xml_document import Record
from .xml_text import text_of

LICENCE = "NLM data terms; abstracts may be under their publishers' copyright"
# The seed's query: what a disease does to people, in articles that have an abstract
QUERY = '"pathological conditions, signs and symptoms"[MeSH Terms] AND fha[Filter]'
SUFFIXES = (".xml",)
_PMID = re.compile(r"[1-9]\d{0,8}")
_MONTHS = {
    name: f"{number:02d}"
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)
}


def read_pubmed(where: str, reading: Reading) -> Iterator[Passage]:
    """Read abstracts. RAISES (ValueError): for a query without a range of days.

    where (str): `query:` and a PubMed query, `QUERY` where nothing follows; or a file (.xml, .xml.gz, .zip), a folder of
        them, or the https address of one.
    """
    seen = _Seen()
    for passage in reading.earlier():
        seen.add(int(passage.id))
    if where.startswith("query:"):
        for page, fetched_then in fetch_pages(where.removeprefix("query:").strip() or QUERY, reading):
            yield from _read_files(page, fetched_then, reading, seen)
    else:
        yield from _read_files(*local_file(where, reading), reading, seen)


class _Seen:
    """The PMIDs that were met, a bit each: a revised record in an update file, and windows of days that overlap."""

    def __init__(self) -> None:
        self._blocks: Dict[int, bytearray] = {}  # of 65,536 numbers each, so that a single large one costs little

    def add(self, number: int) -> bool:
        """RETURNS (bool): whether it is new."""
        block = self._blocks.setdefault(number >> 16, bytearray(1 << 13))
        at, bit = (number & 0xFFFF) >> 3, 1 << (number & 7)
        if block[at] & bit:
            return False
        block[at] |= bit
        return True


def _read_files(path: Path, note: Optional[Fetched], reading: Reading, seen: _Seen) -> Iterator[Passage]:
    for document in documents(path, SUFFIXES, reading.report):
        tags = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
        for record in records(document.stream, tags, document.where, reading.report):
            yield from _passage(record, reading, seen, note)


def _passage(record: Record, reading: Reading, seen: _Seen, note: Optional[Fetched]) -> Iterator[Passage]:
    element, where = record
    report = reading.report
    if element.tag != "PubmedArticle":
        report.leave_out("books" if element.tag == "PubmedBookArticle" else "lists of deleted records")
        return
    pmid = text_of(element.find("MedlineCitation/PMID"))
    article = element.find("MedlineCitation/Article")
    title = text_of(None if article is None else article.find("ArticleTitle"))
    if not _PMID.fullmatch(pmid):
        report.add(where, f"an article with {pmid[:40]!r} for a PMID, which is a number of at most nine digits.")
        return
    if article is None or not title:
        report.add(where, f"the article {pmid} has no title.")
        return
    abstract = article.find("Abstract")
    text = abstract_text(abstract)
    if not text:
        report.leave_out("no abstract")
        return
    if not seen.add(int(pmid)):
        report.leave_out("a PMID that was read before")
        return
    copyright_note = text_of(None if abstract is None else abstract.find("CopyrightInformation"))
    yield from reading.passage(
        where,
        text,
        note,
        id=pmid,
        source="pubmed",
        document=f"PMID:{pmid}",
        title=title,
        date=publication_date(article),
        licence=f"{LICENCE}: {copyright_note}" if copyright_note else LICENCE,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
    )


def abstract_text(abstract: Optional[Element]) -> str:
    """RETURNS (str): the parts of an abstract, a line each, with their labels; "" for None."""
    parts: List[str] = []
    for part in [] if abstract is None else abstract.findall("AbstractText"):
        text, label = text_of(part), " ".join(part.get("Label", "").split())
        if text:
            # "UNLABELLED" is what NLM writes where the authors wrote nothing
            parts.append(f"{label}: {text}" if label and label != "UNLABELLED" else text)
    return "\n".join(parts)


def publication_date(article: Element) -> str:
    """RETURNS (str): "2024-03-09", "2024-03" or "2024", as far as the article says; "" where it does not."""
    for path in ("Journal/JournalIssue/PubDate", "ArticleDate"):
        found = article.find(path)
        if found is None:
            continue
        year = text_of(found.find("Year")) or next(
            iter(re.findall(r"\b\d{4}\b", text_of(found.find("MedlineDate")))), ""
        )
        month = text_of(found.find("Month")).lower()
        month = _MONTHS.get(month[:3], month.zfill(2) if month.isdigit() else "")
        day = text_of(found.find("Day"))
        if re.fullmatch(r"\d{4}", year):
            return "-".join(filter(None, (year, month, day.zfill(2) if month and day.isdigit() else "")))
    return ""


PUBMED = Source(
    "pubmed",
    "PubMed abstracts",
    ("pubmed",),
    LICENCE,
    "query:WORDS (E-utilities; needs the settings from and to), or XML files as the baseline has them",
    read_pubmed,
    (
        Setting("from", "", "First day of the range, as 2024-01-01."),
        Setting("to", "", "Last day of the range."),
        Setting("date_type", "pdat", "Which date is meant: pdat (publication), edat (entry), crdt, mhda or dcom."),
        Setting("days", 7, "Days to a search; searches with too many records are divided."),
        Setting("page", 500, "Records to a request."),
        Setting("address", BASE, "Where the E-utilities are."),
    ),
    suffixes=SUFFIXES,
)
