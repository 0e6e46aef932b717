"""One XML document, parsed as its bytes come: records within bounds, nothing from an attack, on with the next after damage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.entities import html5
from typing import Any, Collection, Dict, Iterator, List, NamedTuple, Optional
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from .report import Report

_BEHIND_ROOT = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_BLANK = b" \t\r\n"
_BUFFER = 1 << 16  # characters that the parser gathers of one text


@dataclass(frozen=True)
class Limits:
    """Bounds that no honest file reaches.

    record (int): bytes of a record's text, names and attributes.
    elements (int): elements of a record.
    depth (int): elements within each other.
    token (int): bytes of one tag or comment, which the parser must keep until its end.
    names (int): different names of elements and attributes in a document, which the parser keeps.
    """

    record: int = 64 << 20
    elements: int = 1_000_000
    depth: int = 256
    token: int = 1 << 20
    names: int = 10_000


LIMITS = Limits()


class Record(NamedTuple):
    """A record.

    element (Element): its tree; names have no prefix.
    where (str): file and line where it begins.
    """

    element: Element
    where: str


class _Refused(Exception):
    """What an attack does: the rest of the document is not read."""


class _Broken(Exception):
    """A record begins within another, at the byte `index`: that other one has no end."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class XmlDocument:
    """One document, or what is left of it behind a broken record."""

    def __init__(self, tags: Collection[str], where: str, line: int, report: Report, limits: Limits) -> None:
        self.tags, self.where, self.report, self.limits = tags, where, report, limits
        self._line = line  # of the next byte
        self.begun = False
        self.refused = False
        self.resumed = False
        self.root = b""
        self.encoding: Optional[str] = None
        self.ready: List[Record] = []
        self._next_record = re.compile(b"<(?:" + b"|".join(re.escape(tag.encode()) for tag in tags) + rb")[\s/>]")
        self._parser: Optional[expat.XMLParserType] = None
        self._carried = b""
        self._new_parser()

    def feed(self, data: bytes) -> Iterator[Record]:
        """YIELDS (Record): the records that end in the data."""
        if not self.begun:
            # A declaration must stand first, but some writers leave a blank line before it
            stripped = data.lstrip(_BLANK)
            self._line += data.count(b"\n", 0, len(data) - len(stripped))
            self._first_line = self._line
            data, self.begun = stripped, bool(stripped)
        while data and not self.refused:
            if self._parser is None:
                data = self._at_next_record(data)
                continue
            data = self._parse(data, False)
            yield from self._taken()
        yield from self._taken()

    def finish(self) -> Iterator[Record]:
        """YIELDS (Record): nothing more, unless the end shows that something is missing, which is reported."""
        if self._parser is not None and self.begun and not self.refused:
            self._parse(b"", True)
        yield from self._taken()

    def _taken(self) -> Iterator[Record]:
        taken, self.ready = self.ready, []
        yield from taken

    def _parse(self, data: bytes, last: bool) -> bytes:
        """RETURNS (bytes): what must be looked at again, behind a broken record."""
        parser = self._parser
        assert parser is not None
        fed = self._fed
        self._fed += len(data)
        try:
            parser.Parse(data, last)
            if self._fed - max(parser.CurrentByteIndex, 0) > self.limits.token:
                raise _Refused(f"a tag or comment is longer than {self.limits.token:,} bytes")
            if len(parser.intern) > self.limits.names:
                raise _Refused(f"there are more than {self.limits.names:,} different names of elements and attributes")
            self._line += data.count(b"\n")
        except _Refused as error:
            self.refused = True
            self.report.add(self._here(), f"{error}; it may be an attack, so the rest of the document is not read.")
        except _Broken as error:
            self.report.add(self._record_where, f"{error}; it is passed over.")
            return self._broken(data, error.index - fed)
        except expat.ExpatError as error:
            if last and self.resumed and not self._inside:
                return b""  # the ends of what surrounded the broken record
            line = self._first_line + error.lineno - 1
            behind_root = error.code == _BEHIND_ROOT and not self._inside
            if behind_root and self.resumed:
                pass  # the root's beginning was lost before, which was reported
            elif self._inside:
                broken = f"the record that begins here is broken or cut off at line {line}"
                self.report.add(self._record_where, f"{broken} ({expat.ErrorString(error.code)}); it is passed over.")
            else:
                message = f"this is not XML, or is cut off ({expat.ErrorString(error.code)})."
                self.report.add(f"{self.where}, line {line}", message)
            return self._broken(data, parser.ErrorByteIndex - fed + (not behind_root))
        except (ValueError, LookupError) as error:  # an encoding that Python does not know
            self.refused = True
            self.report.add(self._here(), f"not readable as XML ({error}); the rest of the document is not read.")
        return b""

    def _broken(self, data: bytes, at: int) -> bytes:
        at = min(max(at, 0), len(data))
        self._line += data.count(b"\n", 0, at)
        self._parser = None
        self._carried = b""
        return data[at:]

    def _at_next_record(self, data: bytes) -> bytes:
        """Look for the next record, and begin with it."""
        data = self._carried + data
        found = self._next_record.search(data)
        if found is None:
            keep = max(len(data) - max(len(tag) for tag in self.tags) - 1, 0)
            self._carried = data[keep:]
            self._line += data.count(b"\n", 0, keep)
            return b""
        self._line += data.count(b"\n", 0, found.start())
        self.resumed = True
        self._new_parser()
        assert self._parser is not None
        # Its end is still to come; where damage has made a record the root, it must not begin another one
        if self.root and self.root.decode().rpartition(":")[2] not in self.tags:
            self._parser.Parse(b"<" + self.root + b">", False)
            self._fed += len(self.root) + 2
        return data[found.start() :]

    def _new_parser(self) -> None:
        parser = expat.ParserCreate(self.encoding) if self.resumed else expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = _BUFFER
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.XmlDeclHandler = self._declaration
        parser.SkippedEntityHandler = self._skipped_entity
        parser.EntityDeclHandler = self._entity
        parser.ExternalEntityRefHandler = self._external
        self._parser = parser
        self._first_line = self._line
        self._fed = 0
        self._depth = 0
        self._builder: Optional[TreeBuilder] = None
        self._record_depth = 0
        self._record_where = ""
        self._size = self._elements = 0

    @property
    def _inside(self) -> bool:
        return self._record_depth > 0

    def _here(self) -> str:
        number = self._parser.CurrentLineNumber if self._parser is not None else 1
        return f"{self.where}, line {self._first_line + number - 1}"

    def _start(self, name: str, attributes: Dict[str, str]) -> None:
        self._depth += 1
        if not self.root:
            self.root = name.encode("utf-8")
        if self._depth > self.limits.depth:
            raise _Refused(f"elements lie in each other more than {self.limits.depth} deep")
        name = name.rpartition(":")[2]
        if name in self.tags:
            if self._inside:
                message = f"the <{name}> that begins here has no end before the next one"
                raise _Broken(message, self._parser.CurrentByteIndex if self._parser is not None else 0)
            self._record_depth, self._record_where = self._depth, self._here()
            self._builder = TreeBuilder()
            self._size = self._elements = 0
        if self._builder is not None:
            self._elements += 1
            if self._grown(len(name) + sum(len(key) + len(value) for key, value in attributes.items())):
                self._builder.start(name, attributes)

    def _end(self, name: str) -> None:
        if self._builder is not None:
            self._builder.end(name.rpartition(":")[2])
        if self._depth == self._record_depth:
            if self._builder is not None:
                self.ready.append(Record(self._builder.close(), self._record_where))
            self._builder, self._record_depth = None, 0
        self._depth -= 1

    def _data(self, text: str) -> None:
        if self._builder is not None and self._grown(len(text)):
            self._builder.data(text)

    def _grown(self, size: int) -> bool:
        """RETURNS (bool): whether the record is still within its bounds."""
        self._size += size
        if self._size <= self.limits.record and self._elements <= self.limits.elements:
            return True
        self._builder = None
        what = (
            f"{self.limits.record:,} bytes" if self._size > self.limits.record else f"{self.limits.elements:,} elements"
        )
        self.report.add(self._record_where, f"the record that begins here holds more than {what}; it is passed over.")
        return False

    def _declaration(self, version: str, encoding: Optional[str], standalone: int) -> None:
        self.encoding = encoding

    def _skipped_entity(self, name: str, is_parameter: bool) -> None:
        """A name that the document type is said to declare somewhere else: those of HTML are known without it."""
        if is_parameter:
            return
        self._data(html5.get(f"{name};", f"&{name};"))

    def _entity(
        self, name: str, is_parameter: int, value: Any, base: Any, system: Any, public: Any, notation: Any
    ) -> None:
        if notation is None:  # one with a notation is the name of a picture, which no text can refer to
            raise _Refused(f"the XML entity {name!r} is declared here, which no file of this source does")

    def _external(self, *_: Any) -> int:
        raise _Refused("something outside the file is referred to here")
