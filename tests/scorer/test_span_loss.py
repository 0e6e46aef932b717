"""The training loss against gliner's function, element by element."""

from __future__ import annotations

import itertools

import pytest
import torch
from gliner.modeling.loss_functions import focal_loss_with_logits

from spacy_gliner_biomed.scorer.loss import SpanLoss


@pytest.mark.parametrize(
    "alpha, gamma, label_smoothing, prob_margin",
    list(itertools.product([-1.0, 0.25, 0.75], [0.0, 1.0, 2.0], [0.0, 0.1], [0.0, 0.05])),
)
def test_elements_equal_gliner(alpha, gamma, label_smoothing, prob_margin):
    """Over logits from sure to unsure, on both sides."""
    logits = torch.linspace(-12, 12, 60).reshape(20, 3)
    targets = (torch.arange(60).reshape(20, 3) % 4 == 0).float()
    expected = focal_loss_with_logits(
        logits,
        targets,
        alpha=alpha,
        gamma=gamma,
        prob_margin=prob_margin,
        label_smoothing=label_smoothing,
        reduction="none",
    )
    ours = SpanLoss(alpha, gamma, label_smoothing, prob_margin).elements(logits, targets)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("prob_margin", [0.0, 0.05])
def test_without_a_floor_the_gradient_never_ends(prob_margin):
    """The same values as with it where it does not bind; beyond, a loss that still has a slope."""
    logits = torch.linspace(-8, 8, 50).unsqueeze(1)
    targets = (torch.arange(50) % 2 == 0).float().unsqueeze(1)
    expected = SpanLoss(0.65, 1.0, 0.1, prob_margin).elements(logits, targets)
    found = SpanLoss(0.65, 1.0, 0.1, prob_margin, floor=0.0).elements(logits, targets)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    for floor, slope in ((1e-6, 0.0), (0.0, -1.0)):
        far = torch.full((1, 1), -40.0, requires_grad=True)
        SpanLoss(floor=floor).elements(far, torch.ones(1, 1)).sum().backward()
        assert far.grad.item() == pytest.approx(slope)


def test_unannotated_labels_weigh_nothing():
    """A zero in the mask takes the pair out of loss and gradient."""
    logits = torch.zeros(2, 2, requires_grad=True)
    annotated = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    SpanLoss().elements(logits, torch.zeros(2, 2), annotated).sum().backward()
    assert (logits.grad != 0).tolist() == [[True, False], [True, True]]


def test_reductions():
    """ "mean" divides by the spans, "sum" doesn't; anything else is refused."""
    total = torch.tensor(6.0)
    assert SpanLoss(reduction="sum").reduce(total, 3) == 6.0
    assert SpanLoss(reduction="mean").reduce(total, 3) == 2.0
    assert SpanLoss(reduction="mean").reduce(total, 0) == 6.0
    with pytest.raises(ValueError, match="'max' is unknown; choose from"):
        SpanLoss(reduction="max")
