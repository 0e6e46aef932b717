"""The pieces of JSON that the machine of `grammar` writes: texts, numbers, lists and choices between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, FrozenSet, NamedTuple, Optional, Tuple

from .grammar import Memory, Node, Stack, State, advance, closing, next_bytes, push

QUOTE, BACKSLASH, COMMA, CLOSE, MINUS = b'"\\,]-'
_DIGITS = frozenset(b"0123456789")
# Bytes that begin a character which might be a space: a string of nothing but those would be blank
SPACES = frozenset(b"\x20\xc2\xe1\xe2\xe3")


def _spell(node: Node, text: bytes, place: int, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
    """The state after one more byte of a fixed text; `place` of its bytes are written."""
    if text[place] != byte:
        return None
    return State(rest if place + 1 == len(text) else ((node, place + 1), rest), memory)


@dataclass(frozen=True, eq=False)
class Literal(Node):
    """Fixed bytes. text (bytes): not empty."""

    text: bytes

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        return _spell(self, self.text, progress or 0, byte, rest, memory)

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        return frozenset((self.text[progress or 0],))

    def closing(self, progress: Any, memory: Memory) -> bytes:
        return self.text[progress or 0 :]


@dataclass(frozen=True, eq=False)
class Choice(Node):
    """One of several fixed texts, such as the strings of an enumeration with their quotes.

    texts (tuple): what may be written, as bytes; none of them empty.
    limit (callable): how many of them are open for a memory, from the first on; all without it.
    """

    texts: Tuple[bytes, ...]
    limit: Optional[Callable[[Memory], int]] = None

    def _open(self, progress: Any, memory: Memory) -> Tuple[bytes, ...]:
        texts = self.texts if self.limit is None else self.texts[: self.limit(memory)]
        return tuple(text for text in texts if text.startswith(progress or b""))

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        begun = (progress or b"") + bytes((byte,))
        left = self._open(begun, memory)
        if not left:
            return None
        return State(rest if left == (begun,) else ((self, begun), rest), memory)

    def can_end(self, progress: Any, memory: Memory) -> bool:
        return progress is not None and progress in self._open(progress, memory)

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        length = len(progress or b"")
        return frozenset(text[length] for text in self._open(progress, memory) if len(text) > length)

    def closing(self, progress: Any, memory: Memory) -> bytes:
        return min(self._open(progress, memory), key=len)[len(progress or b"") :]


@dataclass(frozen=True, eq=False)
class Counter(Node):
    """The number of the entity that is about to be listed, from 0."""

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        return _spell(self, b"%d" % memory.entities, progress or 0, byte, rest, memory)

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        return frozenset(self.closing(progress, memory)[:1])

    def closing(self, progress: Any, memory: Memory) -> bytes:
        return (b"%d" % memory.entities)[progress or 0 :]


@dataclass(frozen=True, eq=False)
class Whole(Node):
    """A whole number between two bounds. low, high (int): both included."""

    low: int
    high: int

    def _fits(self, text: bytes) -> bool:
        """Whether some number of the range begins like that."""
        negative, digits = text[:1] == b"-", text.lstrip(b"-")
        if digits[:1] == b"0" and (len(digits) > 1 or negative):
            return False
        for more in range(len(str(max(abs(self.low), abs(self.high)))) - len(digits) + 1):
            least = int(digits or b"0") * 10**more
            most = least + 10**more - 1
            bounds = (-most, -least) if negative else (least, most)
            if bounds[0] <= self.high and bounds[1] >= self.low and (bounds != (0, 0) or not negative):
                return True
        return False

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        begun = (progress or b"") + bytes((byte,))
        allowed = byte in _DIGITS or (byte == MINUS and not progress)
        return State(((self, begun), rest), memory) if allowed and self._fits(begun) else None

    def can_end(self, progress: Any, memory: Memory) -> bool:
        return progress not in (None, b"-") and self.low <= int(progress) <= self.high

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        return _DIGITS | {MINUS}

    def closing(self, progress: Any, memory: Memory) -> bytes:
        begun = progress or b""
        for byte in b"0123456789-":
            if self._fits(begun + bytes((byte,))) and (byte != MINUS or not begun):
                return bytes((byte,))
        raise RuntimeError(f"No number from {self.low} to {self.high} begins with {begun!r}.")


class Writing(NamedTuple):
    """How far a string has come.

    written (int): whole characters. pending (tuple): the ranges that the next bytes of a character must lie in.
    escaped (bool): the last byte was a backslash.
    """

    written: int
    pending: Tuple[Tuple[int, int], ...] = ()
    escaped: bool = False


_REST = (0x80, 0xBF)


def _following(byte: int) -> Optional[Tuple[Tuple[int, int], ...]]:
    """The ranges of the bytes that follow the first byte of a UTF-8 character (Unicode, table 3-7); None where it is no first."""
    if byte < 0x80:
        return ()
    if 0xC2 <= byte <= 0xDF:
        return (_REST,)
    if 0xE0 <= byte <= 0xEF:
        return ({0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F)}.get(byte, _REST), _REST)
    if 0xF0 <= byte <= 0xF4:
        return ({0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}.get(byte, _REST), _REST, _REST)
    return None


@dataclass(frozen=True, eq=False)
class Text(Node):
    r"""A string in free words, from quote to quote: UTF-8, no control characters, of the escapes only \", \\, \n and \t.

    most (int): characters at most. least (int): and at least. With one or more the first is not a space.
    """

    most: int
    least: int = 1

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        if progress is None:
            return State(((self, Writing(0)), rest), memory) if byte == QUOTE else None
        count, pending, escaped = progress
        if pending:
            (low, high), left = pending[0], pending[1:]
            if not low <= byte <= high:
                return None
            return State(((self, Writing(count if left else count + 1, left)), rest), memory)
        if escaped:
            # A line's end or a tab is a space
            fits = byte in (QUOTE, BACKSLASH) or (byte in b"nt" and not (count == 0 and self.least))
            return State(((self, Writing(count + 1)), rest), memory) if fits else None
        if byte == QUOTE:
            return State(rest, memory) if count >= self.least else None
        if count == self.most or byte < 0x20 or (count == 0 and self.least and byte in SPACES):
            return None
        if byte == BACKSLASH:
            return State(((self, Writing(count, (), True)), rest), memory)
        following = _following(byte)
        if following is None:
            return None
        return State(((self, Writing(count if following else count + 1, following)), rest), memory)

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        return frozenset((QUOTE,)) if progress is None else None

    def closing(self, progress: Any, memory: Memory) -> bytes:
        if progress is None:
            return b'"'
        if progress.pending:
            return bytes(low for low, _ in progress.pending)
        if progress.escaped:
            return b"\\"
        return b"x" * max(self.least - progress.written, 0) + b'"'


@dataclass(frozen=True, eq=False)
class Items(Node):
    """A list, from bracket to bracket.

    item (Node): each of its items.
    most, least (int): how many there may be.
    more (callable): whether another item can be written at all, given the memory; always without it.
    """

    item: Node
    most: int
    least: int = 0
    more: Optional[Callable[[Memory], bool]] = None

    def _open(self, count: int, memory: Memory) -> bool:
        return count < self.most and (self.more is None or self.more(memory))

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        if progress is None:
            return State(((self, 0), rest), memory) if byte == ord("[") else None
        if byte == CLOSE:
            return State(rest, memory) if progress >= self.least else None
        if not self._open(progress, memory):
            return None
        after: Stack = ((self, progress + 1), rest)
        if progress == 0:
            return advance(State(push((self.item,), after), memory), bytes((byte,)))
        return State(push((Literal(b" "), self.item), after), memory) if byte == COMMA else None

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        if progress is None:
            return frozenset(b"[")
        found = frozenset((CLOSE,) if progress >= self.least else ())
        if not self._open(progress, memory):
            return found
        if progress:
            return found | {COMMA}
        first = next_bytes(State(push((self.item,), ()), memory))
        return None if first is None else found | first

    def closing(self, progress: Any, memory: Memory) -> bytes:
        if progress is None:
            return b"["
        if progress >= self.least:
            return b"]"
        return b", " if progress else closing(State(push((self.item,), ()), memory))


@dataclass(frozen=True, eq=False)
class Either(Node):
    """One of several kinds of value, told apart by their first byte, such as a string or null.

    nodes (tuple): the kinds; where two can begin with the same byte the first one is meant.
    """

    nodes: Tuple[Node, ...]

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        for node in self.nodes:
            after = advance(State(push((node,), rest), memory), bytes((byte,)))
            if after is not None:
                return after
        return None

    def closing(self, progress: Any, memory: Memory) -> bytes:
        return min((closing(State(push((node,), ()), memory)) for node in self.nodes), key=len)


@dataclass(frozen=True, eq=False)
class Counted(Node):
    """A node whose end counts an entity.

    node (Node): the node; it must end with a byte of its own.
    """

    node: Node

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        after = self.node.step(progress, byte, (), memory)
        if after is None:
            return None
        if not after.stack:
            return State(rest, memory._replace(entities=memory.entities + 1))
        (_, progress), _ = after.stack
        return State(((self, progress), rest), memory)

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        return self.node.next_bytes(progress, memory)

    def closing(self, progress: Any, memory: Memory) -> bytes:
        return self.node.closing(progress, memory)
