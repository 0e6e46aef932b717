"""The objects of a JSON list one at a time, with their lines: published data sets are one list of gigabytes."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path
from typing import Any, Iterator, NamedTuple

from .lines import DAMAGES, open_binary

_BLOCK = 1 << 16
_BETWEEN = re.compile(r"[\s,]*")


class Item(NamedTuple):
    """An element of a list.

    line (int): the line it begins in, from 1.
    source (str): it, as the file writes it.
    value: it, parsed.
    """

    line: int
    source: str
    value: Any


def iterate_list(path: Path, begins: str = r"\s*\[") -> Iterator[Item]:
    """Read the elements of a JSON list.

    path (Path): the file; `.gz` is unpacked.
    begins (str): what stands before the first element, as a regular expression; the list may be inside an object.
    YIELDS (Item): each element. What follows the list is not looked at.
    RAISES (ValueError): where the file is not UTF-8, not JSON, damaged or cut off; names file and line.
    """
    buffer, line, inside, wanted = "", 1, False, 1
    for buffer_end, block in _blocks(path):
        buffer += block
        if not inside:
            opening = re.search(begins, buffer)
            if opening is None:
                continue
            line += buffer.count("\n", 0, opening.end())
            buffer, inside = buffer[opening.end() :], True
        # An element that did not end yet is tried again when the buffer has doubled, so that the work stays linear.
        if len(buffer) < wanted and not buffer_end:
            continue
        at = 0
        while True:
            between = _BETWEEN.match(buffer, at)
            assert between is not None
            line += buffer.count("\n", at, between.end())
            at = between.end()
            if at < len(buffer) and buffer[at] == "]":
                return
            try:
                value, end = json.JSONDecoder().raw_decode(buffer, at)
            except RecursionError:
                raise ValueError(f"{path}, line {line}: this is nested too deeply.") from None
            except ValueError as error:
                if buffer_end:
                    raise ValueError(f"{path}, line {line}: this is not JSON, or is cut off ({error}).") from None
                break
            if end == len(buffer) and not buffer_end:
                break  # a number may go on in the next block
            yield Item(line, buffer[at:end], value)
            line += buffer.count("\n", at, end)
            at = end
        buffer = buffer[at:]
        wanted = 2 * len(buffer)
    if not inside:
        raise ValueError(f"{path}: it holds no list of the kind that its format has.")


def _blocks(path: Path) -> Iterator[tuple[bool, str]]:
    """YIELDS (tuple): whether the file ends here, and its next characters."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        with open_binary(path) as stream:
            while block := stream.read(_BLOCK):
                yield False, decoder.decode(block)
        yield True, decoder.decode(b"", final=True)
    except DAMAGES as error:
        raise ValueError(f"{path}: the gzip file is damaged ({error}).") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: this is not UTF-8 ({error.reason}).") from None
