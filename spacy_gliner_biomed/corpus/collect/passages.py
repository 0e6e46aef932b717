"""A passage of collected text with its provenance, and the shard files that hold passages between steps.

A shard is a gzipped JSON Lines file. The same passages give the same bytes, so that a hash tells whether anything changed.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional

from ...annotate.output import partial_path
from ..formats.checks import HALF_PAIR
from ..formats.lines import json_lines

SHARD_SIZE = 2000
SHARDS = "shard-*.jsonl.gz"
SUFFIXES = (".jsonl", ".jsonl.gz")
COMPRESSION = 6


@dataclass(frozen=True)
class Passage:
    """A passage of collected text and where it comes from.

    id (str): unique in its source.
    text (str): the text.
    source (str): the source's name, as "pubmed"; thresholds and balance go by it.
    document (str): the id of the document that the passage was cut from, as "PMID:123"; passages of one document share it.
    section (str): the heading it stood under.
    title (str): the document's title, or the drug's name.
    date (str): of publication or last change, as the source writes it, ISO where it can be.
    licence (str): under which the text may be used.
    url (str): where a person can read the document.
    retrieved (str): when it was fetched, in ISO 8601; empty for what was on disk.
    scores (mapping): what steps have measured, by name.
    """

    id: str
    text: str
    source: str
    document: str
    section: str = ""
    title: str = ""
    date: str = ""
    licence: str = ""
    url: str = ""
    retrieved: str = ""
    scores: Mapping[str, float] = field(default_factory=dict, hash=False)

    def to_row(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON, in the order of the fields; those that are empty are left out, but for `text`."""
        row = {name: getattr(self, name) for name in _TEXT_FIELDS}
        row = {name: value for name, value in row.items() if value or name in _REQUIRED}
        if self.scores:
            row["scores"] = dict(self.scores)
        return row

    def with_scores(self, scores: Mapping[str, float]) -> Passage:
        """RETURNS (Passage): the same passage with these scores beside, or in place of, its own."""
        return replace(self, scores={**self.scores, **scores})


_TEXT_FIELDS = tuple(each.name for each in fields(Passage) if each.name != "scores")
_REQUIRED = ("id", "text", "source", "document")


def from_row(row: Any, where: str) -> Passage:
    """Check a row and make it a passage.

    row (any): what a line of a shard holds.
    where (str): file and line, for the message.
    RETURNS (Passage): the passage.
    RAISES (ValueError): where a field is missing, unknown or of the wrong kind; one sentence.
    """
    if not isinstance(row, dict):
        raise ValueError(f"{where}: a passage is a JSON object, not {_short(row)}.")
    for name in _REQUIRED:
        if name not in row:
            raise ValueError(f"{where}: the passage has no '{name}'; every passage needs id, text, source and document.")
    values: Dict[str, Any] = {}
    for name, value in row.items():
        if name == "scores":
            values[name] = _scores(value, where)
        elif name not in _TEXT_FIELDS:
            known = ", ".join(each.name for each in fields(Passage))
            raise ValueError(f"{where}: a passage has no field '{name}'; it may have {known}.")
        elif not isinstance(value, str):
            raise ValueError(f"{where}: '{name}' must be text, not {_short(value)}.")
        elif half := HALF_PAIR.search(value):
            raise ValueError(f"{where}: '{name}' holds half a surrogate pair, {half[0]!r}, at character {half.start()}.")
        else:
            values[name] = value
    for name in ("id", "source", "document"):
        if not values[name]:
            raise ValueError(f"{where}: '{name}' is empty; give the passage one.")
    return Passage(**values)


def to_line(passage: Passage) -> bytes:
    """RETURNS (bytes): the passage as a line of a shard, always the same for the same passage.

    RAISES (ValueError): for a passage that `from_row` would refuse.
    """
    where = f"Passage {passage.id!r}"
    row = passage.to_row()
    from_row(row, where)
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"


