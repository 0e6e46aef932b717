"""The files of a source: alone, in folders, in zip archives and in archives of archives; every one read within a bound.

Names in an archive are never used as paths; nothing is unpacked to disk but to unnamed temporary files.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Callable, Collection, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union

from ...formats import lines
from .report import Report

MOST_BYTES = 16 << 30  # of one file, unpacked
MOST_ARCHIVE = 2 << 30  # of an archive within an archive
MOST_ARCHIVES = 2  # archives within each other
MOST_LINE = 32 << 20
NOTES = (".fetched.json", ".part", ".part.json")  # what a download writes beside its file
_IN_MEMORY = 32 << 20
_BLOCK = 1 << 16
DAMAGES = (*lines.DAMAGES, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class Bounded:
    """A stream that ends where its file is damaged, and where it goes on behind its bound; both are reported.

    Small archives that unpack to terabytes are an old trick.

    stream (IO): the bytes.
    where (str): the file, for messages.
    report (Report): takes the problem.
    most (int): bytes that may be read.
    """

    def __init__(self, stream: IO[bytes], where: str, report: Report, most: int = MOST_BYTES) -> None:
        self._stream, self._where, self._report, self._most = stream, where, report, most
        self._left = most

    @property
    def whole(self) -> bool:
        """RETURNS (bool): whether all that was read so far was in order."""
        return self._left >= 0

    def read(self, size: int = _BLOCK) -> bytes:
        """RETURNS (bytes): at most `size`; none at the end."""
        return self._checked(self._stream.read, size)

    def readline(self, size: int) -> bytes:
        """RETURNS (bytes): a line, or `size` bytes of one; none at the end."""
        return self._checked(self._stream.readline, size)

    def _checked(self, read: Callable[[int], bytes], size: int) -> bytes:
        if self._left < 0:
            return b""
        try:
            block = read(size)
        except DAMAGES as error:
            self._end(f"the file is damaged or cut off, and the rest of it is lost ({error}).")
        except OSError as error:
            self._end(f"the file cannot be read further ({error.strerror or error}).")
        else:
            self._left -= len(block)
            if self._left >= 0:
                return block
            self._end(f"the file holds more than {self._most:,} bytes; the rest is not read.")
        return b""

    def _end(self, message: str) -> None:
        self._left = -1
        self._report.add(self._where, message)


class Document(NamedTuple):
    """A file to read.

    name (str): its own name, without folders and archives; for what it says about its format.
    where (str): for messages: the file, and the way into it.
    stream (Bounded): its bytes, unpacked; to be read before the next document is asked for.
    """

    name: str
    where: str
    stream: Bounded


def documents(path: Path, suffixes: Collection[str], report: Report) -> Iterator[Document]:
    """Open the files of a source one after the other.

    path (Path): a file or folder; `.gz` is unpacked, `.zip` looked into.
    suffixes (collection): endings of the files wanted in folders and archives, without `.gz`, as ".xml".
    report (Report): told of files that cannot be read, and of links that lead out of a folder; files of other endings are
        counted there. Pieces that it passes over are not opened: files, and the entries of an archive that is read by itself.
    YIELDS (Document): those of folders by name, those of archives in the archive's order.
    RAISES (FileNotFoundError): where there is nothing.
    """
    path = Path(path)
    if path.is_dir():
        report_links(links_out(path), report)
        for file in plain_files(path):
            if not report.begin_piece():
                continue
            if is_wanted(file.name, suffixes):
                yield from _open(file, suffixes, report)
            else:
                report.leave_out(other_endings(suffixes))
    elif path.name.lower().endswith(".zip") and path.is_file():
        yield from _open(path, suffixes, report, in_pieces=True)
    elif path.is_file():
        if report.begin_piece():
            yield from _open(path, suffixes, report)
    else:
        raise FileNotFoundError(f"There is nothing at '{path}'; name a file or folder that is there.")


@contextmanager
def reported(where: str, report: Report) -> Iterator[None]:
    """What breaks in the block becomes a problem of one file: a damaged archive, or one that cannot be opened."""
    try:
        yield
    except DAMAGES as error:
        report.add(where, f"the file is damaged or cut off, and the rest of it is lost ({error}).")
    except OSError as error:
        report.add(where, f"the file cannot be read ({error.strerror or error}).")


def bounded_lines(stream: Bounded, where: str, report: Report, most: int = MOST_LINE) -> Iterator[Tuple[int, bytes]]:
    """Read lines; memory stays bounded whatever their length.

    stream (Bounded): the file.
    where (str): the file, for messages.
    report (Report): told of lines that are longer than `most` bytes, which are passed over.
    YIELDS (tuple): number from 1, and the line with its end.
    """
    number = 0
    while line := stream.readline(most + 1):
        number += 1
        if len(line) <= most:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(_BLOCK)
        report.add(f"{where}, line {number}", f"the line is longer than {most:,} bytes; it is passed over.")


def decoded(data: bytes, where: str, report: Report) -> Optional[str]:
    """RETURNS (str): UTF-8 text without a byte order mark; None where it is none, which is reported."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        report.add(where, f"this is not UTF-8 ({error.reason} at byte {error.start}); it is passed over.")
        return None


