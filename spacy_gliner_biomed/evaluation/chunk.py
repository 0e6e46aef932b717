"""Long passages → chunks of at most so many sub-words, and no mention is ever cut.

The paper's chunker (seed repository, `chunk_jsons.py`, 512 sub-words) drops mentions that a border cuts, and starts a
chunk at a nested mention while the outer one goes on, which is lost. Here a border falls only before a word that no
mention spans, neither whole nor with its pieces; so every mention lies in exactly one chunk, and gold counts stay what
they were. Where mentions overlap in a chain longer than the budget, the chunk grows until the chain ends.

    words       w w w [m m m] w w w w [m m [n n] m] w w
    budget 6    <----------->|<----->|<-------------->|<>
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from tokenizers import Tokenizer

from ..corpus.passage import AnnotatedPassage, Discontinuous, Mention

MAX_SUBWORDS = 512


class Chunk(NamedTuple):
    """A stretch of a passage.

    start (int): where its text begins in the passage's text, in characters. The chunks of a passage, joined, are its text.
    passage (AnnotatedPassage): its text and mentions in its own offsets; the id of a passage cut in several ends in
        `@` and `start`, and `doc_id` is the whole passage's document.
    """

    start: int
    passage: AnnotatedPassage


class Chunker:
    """Cuts passages into chunks.

    tokenizer (Tokenizer): counts the sub-words; a copy is taken, without padding and truncation.
    max_subwords (int): most sub-words a chunk may hold, without special tokens and label prompt. A longer word, or a longer
        chain of mentions, makes a longer chunk of its own.
    RAISES (ValueError): when `max_subwords` is below 1, or the tokenizer reads a word differently after another word.
    """

    def __init__(self, tokenizer: Tokenizer, max_subwords: int = MAX_SUBWORDS) -> None:
        if max_subwords < 1:
            raise ValueError(f"A chunk of {max_subwords} sub-words can hold nothing; allow at least 1.")
        self.max_subwords = max_subwords
        from ..scorer.subwords import Subwords  # the package of the scorer loads torch
        from ..scorer.words import split_words

        self._split_words = split_words
        self._subwords = Subwords(tokenizer.to_str())

    def count(self, text: str) -> int:
        """RETURNS (int): the sub-words of a text, without special tokens."""
        return int(self._subwords.encode(self._split_words(text)[0]).bounds[-1])

    def chunk(self, passage: AnnotatedPassage) -> Iterator[Chunk]:
        """Cut one passage.

        passage (AnnotatedPassage): of any length.
        YIELDS (Chunk): in text order; the passage itself where it fits.
        """
        words, starts, _ = self._split_words(passage.text)
        bounds = self._subwords.encode(words).bounds
        borders = plan_borders(bounds, starts, _whole_extents(passage), self.max_subwords)
        if not borders:
            yield Chunk(0, passage)
            return
        edges = [0, *borders, len(passage.text)]
        for start, end in zip(edges[:-1], edges[1:], strict=True):
            yield Chunk(start, _cut(passage, start, end))

    def chunks(self, passages: Iterable[AnnotatedPassage]) -> Iterator[Chunk]:
        """YIELDS (Chunk): of each passage in turn; one passage is in memory at a time."""
        for passage in passages:
            yield from self.chunk(passage)


def plan_borders(
    bounds: np.ndarray, starts: np.ndarray, extents: Sequence[Tuple[int, int]], max_subwords: int
) -> List[int]:
    """Where to cut a text.

    bounds (ndarray): word w owns the sub-words `bounds[w]` to `bounds[w + 1]`. *Shape:* `(n_words + 1,)`.
    starts (ndarray): where each word starts, in characters. *Shape:* `(n_words,)`.
    extents (Sequence[Tuple[int, int]]): start and end in characters of what must stay whole.
    max_subwords (int): the budget of a chunk.
    RETURNS (List[int]): the borders in characters, ascending: each the start of a word that no extent spans, the last one
        before the budget is passed or, where there is none, the first one after it.
    """
    allowed = _allowed(starts, extents)
    borders: List[int] = []
    first = 0  # of the chunk being filled
    while bounds[-1] - bounds[first] > max_subwords:
        # The last word a chunk may begin with such that this one stays within its budget
        latest = int(np.searchsorted(bounds, bounds[first] + max_subwords, side="right")) - 1
        position = int(np.searchsorted(allowed, latest, side="right")) - 1
        if position < 0 or allowed[position] <= first:
            position = int(np.searchsorted(allowed, first, side="right"))  # none fits: grow to the first there is
        if position == len(allowed):
            break
        first = int(allowed[position])
        borders.append(int(starts[first]))
    return borders


def negatives(passage: AnnotatedPassage, labels: Sequence[str]) -> Tuple[str, ...]:
    """The labels that a passage was annotated for and does not hold.

    passage (AnnotatedPassage): a passage or chunk. Mentions in pieces count as present: their label is not absent.
    labels (Sequence[str]): the inventory of its corpus; `passage.labels` goes before it where it is set.
    RETURNS (Tuple[str, ...]): in the inventory's order.
    """
    present = {mention.label for mention in passage.mentions} | {pieces.label for pieces in passage.discontinuous}
    return tuple(label for label in (labels if passage.labels is None else passage.labels) if label not in present)


def read_tokenizer(path: Optional[Path] = None) -> Tokenizer:
    """Read a tokenizer to count with.

    path (Path): a `tokenizer.json`, or a folder that holds one; None takes the embedded model's.
    RETURNS (Tokenizer): the tokenizer.
    RAISES (ValueError, FileNotFoundError): where there is none.
    """
    if path is None:
        from ..checkpoint.mini import FOLDER

        path = FOLDER
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(f"There is no tokenizer '{file}'; name a tokenizer.json or a folder that holds one.")
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # the Rust side raises bare Exception
        raise ValueError(f"The tokenizer '{file}' can't be read: {error}.") from None


def _whole_extents(passage: AnnotatedPassage) -> List[Tuple[int, int]]:
    extents = [(mention.start, mention.end) for mention in passage.mentions]
    for pieces in passage.discontinuous:
        extents.append((min(start for start, _ in pieces.fragments), max(end for _, end in pieces.fragments)))
    return extents


def _allowed(starts: np.ndarray, extents: Sequence[Tuple[int, int]]) -> np.ndarray:
    """RETURNS (ndarray): the words, from the second on, before which a border cuts no extent."""
    depth = np.zeros(len(starts) + 1, dtype=np.int64)
    for start, end in extents:
        # The words that begin strictly inside the extent
        depth[np.searchsorted(starts, start, side="right")] += 1
        depth[np.searchsorted(starts, end, side="left")] -= 1
    free = np.flatnonzero(np.cumsum(depth)[: len(starts)] == 0)
    return free[free > 0]


def _cut(passage: AnnotatedPassage, start: int, end: int) -> AnnotatedPassage:
    return replace(
        passage,
        id=f"{passage.id}@{start}",
        doc_id=passage.document,
        text=passage.text[start:end],
        mentions=tuple(
            Mention(mention.start - start, mention.end - start, mention.label)
            for mention in passage.mentions
            if start <= mention.start and mention.end <= end
        ),
        discontinuous=tuple(
            Discontinuous(tuple((low - start, high - start) for low, high in pieces.fragments), pieces.label)
            for pieces in passage.discontinuous
            if all(start <= low and high <= end for low, high in pieces.fragments)
        ),
    )
