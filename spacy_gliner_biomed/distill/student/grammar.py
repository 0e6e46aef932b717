"""Which byte may come next: a push-down machine over the bytes of a JSON text that is being written.

JSON is held to one way of writing it, that of `json.dumps(value, ensure_ascii=False)`: keys in the schema's order, one blank
after a comma or colon, no other white space, no escape where none is needed. One way is enough to say everything, and leaves
a language model no room to run away in, such as endless white space. A stack of nodes says what is still to come:

    {"entities": [{"id": 0, "text": "as|
                                      Text, 2 of at most 200 characters
                                      Literal  , "type": "…
                                      Items, 1 of at most 200
                                      Literal  , "relations": …

Each node looks at one byte and gives the stack after it, or None. Some end without a byte of their own (a number ends where
a comma comes). No node looks further ahead, since no text of this form needs it. Every node also knows its shortest end, so
that a generation that comes to the end of its tokens can still be closed. The nodes are in `json_nodes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, FrozenSet, NamedTuple, Optional, Sequence, Tuple


class Memory(NamedTuple):
    """What has been written so far and limits what may follow.

    entities (int): entities listed.
    taken (tuple): where they stand in the text, `(start, end)` as `verbatim` counts.
    """

    entities: int = 0
    taken: Tuple[Tuple[int, int], ...] = ()


Frame = Tuple["Node", Any]  # a node and how far it has come; None where it is still untouched
Stack = Tuple[Any, ...]  # () or (frame, stack): what is on top is to be written next


class State(NamedTuple):
    """Where the machine stands.

    stack (tuple): what is still to come.
    memory (Memory): what has been.
    """

    stack: Stack
    memory: Memory = Memory()


class Node:
    """A piece of JSON that is to be written."""

    def step(self, progress: Any, byte: int, rest: Stack, memory: Memory) -> Optional[State]:
        """RETURNS (State): after the byte, or None where the byte can't come here. `rest` is what comes after this node."""
        raise NotImplementedError

    def can_end(self, progress: Any, memory: Memory) -> bool:
        """Whether nothing more need come."""
        return False

    def next_bytes(self, progress: Any, memory: Memory) -> Optional[FrozenSet[int]]:
        """RETURNS (frozenset): bytes of this node that may come next; None where there are too many to name."""
        return None

    def closing(self, progress: Any, memory: Memory) -> bytes:
        """RETURNS (bytes): a shortest way to end this node, or the beginning of one."""
        raise NotImplementedError


def start(*nodes: Node) -> State:
    """RETURNS (State): before the first byte of these nodes, one after the other."""
    return State(push(nodes, ()))


def push(nodes: Sequence[Node], rest: Stack) -> Stack:
    """RETURNS (tuple): the stack with untouched nodes on it, the first one on top."""
    for node in reversed(nodes):
        rest = push(node.nodes, rest) if isinstance(node, Series) else ((node, None), rest)
    return rest


def advance(state: State, text: bytes) -> Optional[State]:
    """RETURNS (State): after the bytes, or None where they can't come here."""
    for byte in text:
        stack, memory = state
        after = None
        while stack:
            (node, progress), rest = stack
            after = node.step(progress, byte, rest, memory)
            if after is not None or not node.can_end(progress, memory):
                break
            stack = rest
        if after is None:
            return None
        state = after
    return state


def is_complete(state: State) -> bool:
    """Whether what was written is a whole."""
    stack = state.stack
    while stack:
        (node, progress), stack = stack
        if not node.can_end(progress, state.memory):
            return False
    return True


def next_bytes(state: State) -> Optional[FrozenSet[int]]:
    """RETURNS (frozenset): all bytes that may come next, and perhaps some that may not; None where there are too many to name."""
    found: FrozenSet[int] = frozenset()
    stack = state.stack
    while stack:
        (node, progress), stack = stack
        own = node.next_bytes(progress, state.memory)
        if own is None:
            return None
        found |= own
        if not node.can_end(progress, state.memory):
            break
    return found


def closing(state: State) -> bytes:
    """RETURNS (bytes): a shortest text that makes the whole complete."""
    parts = []
    while not is_complete(state):
        (node, progress), rest = state.stack
        if node.can_end(progress, state.memory):
            state = State(rest, state.memory)
            continue
        part = node.closing(progress, state.memory)
        after = advance(state, part)
        if not part or after is None:
            raise RuntimeError(f"{node!r} can't be closed by {part!r}.")
        parts.append(part)
        state = after
    return b"".join(parts)


@dataclass(frozen=True, eq=False)
class Series(Node):
    """Nodes one after the other. On the stack its nodes stand for it.

    nodes (tuple): in order.
    """

    nodes: Tuple[Node, ...]
