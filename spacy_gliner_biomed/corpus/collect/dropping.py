"""Lists of passages to drop, as the plans of two steps make them, and the step that drops them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from .counts import Counts
from .passages import Passage
from .steps import INSTRUCTION


class Drop(NamedTuple):
    """A passage that goes because another stays. Passages are numbered from 0 through all shards.

    number (int): the passage that goes.
    stays (int): the one that stays in its place.
    reason (str): why.
    note (str): more about it.
    """

    number: int
    stays: int
    reason: str
    note: str = ""


def by_shard(files: Sequence[Path], ends: Sequence[int], drops: Iterable[Drop]) -> Iterator[List[Tuple[int, str, str]]]:
    """Make instructions for `drop_listed`.

    files (sequence): the shards.
    ends (sequence): for each, the number of passages up to its end.
    drops (iterable): in any order.
    YIELDS (list): for each shard, the row (from 0), reason and note of each passage to drop; the note says where the one
        is that stays.
    """
    waiting = sorted(drops)
    position = begin = 0
    for end in ends:
        rows: List[Tuple[int, str, str]] = []
        while position < len(waiting) and waiting[position].number < end:
            drop = waiting[position]
            shard = int(np.searchsorted(ends, drop.stays, side="right"))
            row = drop.stays - (ends[shard - 1] if shard else 0)
            note = f"{files[shard].name}, line {row + 1} stays"
            rows.append((drop.number - begin, drop.reason, f"{note}; {drop.note}" if drop.note else note))
            position += 1
        yield rows
        begin = end


def drop_listed(passages: Iterator[Passage], settings: Mapping[str, Any], counts: Counts) -> Iterator[Passage]:
    """A step: leaves out the rows that the plan lists.

    passages (iterator): the passages of a shard.
    settings (mapping): `plan`, as `by_shard` gives it.
    counts (Counts): takes the reasons and notes.
    YIELDS (Passage): the others, unchanged.
    """
    listed = {row: (reason, note) for row, reason, note in settings[INSTRUCTION]}
    for row, passage in enumerate(passages):
        if row in listed:
            reason, note = listed[row]
            counts.drop(passage, reason, note=note)
        else:
            yield passage
