"""Text files line by line, plain or gzipped, with errors that name file and line."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import IO, Any, Iterator, Optional, Tuple

from .problems import Problems, RaisedProblems

DAMAGES = (EOFError, gzip.BadGzipFile, zlib.error)  # what reading a damaged gzip file raises


def open_binary(path: Path) -> IO[bytes]:
    """RETURNS (IO[bytes]): the file, unpacked where its name ends in `.gz`."""
    return gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def json_lines(path: Path, problems: Optional[Problems] = None) -> Iterator[Tuple[str, Any]]:
    """Read a JSON Lines file, one row at a time; empty lines are passed over.

    path (Path): the file; `.gz` is unpacked.
    problems (Problems): told of lines that are no JSON, which are then passed over; without it the first is an error.
    YIELDS (Tuple[str, Any]): file and line, for messages, and the row.
    RAISES (ValueError): for a line that is no JSON, and as `numbered_lines`; one sentence with file and line.
    """
    problems = RaisedProblems() if problems is None else problems
    for number, line in numbered_lines(path):
        if line.strip():
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                problems.add(where, f"this is not JSON ({error}).")
                continue
            yield where, row


def numbered_lines(path: Path) -> Iterator[Tuple[int, str]]:
    """Read a UTF-8 text file line by line.

    path (Path): the file; `.gz` is unpacked.
    YIELDS (Tuple[int, str]): the line's number from 1, and the line without its line end; a byte order mark is left out.
    RAISES (ValueError): where the gzip file is damaged or a line is not UTF-8; names file and line.
    """
    number = 0
    try:
        with open_binary(path) as lines:
            for number, line in enumerate(lines, start=1):
                text = line.decode("utf-8").rstrip("\r\n")
                yield number, text.removeprefix("\ufeff") if number == 1 else text
    except DAMAGES as error:
        raise ValueError(f"{path}, after line {number}: the gzip file is damaged ({error}).") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}, line {number}: this is not UTF-8 ({error.reason} at byte {error.start}).") from None


def read_text(path: Path) -> str:
    """RETURNS (str): a whole UTF-8 text file, its line ends as they are, since offsets count them.

    RAISES (ValueError): as `numbered_lines`.
    """
    try:
        with open_binary(path) as stream:
            return stream.read().decode("utf-8")
    except DAMAGES as error:
        raise ValueError(f"{path}: the gzip file is damaged ({error}).") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: this is not UTF-8 ({error.reason} at byte {error.start}).") from None


def head_of(path: Path, size: int = 1 << 16) -> str:
    """The beginning of a text file, for a look at what it is: a file may be one line of gigabytes.

    path (Path): the file; `.gz` is unpacked.
    size (int): how many bytes to read.
    RETURNS (str): decoded as UTF-8, whatever is none replaced.
    RAISES (ValueError): where the gzip file is damaged.
    """
    try:
        with open_binary(path) as stream:
            return stream.read(size).decode("utf-8", errors="replace").removeprefix("\ufeff")
    except DAMAGES as error:
        raise ValueError(f"{path}: the gzip file is damaged ({error}).") from None
