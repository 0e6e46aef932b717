"""Examples → training windows on spaCy's tokens: one window a document, so that no mention is cut."""

from __future__ import annotations

from typing import Callable, List, Sequence

from spacy.training import Example

from ..scorer.training import TrainingWindow
from ..training.examples import WINDOW, knowledge_of, warn_of_left_out
from ..training.reader import annotated_labels, gold_spans
from ..training.windows import GoldReport, on_words, unknown_words
from .words import doc_words


def listener_windows(
    examples: Sequence[Example],
    read_label: Callable[[str], str],
    labels: Sequence[str],
    spans_key: str,
    max_width: int,
    report: GoldReport,
) -> List[TrainingWindow]:
    """The gold of examples on the words that the shared encoder has read.

    read_label: label name → the text that the model reads for it.
    labels (list): the labels of a document that does not say what it was annotated for.
    max_width (int): the widest span, in words; wider mentions are counted and left out.
    report (GoldReport): counts what became of the mentions; the first that can't be learnt gives a warning.
    RETURNS (list): a window for each example, in their order; where its weight is 0, one without labels, which adds no loss.
    RAISES (ValueError): for an example whose gold belongs to another text, and for one of a recipe's stream, whose windows hold
        the sub-words of a text encoder.
    """
    windows: List[TrainingWindow] = []
    n_left_out = report.n_left_out
    for example, words in zip(examples, doc_words([example.predicted for example in examples]), strict=True):
        gold = example.reference
        if WINDOW in gold.user_data:
            raise ValueError(
                "A pipe on a shared encoder can't learn from spacy_gliner_biomed.TrainingStream.v1; read its corpora with "
                "spacy_gliner_biomed.Jsonl.v1 or DocBin.v1."
            )
        if gold.text != example.predicted.text:
            raise ValueError(
                f"The gold of an example is for another text than the pipeline reads: {gold.text[:40]!r}…, not "
                f"{example.predicted.text[:40]!r}…; make both documents from one text."
            )
        knowledge = knowledge_of(gold, spans_key)
        weight = float(knowledge.get("weight", 1.0))
        if not weight:
            windows.append(TrainingWindow(words.encoded, [], []))
            continue
        known, mentions = annotated_labels(gold, spans_key), gold_spans(gold, spans_key)
        names = dict.fromkeys([*(labels if known is None else known), *(label for _, _, label in mentions)])
        texts = {name: read_label(name) for name in names}
        spans = []
        for first, last, label in on_words(mentions, words.starts, words.ends, report):
            if last - first >= max_width:
                report.too_wide += 1
            else:
                spans.append((first, last, texts[label]))
        marked = [(first, last) for first, last, _ in spans] if knowledge.get("partial") else None
        unknown = unknown_words(knowledge.get("unknown", ()), words.starts, words.ends)
        windows.append(TrainingWindow(words.encoded, list(texts.values()), spans, weight, marked, unknown))
    if not n_left_out:
        warn_of_left_out(report, max_width)
    return windows
