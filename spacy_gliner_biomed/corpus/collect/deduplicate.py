"""Drops near-duplicates: of each cluster of similar passages, whatever their sources, the most central one stays.

The clusters are `near_duplicates.find_duplicates`'; this file makes a step's plan of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

from .dropping import Drop, by_shard
from .passages import read_passages

NEAR = "near-duplicate"


def near_duplicates_plan(
    files: Sequence[Path], settings: Mapping[str, Any], progress: bool = False
) -> Iterator[List[Tuple[int, str, str]]]:
    """The plan of the step: what to drop. The vectors of all texts are in memory at a time, the texts are not.

    files (sequence): all shards.
    settings (mapping): `threshold`, `method` and `split`, as `find_duplicates` takes them.
    progress (bool): bars on stderr, where that is a terminal.
    YIELDS (list): for each shard, what `dropping.drop_listed` is to drop.
    RAISES (ValueError): for a threshold or method that is none.
    """
    from .near_duplicates import dropped, find_duplicates

    ends: List[int] = []

    def texts() -> Iterator[str]:
        total = 0
        for file in files:
            for passage in read_passages(file):
                total += 1
                yield passage.text
            ends.append(total)

    clusters = find_duplicates(texts(), **settings, progress=progress)
    drops = [Drop(number, stays, NEAR, f"cosine {cosine:.3f}") for number, stays, cosine in dropped(clusters)]
    yield from by_shard(files, ends, drops)
