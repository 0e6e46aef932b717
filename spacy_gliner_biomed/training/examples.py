"""Examples → the scorer's training windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np
from spacy.training import Example

from ..scorer.scorer import SpanScorer
from ..scorer.training import TrainingWindow
from ..scorer.words import split_words
from ..windows import plan_windows
from .reader import annotated_labels, gold_spans


@dataclass
class GoldReport:
    """How the gold mentions met the model's words: counts since the report was made."""

    mentions: int = 0
    widened: int = 0  # began or ended inside a word and were widened to it
    too_wide: int = 0  # wider than the model's widest span: no target
    across: int = 0  # begin in one training window and end in the next: no target


def to_windows(
    examples: Sequence[Example],
    scorer: SpanScorer,
    read_label: Callable[[str], str],
    labels: Sequence[str],
    spans_key: str,
    window: int,
    report: GoldReport,
) -> List[TrainingWindow]:
    """Cut the references of examples into windows with gold spans on GLiNER's words.

    read_label: label name → the text that the model reads for it.
    labels (list): the labels of a passage that does not say what it was annotated for.
    window (int): most words in a window. Windows of one passage share no words in training.
    """
    windows: List[TrainingWindow] = []
    for example in examples:
        doc = example.reference
        words, starts, ends = split_words(doc.text)
        if not words:
            continue
        known = annotated_labels(doc, spans_key)
        gold = gold_spans(doc, spans_key)
        names = list(dict.fromkeys([*(labels if known is None else known), *(label for _, _, label in gold)]))
        texts = {name: read_label(name) for name in names}
        encoded = scorer.encode(words)
        room = scorer.room_for_words(list(texts.values()))
        on_words = _on_words(gold, starts, ends, texts, report)
        for part in plan_windows(encoded.bounds, window, window, room):
            spans = []
            for first, last, text in on_words:
                if not part.own_start <= first < part.own_end:
                    continue
                if last - first >= scorer.config.max_width:
                    report.too_wide += 1
                elif last >= part.own_end:
                    report.across += 1
                else:
                    spans.append((first - part.own_start, last - part.own_start, text))
            # only a single word can be longer than a window; the model reads its beginning
            own = encoded.part(part.own_start, part.own_end).cut(room)
            windows.append(TrainingWindow(own, list(texts.values()), spans))
    return windows


def _on_words(
    gold: Sequence[Tuple[int, int, str]],
    starts: np.ndarray,
    ends: np.ndarray,
    texts: Dict[str, str],
    report: GoldReport,
) -> List[Tuple[int, int, str]]:
    """Gold characters widened to whole words; equal spans of a label once."""
    spans: Dict[Tuple[int, int, str], None] = {}
    for start, end, label in gold:
        first = int(np.searchsorted(ends, start, side="right"))
        last = int(np.searchsorted(starts, end, side="left")) - 1
        report.mentions += 1
        if last < first:
            continue
        if starts[first] != start or ends[last] != end:
            report.widened += 1
        spans[first, last, texts[label]] = None
    return list(spans)