def plain_files(folder: Path) -> Iterator[Path]:
    """YIELDS (Path): files of a folder and of its folders, by name; not hidden ones, links out of it, notes about downloads."""
    for _, files in _walked(folder):
        for file in files:
            if not file.name.endswith(NOTES) and file.is_file() and not _leads_out(file, folder):
                yield file


def links_out(folder: Path) -> Iterator[Path]:
    """YIELDS (Path): links in a folder and its folders that lead out of it, to files or folders; what they lead to is not read."""
    for folders, files in _walked(folder):
        yield from (path for path in (*files, *folders) if _leads_out(path, folder))


def report_links(links: Iterable[Union[Path, str]], report: Report) -> None:
    """Tell of links that lead out of a folder: a folder from elsewhere could point at what it likes."""
    for link in links:
        report.add(str(link), "this link leads out of the folder and is not followed; name the file itself to have it read.")


def is_wanted(name: str, suffixes: Collection[str]) -> bool:
    """RETURNS (bool): whether a file of a folder or an archive is to be opened: it has one of the endings, or is an archive."""
    return name.lower().endswith(".zip") or _plain(name).endswith(tuple(suffixes))


def other_endings(suffixes: Collection[str]) -> str:
    """RETURNS (str): why the other files are left out."""
    return f"files that do not end in {', '.join(suffixes)} or .zip"


def _walked(folder: Path) -> Iterator[Tuple[List[Path], List[Path]]]:
    """YIELDS (tuple): folders and files of a folder, and of each below it, by name; not hidden ones."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = sorted(name for name in names if not name.startswith("."))
        yield [Path(where, name) for name in folders], [Path(where, name) for name in files]


def _leads_out(path: Path, folder: Path) -> bool:
    # Path.resolve would raise for a link that leads to itself
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _plain(name: str) -> str:
    return name.lower().removesuffix(".gz")


def _open(path: Path, suffixes: Collection[str], report: Report, in_pieces: bool = False) -> Iterator[Document]:
    where = str(path)
    with reported(where, report), path.open("rb") as stream:
        if in_pieces:
            yield from _archive(stream, where, suffixes, report, depth=0, in_pieces=True)
        else:
            yield from _contents(stream, path.name, where, suffixes, report, depth=0)


def _contents(
    stream: IO[bytes], name: str, where: str, suffixes: Collection[str], report: Report, depth: int
) -> Iterator[Document]:
    if name.lower().endswith(".zip"):
        yield from _archive(stream, where, suffixes, report, depth)
    elif name.lower().endswith(".gz"):
        with gzip.open(stream, "rb") as unpacked:
            yield Document(name[:-3], where, Bounded(unpacked, where, report))  # type: ignore[arg-type]
    else:
        yield Document(name, where, Bounded(stream, where, report))


def _archive(
    stream: IO[bytes], where: str, suffixes: Collection[str], report: Report, depth: int, in_pieces: bool = False
) -> Iterator[Document]:
    if depth >= MOST_ARCHIVES:
        report.add(where, f"archives lie in each other more than {MOST_ARCHIVES} deep here; this one is passed over.")
        return
    with zipfile.ZipFile(stream) as archive:
        for entry in archive.infolist():
            if in_pieces and not report.begin_piece():
                continue
            name = entry.filename.rpartition("/")[2]
            inside = f"{where}/{entry.filename}"
            if entry.is_dir() or not name or name.startswith(".") or "__MACOSX" in entry.filename:
                continue
            if not is_wanted(name, suffixes):
                report.leave_out(other_endings(suffixes))
                continue
            with reported(inside, report), archive.open(entry) as opened:
                if name.lower().endswith(".zip"):
                    # An archive is read from its end; going back in packed data would unpack it again each time.
                    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as whole:
                        packed = Bounded(opened, inside, report, MOST_ARCHIVE)
                        while block := packed.read():
                            whole.write(block)
                        if packed.whole:
                            yield from _archive(whole, inside, suffixes, report, depth + 1)
                else:
                    yield from _contents(opened, name, inside, suffixes, report, depth + 1)
