"""Everything that a grammar accepts, spelled out byte by byte."""

from __future__ import annotations

from typing import Iterator, Sequence

from spacy_gliner_biomed.distill.student.grammar import Node, State, advance, is_complete, next_bytes, start


def texts_of(grammar: Node, alphabet: Sequence[int] = tuple(range(256)), longest: int = 200) -> Iterator[str]:
    """YIELDS (str): each text that a grammar of finitely many accepts, tried byte by byte; `next_bytes` must not hide any."""
    waiting: list[tuple[bytes, State]] = [(b"", start(grammar))]
    while waiting:
        text, state = waiting.pop()
        if is_complete(state):
            yield text.decode("utf-8")
        assert len(text) < longest
        hints = next_bytes(state)
        for byte in alphabet:
            after = advance(state, bytes((byte,)))
            if after is not None:
                assert hints is None or byte in hints
                waiting.append((text + bytes((byte,)), after))
