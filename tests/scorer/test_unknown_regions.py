"""Stretches of a window of which nothing is known but their gold spans: the loss leaves out exactly what touches them."""

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
GOLD = [(2, 3, "drug"), (5, 7, "cell"), (6, 7, "cell")]


def window(scorer: SpanScorer, **fields) -> TrainingWindow:
    """RETURNS (TrainingWindow): two nested cells and a drug."""
    return TrainingWindow(scorer.encode(TEXT), LABELS, GOLD, **fields)


def touches(first: int, last: int, stretches) -> bool:
    """Whether a span shares a word with one of the stretches."""
    return any(first <= end and start <= last for start, end in stretches)


def expected(scorer: SpanScorer, unknown, marked=None) -> float:
    """RETURNS (float): the sum over the pairs of span and label that something is known about, one by one."""
    logits = scorer.logits(TEXT, LABELS)
    targets = np.zeros_like(logits)
    for first, last, label in GOLD:
        targets[first, last - first, LABELS.index(label)] = 1
    losses = SpanLoss().elements(torch.from_numpy(logits), torch.from_numpy(targets)).numpy()
    total = 0.0
    for first in range(len(TEXT)):
        for extra in range(min(scorer.config.max_width, len(TEXT) - first)):
            for column, label in enumerate(LABELS):
                gold = (first, first + extra, label) in GOLD
                in_doubt = touches(first, first + extra, unknown) and not gold
                if not in_doubt and (marked is None or touches(first, first + extra, marked)):
                    total += losses[first, extra, column]
    return total


def loss_of(scorer: SpanScorer, *windows: TrainingWindow) -> float:
    """RETURNS (float): the loss of a batch."""
    scorer.forget()
    return float(batch_loss(scorer, windows, SpanLoss()).detach())


@pytest.mark.parametrize("kind, family", KINDS)
@pytest.mark.parametrize(
    "unknown, marked",
    [([(4, 4)], None), ([(0, 0), (7, 7)], None), ([(0, 7)], None), ([(0, 1), (4, 5)], [(2, 3), (5, 7)]), ([], [(2, 3)])],
)
def test_what_touches_an_unknown_stretch_is_no_negative(kind, family, unknown, marked):
    """Gold spans stay positive there, for their own label alone; partly annotated windows have both masks."""
    scorer = make_scorer(kind, family, pass_rate=0.0)
    found = loss_of(scorer, window(scorer, unknown=unknown, marked=marked))
    assert found == pytest.approx(expected(scorer, unknown, marked), rel=1e-4, abs=1e-5)
    if unknown:
        assert found < loss_of(scorer, window(scorer, marked=marked))


@pytest.mark.parametrize("kind, family", KINDS)
def test_windows_keep_to_themselves(kind, family):
    """An unknown stretch says nothing about the words of another window, and weights still count."""
    scorer = make_scorer(kind, family, pass_rate=0.0)
    windows = [window(scorer, unknown=[(7, 7)]), window(scorer), window(scorer, weight=0.25, unknown=[(0, 3)])]
    parts = [loss_of(scorer, replace(each, weight=1.0)) for each in windows]
    assert loss_of(scorer, *windows) == pytest.approx(parts[0] + parts[1] + 0.25 * parts[2], rel=1e-4)


def test_no_gradient_comes_from_them():
    """Where everything but the gold is unknown, the gradient is that of the gold spans alone."""
    scorer = make_scorer("bi", pass_rate=0.0)
    found = []
    for fields in ({"unknown": [(0, 7)]}, {"marked": []}):
        for parameter in scorer.module.parameters():
            parameter.grad = None
        scorer.forget()
        batch_loss(scorer, [window(scorer, **fields)], SpanLoss()).backward()
        found.append(sum(float(p.grad.abs().sum()) for p in scorer.module.parameters() if p.grad is not None))
    assert found[0] > 0.0 == found[1]
