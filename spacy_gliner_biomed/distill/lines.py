"""The files between the steps of distillation: JSON Lines, read with file and line in messages, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, TypeVar

from ..annotate.output import text_file
from ..corpus.collect.passages import shard_files
from ..corpus.formats.lines import json_lines

FAILURES = ".failures.jsonl"  # how a list of requests without an answer ends; it lies beside the answers
Parsed = TypeVar("Parsed")


def beside(out: Path, ending: str) -> Path:
    """RETURNS (Path): the file beside `out` that has another ending, as "answers.report.json" for "answers.jsonl.gz"."""
    return out.with_name(out.name.removesuffix(".gz").removesuffix(".jsonl") + ending)


def read_lines(paths: Sequence[Path], parse: Callable[[Any, str], Parsed]) -> Iterator[Parsed]:
    """Read the rows of files, one at a time.

    paths (sequence): JSON Lines files, plain or gzipped, and folders of them, in which lists of failures are passed over.
    parse (callable): makes something of a row, given the row and its file and line.
    YIELDS (any): what `parse` returns, in the order of the files.
    RAISES (ValueError): at the first line that is no JSON, and as `parse`; one sentence with file and line.
    RAISES (FileNotFoundError): where there is no such file.
    """
    named = {Path(path) for path in paths}
    for file in shard_files(*paths):
        if file.name.endswith(FAILURES) and file not in named:
            continue
        for where, row in json_lines(file):
            yield parse(row, where)


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows, one at a time; the file appears whole or not at all.

    path (Path): the file; `.gz` packs it.
    rows (iterable): ready for JSON; the file keeps their order.
    RETURNS (int): how many.
    """
    count = 0
    with text_file(Path(path)) as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def write_failures(out: Path, failures: Sequence[Mapping[str, Any]]) -> None:
    """Write the list of failures beside the answers; without any, an old list goes."""
    path = beside(out, FAILURES)
    if failures:
        write_lines(path, failures)
    else:
        path.unlink(missing_ok=True)


def check_row(row: Any, needed: Sequence[str], optional: Sequence[str], where: str) -> None:
    """Check that a row is an answer with these fields, those that are needed being there and no others than the optional ones.

    RAISES (ValueError): one sentence that begins with `where`, the file and line.
    """
    if not isinstance(row, dict):
        raise ValueError(f"{where}: an answer is a JSON object, not {str(row)[:60]!r}.")
    for name in needed:
        if name not in row:
            raise ValueError(f"{where}: the answer has no '{name}'; it needs {', '.join(needed)}.")
    for name in row:
        if name not in (*needed, *optional):
            raise ValueError(f"{where}: an answer has no field '{name}'; it may have {', '.join((*needed, *optional))}.")


def part_of(part: Any, text: str, where: str) -> Tuple[int, int]:
    """RETURNS (tuple): start and end of the stretch of a text that an answer is about.

    RAISES (ValueError): where that is no stretch of the text; one sentence that begins with `where`, the file and line.
    """
    if not (isinstance(part, list) and len(part) == 2 and all(type(each) is int for each in part)
            and 0 <= part[0] <= part[1] <= len(text)):
        raise ValueError(f"{where}: 'part' must be [start, end] within the {len(text)} characters, not {part!r}.")
    return part[0], part[1]


def refuse_overwriting(inputs: Iterable[Path], *written: Optional[Path]) -> None:
    """Keep a step from writing over what it reads, or among it, where the next run would read it.

    inputs (iterable): files and folders that are read.
    written (Optional[Path]): files and folders that are going to be written.
    RAISES (ValueError): where one is the other, or lies in a folder that is read.
    """
    read = [Path(path).resolve() for path in inputs]
    for path in filter(None, written):
        if path.resolve() in read:
            raise ValueError(f"'{path}' is read by this step; write to another file.")
        if path.resolve().parent in read:
            raise ValueError(f"'{path}' lies in a folder that this step reads; write to another folder.")
