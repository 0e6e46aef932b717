"""A text cut where mentions begin and end, so that a page can draw nested and crossing ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence, Tuple


@dataclass(frozen=True)
class Segment:
    """A stretch of text in which no mention begins or ends.

    text (str): its characters.
    mentions (tuple): numbers of the mentions that hold it, the longest first.
    ending (tuple): numbers of the mentions that end with it, the shortest first.
    """

    text: str
    mentions: Tuple[int, ...]
    ending: Tuple[int, ...]


def segments(text: str, spans: Sequence[Tuple[int, int]]) -> List[Segment]:
    """Cut a text.

    text (str): any text. spans (sequence): start and end (exclusive) of each mention, in characters.
    RETURNS (list): stretches in text order, which joined are the text.
    """
    borders = sorted({0, len(text), *(place for span in spans for place in span)})
    by_length = sorted(range(len(spans)), key=lambda number: (spans[number][0] - spans[number][1], number))
    by_start = sorted(by_length, key=lambda number: spans[number][0])
    cut: List[Segment] = []
    open_now: List[int] = []
    waiting = 0
    for begin, end in zip(borders, borders[1:], strict=False):
        open_now = [number for number in open_now if spans[number][1] > begin]
        while waiting < len(by_start) and spans[by_start[waiting]][0] <= begin:
            open_now.append(by_start[waiting])
            waiting += 1
        held = sorted(open_now, key=lambda number: (spans[number][0] - spans[number][1], number))
        ending = tuple(number for number in reversed(held) if spans[number][1] == end)
        cut.append(Segment(text[begin:end], tuple(held), ending))
    return cut
