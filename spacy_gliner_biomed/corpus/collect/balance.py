"""The same number of passages from each source, chosen by a seed.

A passage's place in the draw is a hash of the seed, its source, id and text: the choice does not depend on the order of the
shards, and more passages of one source change nothing in the choice among the others. Two passes: the first
gathers the hashes (9 bytes a passage), the second writes.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence

import numpy as np

from .counts import Counts
from .passages import Passage, read_passages
from .steps import INSTRUCTION

NOT_DRAWN, NOT_WANTED = "not drawn", "source not wanted"
MOST_SOURCES = 255


def balance_plan(files: Sequence[Path], settings: Mapping[str, Any]) -> Iterator[List[int]]:
    """The plan of the step: which rows to keep.

    files (sequence): all shards.
    settings (mapping): `seed`; `per_source`, passages to keep of each source, or None for as many as the smallest has; a source
        with fewer keeps them all; `sources`, the names of those wanted, or None for all.
    YIELDS (list): for each shard, the rows to keep, from 0, in order.
    RAISES (ValueError): for a wanted source without a passage.
    """
    wanted = settings.get("sources")
    names: List[str] = [] if wanted is None else sorted(set(wanted))
    codes, hashes, ends = array("B"), array("Q"), []
    for file in files:
        for passage in read_passages(file):
            if passage.source not in names and wanted is None:
                names.append(passage.source)
            if len(names) > MOST_SOURCES:
                raise ValueError(f"There are more than {MOST_SOURCES} sources; name those to balance.")
            codes.append(names.index(passage.source) if passage.source in names else MOST_SOURCES)
            hashes.append(draw_of(passage, settings["seed"]))
        ends.append(len(codes))
    of_source, draws = np.frombuffer(codes, dtype=np.uint8), np.frombuffer(hashes, dtype=np.uint64)
    available = np.bincount(of_source, minlength=MOST_SOURCES + 1)[: len(names)] if len(codes) else np.zeros(len(names), int)
    for name, count in zip(names, available, strict=True):
        if not count:
            raise ValueError(f"There is no passage of the source '{name}'; leave it out.")
    most = settings.get("per_source") or (int(available.min()) if len(names) else 0)
    keep = np.zeros(len(codes), dtype=bool)
    for code in range(len(names)):
        own = np.flatnonzero(of_source == code)
        keep[own[np.argsort(draws[own], kind="stable")[:most]]] = True
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        yield np.flatnonzero(keep[begin:end]).tolist()


def balance_step(passages: Iterator[Passage], settings: Mapping[str, Any], counts: Counts) -> Iterator[Passage]:
    """A step: hands on the rows that the plan keeps.

    passages (iterator): the passages of a shard.
    settings (mapping): as for `balance_plan`, and `plan`.
    counts (Counts): takes what is left out.
    YIELDS (Passage): unchanged, in order.
    """
    keep, wanted = set(settings[INSTRUCTION]), settings.get("sources")
    for row, passage in enumerate(passages):
        if row in keep:
            yield passage
        else:
            counts.drop(passage, NOT_DRAWN if wanted is None or passage.source in wanted else NOT_WANTED)


def draw_of(passage: Passage, seed: int) -> int:
    """RETURNS (int): 64 bits; the passages of a source with the smallest are drawn."""
    parts = (str(seed), passage.source, passage.id, passage.text)
    text = "\n".join(f"{len(part)} {part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def fewest(counts: Dict[str, Any]) -> str:
    """RETURNS (str): what the balance came to, in a sentence.

    counts (dict): as `run_step` gives them.
    """
    numbers = Counter(counts["out"])
    if not numbers:
        return "No passage was there to balance."
    if len(set(numbers.values())) == 1:
        return f"{min(numbers.values()):,} passages of each of {len(numbers)} sources."
    return ", ".join(f"{number:,} of {name}" for name, number in sorted(numbers.items())) + "."
