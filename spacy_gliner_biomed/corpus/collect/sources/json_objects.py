"""The objects of a JSON file one at a time, each within a bound; one that is broken or too large costs only itself."""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, List, NamedTuple, Optional

from .files import Bounded, bounded_lines
from .report import Report

MOST_BYTES = 32 << 20  # of one object
_BLOCK = 1 << 16
_STRUCTURE = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'["\\\n]')
_WRAPPED = re.compile(rb'\s*\{\s*"(?:studies|nextPageToken|totalCount)"\s*:')
LINES = (".jsonl", ".ndjson")


class Item(NamedTuple):
    """An object of a file.

    value: the object, parsed.
    where (str): file and line where it begins.
    """

    value: Any
    where: str


def json_objects(stream: Bounded, name: str, where: str, report: Report, most: int = MOST_BYTES) -> Iterator[Item]:
    """Read the objects of a JSON file: a line each, in a list, in the list of an API's page, or one after the other.

    stream (Bounded): the file.
    name (str): its name; `.jsonl` and `.ndjson` hold an object a line.
    where (str): the file, for messages.
    report (Report): told of objects that are broken, cut off, or longer than `most` bytes.
    YIELDS (Item): in file order.
    """
    if name.lower().endswith(LINES):
        for number, line in bounded_lines(stream, where, report, most):
            if line.strip():
                yield from _parsed(line, f"{where}, line {number}", report)
    else:
        yield from _Objects(where, report, most).of(stream)


class _Objects:
    """Finds where objects begin and end by counting brackets, strings passed over."""

    def __init__(self, where: str, report: Report, most: int) -> None:
        self._where, self._report, self._most = where, report, most
        self._line = 1
        self._depth = 0  # brackets open
        self._wanted = 0  # brackets open around an object that is wanted
        self._in_string = False
        self._begun: Optional[str] = None  # where the object that is being read begins
        self._pieces: List[bytes] = []
        self._size = 0
        self._found = 0

    def of(self, stream: Bounded) -> Iterator[Item]:
        block = stream.read(_BLOCK).removeprefix(b"\xef\xbb\xbf")
        first = block.lstrip()[:1]
        if first not in (b"{", b"["):
            self._report.add(
                self._where, "JSON of this source begins with '{' or '['; this file does not, and is passed over."
            )
            return
        self._wanted = 2 if _WRAPPED.match(block) else 1 if first == b"[" else 0
        while block:
            yield from self._scan(block)
            block = stream.read(_BLOCK)
        if self._begun is not None:
            self._report.add(self._begun, "the object that begins here is cut off.")
        elif self._depth:
            self._report.add(f"{self._where}, line {self._line}", "the file is cut off here.")

    def _scan(self, block: bytes) -> Iterator[Item]:
        at = start = 0
        counted = 0
        if self._in_string and self._escaped:
            at, self._escaped = 1, False
        while at < len(block):
            found = (_IN_STRING if self._in_string else _STRUCTURE).search(block, at)
            if found is None:
                break
            sign, at = found[0], found.end()
            if self._in_string:
                if sign == b"\\":
                    self._escaped = at == len(block)
                    at += 1
                else:  # a line end in a string is an error; without this one, all that follows would be taken for text
                    self._in_string = False
            elif sign == b'"':
                self._in_string = True
            elif sign in b"{[":
                if sign == b"{" and self._depth == self._wanted and self._begun is None:
                    self._line += block.count(b"\n", counted, found.start())
                    counted = start = found.start()
                    self._begun, self._pieces, self._size = f"{self._where}, line {self._line}", [], 0
                self._depth += 1
            else:
                self._depth = max(self._depth - 1, 0)
                if self._begun is not None and self._depth == self._wanted:
                    yield from self._finished(block[start:at])
        self._line += block.count(b"\n", counted)
        if self._begun is not None:
            self._keep(block[start:])

    _escaped = False

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._most:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def _finished(self, piece: bytes) -> Iterator[Item]:
        self._keep(piece)
        where, self._begun = self._begun or self._where, None
        if self._size > self._most:
            self._report.add(
                where, f"the object that begins here is longer than {self._most:,} bytes; it is passed over."
            )
        else:
            yield from _parsed(b"".join(self._pieces), where, self._report)
        self._pieces = []


def _parsed(data: bytes, where: str, report: Report) -> Iterator[Item]:
    try:
        yield Item(json.loads(data.decode("utf-8-sig"), strict=False), where)
    except RecursionError:
        report.add(where, "the object that begins here is nested too deeply; it is passed over.")
    except UnicodeDecodeError as error:
        report.add(where, f"this is not UTF-8 ({error.reason} at byte {error.start}); it is passed over.")
    except ValueError as error:
        report.add(where, f"this is not JSON ({error}); it is passed over.")