def shard_files(*paths: Path) -> List[Path]:
    """The files of passages.

    paths (Path): JSON Lines files, and folders of them; what lies in subfolders is not meant.
    RETURNS (list): in the order given, those of a folder by name.
    RAISES (FileNotFoundError): for a path that is not there, and for a folder without such a file.
    """
    files: List[Path] = []
    for path in map(Path, paths):
        found = [path] if path.is_file() else sorted(p for p in path.glob("*") if p.name.endswith(SUFFIXES) and p.is_file())
        if not found:
            raise FileNotFoundError(f"There is no file of passages (.jsonl, .jsonl.gz) at '{path}'; name a file or a folder.")
        files += found
    return files


def read_passages(*paths: Path) -> Iterator[Passage]:
    """Read passages, one at a time.

    paths (Path): JSON Lines files, plain or gzipped, and folders of them.
    YIELDS (Passage): in the order of the files.
    RAISES (ValueError): at the first line that is no passage; one sentence with file and line.
    RAISES (FileNotFoundError): as `shard_files`.
    """
    for file in shard_files(*paths):
        for where, row in json_lines(file):
            yield from_row(row, where)


class PackedLines:
    """Gathers passages as the bytes of a shard, packed as they come; the same passages give the same bytes."""

    def __init__(self) -> None:
        self.count = 0
        self._bytes = io.BytesIO()
        # Without the file's name and the time of day
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=self._bytes, mtime=0)

    def add(self, passage: Passage) -> None:
        """Add a passage. RAISES (ValueError): for one that could not be read again."""
        self._gzip.write(to_line(passage))
        self.count += 1

    def close(self) -> bytes:
        """RETURNS (bytes): the whole shard; nothing can be added after."""
        self._gzip.close()
        return self._bytes.getvalue()


class ShardWriter:
    """Writes passages to a folder as `shard-00000.jsonl.gz` and so on. Use it in a `with` block.

    A shard appears when it is full, whole or not at all; the last one at the end of the block. After an error in the block
    the shards before it stay. Shards of an earlier, longer run are removed at the end.

    folder (Path): made where it is not there.
    size (int): passages in a shard, but for the last.
    first (int): the number of the first shard, to go on behind others.
    RAISES (ValueError): where the size is below 1.
    """

    def __init__(self, folder: Path, size: int = SHARD_SIZE, first: int = 0) -> None:
        if size < 1:
            raise ValueError(f"A shard of {size} passages is none; use 1 or more, {SHARD_SIZE} by default.")
        self.folder = Path(folder)
        self.size = size
        self.count = 0
        self.shards = first
        self._lines: Optional[PackedLines] = None

    def write(self, passage: Passage) -> None:
        """Add a passage. RAISES (ValueError): for one that could not be read again; OSError where the disk is full."""
        self._lines = self._lines or PackedLines()
        self._lines.add(passage)
        self.count += 1
        if self._lines.count == self.size:
            self._finish_shard()

    def write_all(self, passages: Iterable[Passage]) -> None:
        """Add passages, one at a time."""
        for passage in passages:
            self.write(passage)

    def __enter__(self) -> ShardWriter:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            if self._lines is not None or not self.count:  # an empty shard says that the source held nothing
                self._lines = self._lines or PackedLines()
                self._finish_shard()
            remove_shards_from(self.folder, self.shards)

    def _finish_shard(self) -> None:
        assert self._lines is not None
        write_bytes(self.folder / shard_name(self.shards), self._lines.close())
        self._lines = None
        self.shards += 1


def shard_name(number: int) -> str:
    """RETURNS (str): the file name of a shard."""
    return f"shard-{number:05d}.jsonl.gz"


def remove_shards_from(folder: Path, first: int) -> None:
    """Remove the shards of a folder whose number is `first` or more: an earlier run had more of them."""
    for path in folder.glob(SHARDS):
        number = path.name.removeprefix("shard-").removesuffix(".jsonl.gz")
        if number.isdigit() and int(number) >= first:
            path.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, even if the power fails."""
    with partial_path(path) as partial, partial.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _scores(scores: Any, where: str) -> Dict[str, float]:
    if not isinstance(scores, dict):
        raise ValueError(f"{where}: 'scores' must be an object from name to number, not {_short(scores)}.")
    for name, value in scores.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f"{where}: the score '{name}' must be a number, not {_short(value)}.")
    return scores


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"
