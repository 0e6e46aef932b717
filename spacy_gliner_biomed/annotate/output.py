"""Files that appear whole or not at all: written under a second name, renamed at the end."""

from __future__ import annotations

import gzip
import os
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator

PARTIAL = ".partial"


@contextmanager
def partial_path(path: Path) -> Iterator[Path]:
    """Give the name to write under; at the end of the block what lies there takes the name `path`.

    path (Path): the file or folder to make; the folder it lies in is made as well.
    YIELDS (Path): `<path>.partial`, which is left in place after an error, unless it is empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    try:
        yield partial
    except BaseException as error:
        if partial.is_file() and not partial.stat().st_size:
            partial.unlink()
        elif partial.exists():
            error.add_note(f"What was written before is in '{partial}'.")
        raise
    os.replace(partial, path)


@contextmanager
def text_file(path: Path) -> Iterator[IO[str]]:
    """Open a UTF-8 text file for writing; `.gz` packs it.

    What was written before an error stays in `<path>.partial`, and the error says so.

    path (Path): the file to make; its folder is made as well.
    YIELDS (IO[str]): the open file. Line ends are written as given.
    """
    with partial_path(path) as partial:
        if path.suffix == ".gz":
            opened = gzip.open(partial, "wt", encoding="utf-8", newline="")
        else:
            opened = partial.open("w", encoding="utf-8", newline="")
        with opened as stream:
            yield stream


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Fill a new folder; the same promise as `text_file`.

    path (Path): the folder to make.
    YIELDS (Path): where to put its files for the time being.
    RAISES (FileExistsError): where `path`, or the unfinished folder of an earlier run, holds anything.
    """
    for taken in (path, path.with_name(path.name + PARTIAL)):
        if taken.is_dir() and any(taken.iterdir()):
            raise FileExistsError(f"The folder '{taken}' is not empty; empty it or name another.")
    with partial_path(path) as partial:
        partial.mkdir(exist_ok=True)
        yield partial
