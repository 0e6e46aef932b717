"""Texts → hits: words, windows, scores, ownership, decoding, as a list of steps.

text ──split──▶ words ──encode──▶ sub-words ──plan_windows──▶ windows ──score──▶ candidates of each window
     ──own──▶ candidates of the text ──decode──▶ spans of words ──offsets──▶ Hits
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .hits import Hits
from .scorer.decode import Candidates, decode
from .scorer.label_choice import choose_labels
from .scorer.scorer import SpanScorer
from .scorer.subwords import EncodedWords
from .windows import Window, plan_windows

#: The words of one document, and the first and last (exclusive) character of each. *Shape:* both `(n_words,)`, int64.
DocumentWords = Tuple[EncodedWords, np.ndarray, np.ndarray]
WINDOWS_AT_A_TIME = 256  # windows sorted by length together; bounds the memory of a long document


@dataclass(frozen=True)
class Reading:
    """What to look for and how: label names, the text the model reads for each, thresholds, overlap policy, windows."""

    names: Tuple[str, ...]
    texts: Tuple[str, ...]
    thresholds: Tuple[float, ...]
    overlap: str
    multi_label: bool
    window: int
    stride: int


class _Piece(NamedTuple):
    text_number: int
    window: Window
    words: EncodedWords


def read_docs(scorer: SpanScorer, texts: Sequence[str], reading: Reading) -> List[Hits]:
    """RETURNS (list): the hits of each text."""

    def documents() -> Iterator[DocumentWords]:
        for text in texts:
            words, starts, ends = scorer.split(text)
            yield scorer.encode(words), starts, ends

    return read_words(scorer, documents(), reading)


def read_words(scorer: SpanScorer, documents: Iterable[DocumentWords], reading: Reading) -> List[Hits]:
    """RETURNS (list): the hits of each document, given as words and their characters."""
    room = scorer.room_for_words(reading.texts)
    bounds: List[Tuple[np.ndarray, np.ndarray]] = []
    found: List[List[Candidates]] = []
    waiting: List[_Piece] = []
    for number, (encoded, starts, ends) in enumerate(documents):
        bounds.append((starts, ends))
        found.append([])
        for piece in _pieces(scorer, number, encoded, starts, reading, room):
            waiting.append(piece)
            if len(waiting) == WINDOWS_AT_A_TIME:
                _score(scorer, waiting, reading, found)
                waiting = []
    _score(scorer, waiting, reading, found)
    # a span that may have several labels needs no choice
    expected = None if reading.multi_label else scorer.expected_log_odds(reading.names, reading.texts)
    return [
        _hits(Candidates.join(parts), starts, ends, reading, expected)
        for parts, (starts, ends) in zip(found, bounds, strict=True)
    ]


def _pieces(
    scorer: SpanScorer, number: int, encoded: EncodedWords, starts: np.ndarray, reading: Reading, room: int
) -> Iterator[_Piece]:
    if not len(encoded):
        return
    for window in plan_windows(encoded.bounds, reading.window, reading.stride, room, scorer.config.max_width):
        part = encoded.part(window.start, window.end)
        if len(part.ids) > room:  # one word longer than a whole window
            warnings.warn(
                f"The word at character {starts[window.start]} has {len(part.ids)} sub-words; this model reads its first {room}.",
                UserWarning,
                stacklevel=2,
            )
            part = part.cut(room)
        yield _Piece(number, window, part)


def _score(scorer: SpanScorer, pieces: List[_Piece], reading: Reading, found: List[List[Candidates]]) -> None:
    scored = scorer.score([piece.words for piece in pieces], reading.texts, reading.thresholds)
    for piece, candidates in zip(pieces, scored, strict=True):
        start = candidates.start + piece.window.start
        own = (start >= piece.window.own_start) & (start < piece.window.own_end)
        if own.any():
            end = candidates.end + piece.window.start
            found[piece.text_number].append(
                Candidates(start[own], end[own], candidates.label[own], candidates.score[own])
            )


def _hits(
    candidates: Candidates, starts: np.ndarray, ends: np.ndarray, reading: Reading, expected: Optional[np.ndarray]
) -> Hits:
    if expected is not None:
        candidates = choose_labels(candidates, expected)
    kept = decode(candidates, reading.overlap, reading.multi_label)
    return Hits(starts[kept.start], ends[kept.end], kept.label, kept.score, reading.names)
