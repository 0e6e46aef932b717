"""Finds passages that are there twice: with the very same text in any source, or with the same id in a source whose ids
name one document for good, as PubMed's do (a revised abstract comes under its old number).

The first of them stays. Hashes are sorted into bucket files on disk and compared a bucket at a time, so that memory does not
grow with the texts: a bucket holds a 64th of the passages, at 24 bytes each.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Iterator, List, Mapping, Sequence, Tuple

import numpy as np

from .dropping import Drop, by_shard
from .passages import read_passages

BY_ID = ("pubmed",)
SAME_ID, SAME_TEXT = "same id", "same text"
N_BUCKETS = 64
ENTRY = np.dtype([("high", "<u8"), ("low", "<u8"), ("number", "<u8")])
WAITING = 1 << 16  # entries gathered before they are written


def exact_duplicates_plan(files: Sequence[Path], settings: Mapping[str, Any]) -> Iterator[List[Tuple[int, str, str]]]:
    """The plan of the step: what to drop.

    files (sequence): all shards.
    settings (mapping): `by_id`, names of the sources where the same id means the same passage.
    YIELDS (list): for each shard, what `dropping.drop_listed` is to drop.
    """
    with TemporaryDirectory() as folder, ExitStack() as stack:
        ids, texts = (_Buckets(Path(folder), name, stack) for name in ("ids", "texts"))
        by_id = set(settings["by_id"])
        ends: List[int] = []
        total = 0
        for file in files:
            for passage in read_passages(file):
                if passage.source in by_id:
                    ids.add(f"{passage.source}\n{passage.id}", total)
                texts.add(passage.text, total)
                total += 1
            ends.append(total)
        gone = np.zeros(total, dtype=bool)
        drops: List[Drop] = []
        # A passage that went for its id no longer stands for its text
        for buckets, reason in ((ids, SAME_ID), (texts, SAME_TEXT)):
            for again, first in buckets.repeated(gone):
                drops += [Drop(int(number), int(stays), reason) for number, stays in zip(again, first, strict=True)]
                gone[again] = True
    yield from by_shard(files, ends, drops)


class _Buckets:
    """Files of hashes; equal values lie in the same file."""

    def __init__(self, folder: Path, name: str, stack: ExitStack) -> None:
        self._files: List[IO[bytes]] = [
            stack.enter_context((folder / f"{name}-{number:03d}").open("w+b")) for number in range(N_BUCKETS)
        ]
        self._waiting: List[List[bytes]] = [[] for _ in range(N_BUCKETS)]
        self._n_waiting = 0

    def add(self, value: str, number: int) -> None:
        digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self._waiting[digest[0] % N_BUCKETS].append(digest + number.to_bytes(8, "little"))
        self._n_waiting += 1
        if self._n_waiting >= WAITING:
            self._write()

    def repeated(self, gone: np.ndarray) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        """Numbers of the passages whose value an earlier one has, and of that earlier one; passages that are gone are ignored."""
        self._write()
        for file in self._files:
            file.seek(0)
            entries = np.frombuffer(file.read(), dtype=ENTRY)
            entries = entries[~gone[entries["number"]]]
            entries = entries[np.lexsort((entries["number"], entries["low"], entries["high"]))]
            same = (entries["high"][1:] == entries["high"][:-1]) & (entries["low"][1:] == entries["low"][:-1])
            if same.any():
                starts = np.flatnonzero(np.concatenate([[True], ~same]))
                firsts = np.repeat(entries["number"][starts], np.diff(np.append(starts, len(entries))))
                again = np.flatnonzero(np.concatenate([[False], same]))
                yield entries["number"][again].astype(np.int64), firsts[again].astype(np.int64)

    def _write(self) -> None:
        for file, waiting in zip(self._files, self._waiting, strict=True):
            file.write(b"".join(waiting))
            waiting.clear()
        self._n_waiting = 0
