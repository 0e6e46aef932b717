"""XML from anywhere, record by record: no entity is expanded, nothing outside is read, memory and depth are bounded.

A broken record costs only itself: reading goes on with the next one. A file may hold several documents one behind the
other, each with its `<?xml …?>`, as the weekly files of patents do.
"""

from __future__ import annotations

import codecs
import re
from typing import Collection, Iterator, Optional, Tuple

from .files import Bounded
from .report import Report
from .xml_document import LIMITS, Limits, Record, XmlDocument

_DECLARATION = re.compile(rb"<\?xml[ \t\r\n]")
_BLOCK = 1 << 16
_HELD_BACK = 5  # bytes of a declaration that the end of a block may hold


def records(
    stream: Bounded, tags: Collection[str], where: str, report: Report, limits: Limits = LIMITS
) -> Iterator[Record]:
    """Read the records of an XML file.

    stream (Bounded): the file, unpacked.
    tags (collection): names of the elements that are records; records do not lie in each other.
    where (str): the file, for messages.
    report (Report): told of broken records, of records beyond a bound, and of documents that are refused.
    YIELDS (Record): in file order.
    """
    n_records, n_problems = 0, len(report)
    for document, data in _documents(stream, tags, where, report, limits):
        for record in document.finish() if data is None else document.feed(data):
            n_records += 1
            yield record
    if not n_records and len(report) == n_problems:
        report.add(where, f"the file holds no {' or '.join(f'<{tag}>' for tag in tags)}.")


def _documents(
    stream: Bounded, tags: Collection[str], where: str, report: Report, limits: Limits
) -> Iterator[Tuple[XmlDocument, Optional[bytes]]]:
    """YIELDS (tuple): each document with its bytes, block by block, None at its end."""
    line = 1
    document = XmlDocument(tags, where, line, report, limits)
    rest = stream.read(_BLOCK).removeprefix(codecs.BOM_UTF8)
    while True:
        block = stream.read(_BLOCK) if rest else b""
        data, start = rest + block, 0
        for declaration in _DECLARATION.finditer(data):
            if declaration.start() > start or document.begun:
                yield document, data[start : declaration.start()]
                yield document, None
                line += data.count(b"\n", start, declaration.start())
                document = XmlDocument(tags, where, line, report, limits)
                start = declaration.start()
        stop = max(len(data) - _HELD_BACK, start) if block else len(data)
        yield document, data[start:stop]
        line += data.count(b"\n", start, stop)
        rest = data[stop:]
        if not block:
            yield document, None
            return
