"""A string of JSON that must stand in the passage letter by letter, at the borders of words, at a place of its own.

What a model lists under this rule can always be placed. Each mention takes the first of its places in the text that is still
free; so nothing is listed more often than it occurs, and every list comes to its end. A place is taken by the mention that
stands there; in a flat list also by one that overlaps it.

    text     p53 and "p53-like" genes
    encoded  p53 and \"p53-like\" genes       as it stands in JSON; all places count its bytes
    starts   |   |   | |  ||   | |
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, FrozenSet, List, Optional, Set, Tuple

from ..answers import MENTION_LENGTH
from .grammar import Memory, Node, Stack, State
from .json_nodes import QUOTE

# A run of letters and digits, or any one other sign
_WORD = re.compile(r"[^\W_]+|\S")


@dataclass(frozen=True, eq=False)
class PassageText:
    """A passage as mentions are copied from it.

    text (str): the passage.
    flat (bool): whether mentions may not overlap.
    most (int): characters of a mention at most.
    """

    text: str
    flat: bool = False
    most: int = MENTION_LENGTH

    @cached_property
    def _places(self) -> Tuple[bytes, List[int]]:
        """The passage in JSON without quotes, and the byte there at which each character begins, the end included."""
        pieces = [json.dumps(character, ensure_ascii=False)[1:-1].encode("utf-8") for character in self.text]
        places = [0]
        for piece in pieces:
            places.append(places[-1] + len(piece))
        return b"".join(pieces), places

    @cached_property
    def encoded(self) -> bytes:
        """The passage in JSON, without quotes."""
        return self._places[0]

    @cached_property
    def starts(self) -> Dict[int, int]:
        """Where a mention may begin → the last place where it may end. Bytes of `encoded`."""
        places = self._places[1]
        spans = [match.span() for match in _WORD.finditer(self.text)]
        ends = [end for _, end in spans]
        found = {}
        for start, _ in spans:
            last = bisect_right(ends, start + self.most) - 1
            if last >= 0 and ends[last] > start:
                found[places[start]] = places[ends[last]]
        return found

    @cached_property
    def ends(self) -> List[int]:
        """Where a mention may end, exclusive; rising. Bytes of `encoded`."""
        return [self._places[1][match.end()] for match in _WORD.finditer(self.text)]

    @cached_property
    def end_set(self) -> FrozenSet[int]:
        """The same as a set."""
        return frozenset(self.ends)

    @cached_property
    def longest_word(self) -> int:
        """Bytes from any place in a mention to the next place where it may end, at most."""
        return max((end - before for before, end in zip([0, *self.ends], self.ends, strict=False)), default=0)

    def allows(self, start: int, end: int) -> bool:
        """Whether the characters from start to end can be listed as a mention."""
        places = self._places[1]
        return places[start] in self.starts and places[end] in self.end_set and 0 < end - start <= self.most

    def is_free(self, start: int, end: int, memory: Memory) -> bool:
        """Whether a mention may still take a place. Bytes of `encoded`."""
        if self.flat:
            return all(end <= first or last <= start for first, last in memory.taken)
        return (start, end) not in memory.taken

    def open_starts(self, memory: Memory) -> Dict[int, int]:
        """RETURNS (dict): where another mention may begin → the last place where it may end."""
        found = {}
        for start, last in self.starts.items():
            if self.flat:
                # As far as to the next mention; none where it would begin within one
                last = min([last, *(first for first, end in memory.taken if end > start)])
            number = bisect_right(self.ends, last) - 1
            while number >= 0 and self.ends[number] > start and not self.is_free(start, self.ends[number], memory):
                number -= 1
            if number >= 0 and self.ends[number] > start:
                found[start] = self.ends[number]
        return found

    def is_left(self, memory: Memory) -> bool:
        """Whether another mention can be listed."""
        return bool(self.open_starts(memory))


@dataclass(frozen=True, eq=False)
class Mention(Node):
    """A string copied from the passage, from quote to quote. Its end counts an entity.

    Its progress: where it may stand, as `open_starts` says it, in text order; and its length so far. None before the quote.

    passage (PassageText): what it is copied from.
    """

    passage: PassageText

    def _end(self, progress: Any, memory: Memory) -> Optional[Tuple[int, int]]:
        """The first place that the string as it is may take."""
        starts, length = progress
        for start, _ in starts:
            end = start + length
            if length and end in self.passage.end_set and self.passage.is_free(start, end, memory):
                return start, end
        return None

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        if progress is None:
            if byte != QUOTE:
                return None
            return State(((self, (tuple(self.passage.open_starts(memory).items()), 0)), rest), memory)
        if byte == QUOTE and (place := self._end(progress, memory)):  # else it may be the second byte of an escape
            return State(rest, Memory(memory.entities + 1, (*memory.taken, place)))
        starts, length = progress
        encoded = self.passage.encoded
        left = tuple(each for each in starts if each[1] > each[0] + length and encoded[each[0] + length] == byte)
        return State(((self, (left, length + 1)), rest), memory) if left else None

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        if progress is None:
            return frozenset((QUOTE,))
        starts, length = progress
        found: Set[int] = {self.passage.encoded[start + length] for start, last in starts if last > start + length}
        return frozenset(found | {QUOTE} if self._end(progress, memory) else found)

    def closing(self, progress: Any, memory: Memory) -> bytes:
        if progress is None or self._end(progress, memory):
            return b'"'
        starts, length = progress
        ways = []
        for start, last in starts:
            for end in self.passage.ends[bisect_right(self.passage.ends, start + length) :]:
                if end <= last and self.passage.is_free(start, end, memory):
                    ways.append(self.passage.encoded[start + length : end])
                    break
        return min(ways, key=len) + b'"'
