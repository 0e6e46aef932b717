"""Windows that were annotated in part, and windows with a weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from spacy_gliner_biomed.scorer import SpanLoss, SpanScorer
from spacy_gliner_biomed.scorer.training import TrainingWindow, batch_loss
from tests.scorer.tiny import make_scorer

KINDS = [("bi", "bert"), ("bi", "deberta-v2"), ("uni", "bert")]
TEXT = "tau binds lithium carbonate in neural crest cells".split()
LABELS = ["drug", "cell"]


def window(scorer: SpanScorer, **fields) -> TrainingWindow:
    """RETURNS (TrainingWindow): two nested cells and a drug."""
    return TrainingWindow(scorer.encode(TEXT), LABELS, [(2, 3, "drug"), (5, 7, "cell"), (6, 7, "cell")], **fields)


def expected(scorer: SpanScorer, marked) -> float:
    """RETURNS (float): the sum over spans that share a word with a marked stretch, one by one."""
    logits = scorer.logits(TEXT, LABELS)
    targets = np.zeros_like(logits)
    for first, last, label in window(scorer).spans:
        targets[first, last - first, LABELS.index(label)] = 1
    losses = SpanLoss().elements(torch.from_numpy(logits), torch.from_numpy(targets)).numpy()
    total = 0.0
    for first in range(len(TEXT)):
        for extra in range(min(scorer.config.max_width, len(TEXT) - first)):
            if any(first <= end and start <= first + extra for start, end in marked):
                total += losses[first, extra].sum()
    return total


def loss_of(scorer: SpanScorer, *windows: TrainingWindow) -> float:
    """RETURNS (float): the loss of a batch."""
    scorer.forget()
    return float(batch_loss(scorer, windows, SpanLoss()).detach())


@pytest.mark.parametrize("kind, family", KINDS)
@pytest.mark.parametrize("marked", [[(2, 3), (5, 7)], [(4, 4)], [], [(0, 7)]])
def test_spans_that_touch_no_mark_are_unknown(kind, family, marked):
    """The loss counts the spans that touch a marked stretch, and no other."""
    scorer = make_scorer(kind, family, pass_rate=0.0)
    found = loss_of(scorer, window(scorer, marked=marked))
    assert found == pytest.approx(expected(scorer, marked), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("kind, family", KINDS)
def test_a_batch_of_both_kinds(kind, family):
    """Partial, whole and weighted windows keep to themselves."""
    scorer = make_scorer(kind, family, pass_rate=0.0)
    windows = [window(scorer, marked=[(2, 3)]), window(scorer), window(scorer, weight=0.25, marked=[(5, 7)])]
    parts = [loss_of(scorer, replace(each, weight=1.0)) for each in windows]
    assert loss_of(scorer, *windows) == pytest.approx(parts[0] + parts[1] + 0.25 * parts[2], rel=1e-4)
    assert loss_of(scorer, windows[2]) == pytest.approx(0.25 * parts[2], rel=1e-4)
