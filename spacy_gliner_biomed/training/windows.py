"""A text and its mentions → training windows on GLiNER's words. Shared by `spacy train` and the plain engine; no spaCy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from ..corpus.passage import AnnotatedPassage
from ..scorer.scorer import SpanScorer
from ..scorer.subwords import EncodedWords
from ..windows import plan_windows

Gold = Tuple[int, int, str]


@dataclass
class GoldReport:
    """How the gold mentions met the model's words: counts since the report was made."""

    mentions: int = 0
    widened: int = 0  # began or ended inside a word and were widened to it
    too_wide: int = 0  # wider than the model's widest span: no target
    across: int = 0  # begin in one training window and end in the next: no target

    @property
    def n_left_out(self) -> int:
        """Mentions that are no target."""
        return self.too_wide + self.across

    def left_out(self, max_width: int) -> str:
        """RETURNS (str): how many can't be learnt and why, such as "17 wider than this model's 12 words, 4 across two windows".

        max_width (int): the model's widest span.
        """
        why = {f"wider than this model's {max_width} words": self.too_wide, "across two windows": self.across}
        return ", ".join(f"{number:,} {reason}" for reason, number in why.items() if number)


class GoldWindow(NamedTuple):
    """words (EncodedWords): the words of a window. spans (list): gold: first word, last word (inclusive), label.
    unknown (list): first and last word (inclusive) of stretches of which nothing is known but their gold spans."""

    words: EncodedWords
    spans: List[Gold]
    unknown: Sequence[Tuple[int, int]] = ()


def gold_windows(
    text: str,
    mentions: Sequence[Gold],
    scorer: SpanScorer,
    window: int,
    room: int,
    report: GoldReport,
    unknown: Sequence[Tuple[int, int]] = (),
) -> Iterator[GoldWindow]:
    """Cut an annotated text into windows that share no words.

    mentions (list): start and end in characters (end exclusive), label.
    window, room (int): most words and most sub-words in a window.
    report (GoldReport): counts what became of the mentions.
    unknown (list): start and end in characters of stretches of which nothing is known but their mentions.
    YIELDS (GoldWindow): the windows in order, none for a text without words. A mention keeps its place where it lies in one
        window and is no wider than the model's widest span. An unknown stretch is widened to whole words; each window has its
        part of it.
    """
    words, starts, ends = scorer.split(text)
    if not words:
        return
    encoded = scorer.encode(words)
    placed = on_words(mentions, starts, ends, report)
    regions = unknown_words(unknown, starts, ends)
    for part in plan_windows(encoded.bounds, window, window, room):
        spans = []
        for first, last, label in placed:
            if not part.own_start <= first < part.own_end:
                continue
            if last - first >= scorer.config.max_width:
                report.too_wide += 1
            elif last >= part.own_end:
                report.across += 1
            else:
                spans.append((first - part.own_start, last - part.own_start, label))
        # only a single word can be longer than a window; the model reads its beginning
        yield GoldWindow(
            encoded.part(part.own_start, part.own_end).cut(room), spans, _within(regions, part.own_start, part.own_end)
        )


def passage_windows(
    passage: AnnotatedPassage, scorer: SpanScorer, window: int, room: int, report: GoldReport
) -> Iterator[GoldWindow]:
    """YIELDS (GoldWindow): the windows of a passage, as `gold_windows`; labels are the passage's own names."""
    yield from gold_windows(passage.text, passage.mentions, scorer, window, room, report, passage.unknown)


def on_words(mentions: Sequence[Gold], starts: np.ndarray, ends: np.ndarray, report: GoldReport) -> List[Gold]:
    """Gold characters widened to whole words; equal spans of a label once."""
    spans: Dict[Gold, None] = {}
    for start, end, label in mentions:
        first, last = _touched(start, end, starts, ends)
        report.mentions += 1
        if last < first:
            continue
        if starts[first] != start or ends[last] != end:
            report.widened += 1
        spans[first, last, label] = None
    return list(spans)


def unknown_words(unknown: Sequence[Tuple[int, int]], starts: np.ndarray, ends: np.ndarray) -> List[Tuple[int, int]]:
    """Stretches of characters widened to whole words; those that hold no word are none."""
    touched = [_touched(start, end, starts, ends) for start, end in unknown]
    return [(first, last) for first, last in touched if first <= last]


def _touched(start: int, end: int, starts: np.ndarray, ends: np.ndarray) -> Tuple[int, int]:
    """RETURNS (tuple): first and last of the words that share a character with a stretch; first > last where none does."""
    return int(np.searchsorted(ends, start, side="right")), int(np.searchsorted(starts, end, side="left")) - 1


def _within(regions: Sequence[Tuple[int, int]], own_start: int, own_end: int) -> List[Tuple[int, int]]:
    """What of stretches of words lies in a window, counted from its first word."""
    cut = [(max(first, own_start), min(last, own_end - 1)) for first, last in regions]
    return [(first - own_start, last - own_start) for first, last in cut if first <= last]
