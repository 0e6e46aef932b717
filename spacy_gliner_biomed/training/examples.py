"""Examples → the scorer's training windows."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Dict, List, Sequence

from spacy.tokens import Doc
from spacy.training import Example

from ..scorer.scorer import SpanScorer
from ..scorer.training import TrainingWindow
from .reader import annotated_labels, gold_spans
from .windows import GoldReport, gold_windows

__all__ = ["GoldReport", "to_windows"]

#: Where a reference that comes from a training stream carries its window, ready for the scorer.
WINDOW = "spacy_gliner_biomed.window"


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
    report (GoldReport): counts what became of the mentions; the first that can't be learnt gives a warning.
    """
    windows: List[TrainingWindow] = []
    n_left_out = report.n_left_out
    for example in examples:
        doc = example.reference
        if WINDOW in doc.user_data:
            windows.append(doc.user_data[WINDOW].window)
            continue
        known = annotated_labels(doc, spans_key)
        gold = gold_spans(doc, spans_key)
        names = list(dict.fromkeys([*(labels if known is None else known), *(label for _, _, label in gold)]))
        texts = {name: read_label(name) for name in names}
        room = scorer.room_for_words(list(texts.values())) if doc.text.strip() else 0
        mentions = [(start, end, texts[label]) for start, end, label in gold]
        knowledge = knowledge_of(doc, spans_key)
        weight = float(knowledge.get("weight", 1.0))
        if not weight:  # left out here as in a training stream
            continue
        for part in gold_windows(doc.text, mentions, scorer, window, room, report, knowledge.get("unknown", ())):
            marked = [(first, last) for first, last, _ in part.spans] if knowledge.get("partial") else None
            windows.append(TrainingWindow(part.words, list(texts.values()), part.spans, weight, marked, part.unknown))
    if not n_left_out:
        warn_of_left_out(report, scorer.config.max_width)
    return windows


def knowledge_of(doc: Doc, spans_key: str) -> Dict[str, Any]:
    """RETURNS (dict): what a reference says about how much is known of its text: what there is of `reader.KNOWLEDGE`."""
    return dict(doc.spans[spans_key].attrs) if spans_key in doc.spans else {}


def warn_of_left_out(report: GoldReport, max_width: int) -> None:
    """Warn where the report counts mentions that can't be learnt. max_width (int): the model's widest span."""
    if report.n_left_out:
        warnings.warn(
            f"Some mentions are wider than this model's {max_width} words or cross a window; they are left out of training, and "
            "the pipe's gold_report counts them.",
            UserWarning,
            stacklevel=3,
        )
