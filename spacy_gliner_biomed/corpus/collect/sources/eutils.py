"""NCBI's E-utilities: a search kept on the history server, its records fetched in pages that lie on disk.

    esearch.fcgi?db=pubmed&term=…&mindate=…&maxdate=…&usehistory=y → count, webenv, querykey
    efetch.fcgi?db=pubmed&WebEnv=…&query_key=…&retstart=…&retmax=…&retmode=xml → a PubmedArticleSet

The server hands out the first 9,999 records of a search only, so days that have more are divided by PMID. Three requests a
second, ten with a key: NCBI_API_KEY, NCBI_EMAIL. https://www.ncbi.nlm.nih.gov/books/NBK25497/
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple

from ..passages import write_bytes
from .base import Reading
from .download import Again, Fetched, fetched
from .http import Client

BASE = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
MOST_RECORDS = 9_999
MOST_PAGE = 512 << 20
LAST_PMID = 99_999_999
SEARCHES = 4  # new searches for a page that the history server no longer gives
DATE_TYPES = ("pdat", "edat", "crdt", "mhda", "dcom")
_ERROR = re.compile(rb"<(?:ERROR|error)>(.{0,300}?)</", re.DOTALL)


@dataclass(frozen=True)
class Window:
    """A part of a query: a range of days, and of PMIDs where one day has too many records."""

    query: str
    first: date
    last: date
    date_type: str
    pmids: Optional[Tuple[int, int]] = None

    @property
    def name(self) -> str:
        """RETURNS (str): a folder name: the range, and a hash of the query."""
        digest = hashlib.sha256(f"{self.date_type} {self.query}".encode()).hexdigest()[:12]
        range_ = "" if self.pmids is None else f"_{self.pmids[0]}-{self.pmids[1]}"
        return f"{digest}/{self.first}_{self.last}{range_}"

    def parameters(self) -> Dict[str, str]:
        """RETURNS (dict): what esearch is asked."""
        term = self.query if self.pmids is None else f"({self.query}) AND {self.pmids[0]}:{self.pmids[1]}[UID]"
        days = {"mindate": f"{self.first:%Y/%m/%d}", "maxdate": f"{self.last:%Y/%m/%d}"}
        fixed = {"db": "pubmed", "retmode": "json", "retmax": "0", "usehistory": "y", "datetype": self.date_type}
        return {**fixed, **days, "term": term}

    def halves(self) -> Optional[Tuple[Window, Window]]:
        """RETURNS (tuple): the window in two, first by days, then by PMIDs; None where it is one record."""
        if self.first < self.last:
            middle = self.first + (self.last - self.first) // 2
            return replace(self, last=middle), replace(self, first=middle + timedelta(days=1))
        low, high = self.pmids or (1, LAST_PMID)
        if low == high:
            return None
        half = (low + high) // 2
        return replace(self, pmids=(low, half)), replace(self, pmids=(half + 1, high))


@dataclass(frozen=True)
class _Search:
    count: int
    environment: str
    key: str


def fetch_pages(query: str, reading: Reading) -> Iterator[Tuple[Path, Fetched]]:
    """Fetch the records of a query, those that are on disk from there.

    query (str): in PubMed's syntax.
    reading (Reading): its settings `from`, `to`, `days`, `page`, `date_type` and `address`.
    YIELDS (tuple): a file with a PubmedArticleSet, and when it was fetched; in the order of the days.
    RAISES (ValueError): for a range that is none. RAISES (OSError): where the server fails for long.
    """
    first, last = reading.day("from"), reading.day("to")
    days, page, date_type = reading["days"], reading["page"], reading["date_type"]
    if first > last:
        raise ValueError(f"The days from {first} to {last} are none; the setting 'to' must not lie before 'from'.")
    if last >= date.today():
        reading.report.add(f"query:{query}", f"the range ends on {last}, which is not over: a later run can find more.")
    if days < 1 or not 1 <= page <= MOST_RECORDS:
        raise ValueError(
            f"A search needs at least one day, not {days}, and pages of 1 to {MOST_RECORDS} records, not {page}."
        )
    if date_type not in DATE_TYPES:
        raise ValueError(f"The setting 'date_type' cannot be {date_type!r}; it is one of {', '.join(DATE_TYPES)}.")
    service = _Service(reading["address"])
    while first <= last:
        stop = min(first + timedelta(days=days - 1), last)
        yield from _pages_of(Window(query, first, stop, date_type), service, reading, page)
        first = stop + timedelta(days=1)


def _pages_of(window: Window, service: _Service, reading: Reading, page: int) -> Iterator[Tuple[Path, Fetched]]:
    folder = reading.folder() / "pubmed" / window.name
    found = _read_count(folder, page)
    search: Optional[_Search] = None
    if found is None:
        search = service.search(window)
        found = search.count
        for other in folder.glob("page-*"):  # of another length, so that their numbers mean other records
            other.unlink()
        write_bytes(folder / "search.json", json.dumps({"count": found, "page": page}).encode("utf-8"))
    if found > MOST_RECORDS:
        halves = window.halves()
        if halves is None:
            raise ValueError(f"The search server says that PMID {window.pmids} has {found} records, which cannot be.")
        for half in halves:
            yield from _pages_of(half, service, reading, page)
        return
    for start in range(0, found, page):
        path = folder / f"page-{start:05d}.xml"
        done = fetched(path)
        if done is None:
            search, done = service.fetch(window, search, found, start, min(page, found - start), path)
        yield path, done


def _read_count(folder: Path, page: int) -> Optional[int]:
    """RETURNS (int): how many records an earlier run found, where its pages were as long."""
    try:
        known = json.loads((folder / "search.json").read_text(encoding="utf-8"))
        return int(known["count"]) if known["page"] == page else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _Service:
    """The E-utilities, as polite as they ask one to be."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/") + "/"
        key, email = os.environ.get("NCBI_API_KEY", ""), os.environ.get("NCBI_EMAIL", "")
        self._who = {
            "tool": "spacy-gliner-biomed",
            **({"email": email} if email else {}),
            **({"api_key": key} if key else {}),
        }
        self._client = Client(per_second=9.0 if key else 2.9)

    def search(self, window: Window) -> _Search:
        """RETURNS (_Search): a new search on the history server. RAISES (ValueError): where it refuses the query."""
        reply = self._client.get(self.address + "esearch.fcgi", {**window.parameters(), **self._who})
        try:
            result: Dict[str, Any] = json.loads(reply, strict=False)["esearchresult"]
            if "ERROR" in result:
                raise ValueError(f"PubMed refuses the query {window.query!r}: {result['ERROR']}")
            return _Search(int(result["count"]), str(result.get("webenv", "")), str(result.get("querykey", "")))
        except (KeyError, TypeError, json.JSONDecodeError):
            raise OSError(f"PubMed's search answers {reply[:120]!r}, which is no result; try again later.") from None

    def fetch(
        self, window: Window, search: Optional[_Search], count: int, start: int, size: int, path: Path
    ) -> Tuple[_Search, Fetched]:
        """Fetch a page; searches anew where there is no search, or the history server has forgotten it.

        RETURNS (tuple): the search that holds now, and what is known about the page.
        RAISES (OSError): where the server fails for long, or finds another number of records than before.
        """
        for _ in range(SEARCHES):
            if search is None:
                search = self.search(window)
                if search.count != count:
                    raise OSError(
                        f"PubMed finds {search.count} records from {window.first} to {window.last}, and found {count} when "
                        f"the pages in '{path.parent}' were fetched; remove that folder, so that all are of one day."
                    )
            place = {"WebEnv": search.environment, "query_key": search.key, "retstart": str(start), "retmax": str(size)}
            fixed = {"db": "pubmed", "rettype": "abstract", "retmode": "xml"}
            try:
                parameters = {**fixed, **place, **self._who}
                return search, self._client.fetch(
                    self.address + "efetch.fcgi", path, parameters, _check_page, MOST_PAGE
                )
            except _Forgotten:
                search = None
        raise OSError(
            f"PubMed's history server gives no page from {start} of {window.first} to {window.last}; try again later."
        )


class _Forgotten(Exception):
    """The history server no longer knows a search."""


def _check_page(path: Path) -> None:
    """An error comes with status 200. RAISES (Again): for one that passes. RAISES (_Forgotten): for a lost search."""
    with path.open("rb") as stream:
        head = stream.read(2000)
        stream.seek(max(path.stat().st_size - 200, 0))
        tail = stream.read()
    error = _ERROR.search(head)
    if error is not None and b"<PubmedArticleSet" not in head:
        message = " ".join(error[1].decode("utf-8", "replace").split())
        if re.search(r"(?i)webenv|query|history", message):
            raise _Forgotten(message)
        raise Again(f"the server says: {message}")
    if b"<PubmedArticleSet" not in head or not re.search(rb"</PubmedArticleSet>\s*$|<PubmedArticleSet\s*/>\s*$", tail):
        raise Again("the page is not a whole PubmedArticleSet")
