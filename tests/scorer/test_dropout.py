"""Dropout from sixteen random bits an element."""

from __future__ import annotations

import pytest
import torch

from spacy_gliner_biomed.scorer.dropout import Dropout, dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_zeros_are_as_likely_as_they_should_be(p, dtype):
    """A share of p is zero, within five standard deviations; what is kept is scaled so that the mean stays."""
    torch.manual_seed(0)
    x = torch.ones(401, 503, dtype=dtype)
    y = dropout(x, p, training=True)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    share = float((y == 0).float().mean())
    assert abs(share - p) < 5 * (p * (1 - p) / x.numel()) ** 0.5
    assert y[y != 0].unique().tolist() == pytest.approx([1 / (1 - p)], rel=1e-2 if dtype == torch.bfloat16 else 1e-4)


def test_neighbours_are_independent():
    """The four elements that share a draw of the generator are dropped independently of each other."""
    torch.manual_seed(1)
    zero = (dropout(torch.ones(50_000, 4), 0.5, training=True) == 0).double()
    together = (zero.T @ zero) / len(zero)
    expected = torch.full((4, 4), 0.25, dtype=torch.float64) + 0.25 * torch.eye(4, dtype=torch.float64)
    torch.testing.assert_close(together, expected, rtol=0, atol=0.012)


def test_the_gradient_passes_where_the_value_does():
    """The same mask and factor, forwards and backwards."""
    torch.manual_seed(2)
    x = torch.randn(1001, requires_grad=True)
    y = dropout(x, 0.3, training=True)
    y.sum().backward()
    torch.testing.assert_close(x.grad * x.detach(), y.detach())


@pytest.mark.parametrize("p, training", [(0.5, False), (0.0, True)])
def test_nothing_happens_outside_training(p, training):
    """The very tensor comes back, and no random number is drawn."""
    x, before = torch.randn(7), torch.random.get_rng_state()
    assert dropout(x, p, training) is x
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_edges():
    """Everything is dropped at p = 1; a tensor without elements stays one; a probability that rounds to nothing is torch's."""
    assert dropout(torch.ones(9), 1.0, training=True).tolist() == [0.0] * 9
    assert dropout(torch.ones(0, 3), 0.5, training=True).shape == (0, 3)
    assert dropout(torch.ones(9), 1e-9, training=True).tolist() == [1.0] * 9


def test_the_seed_decides():
    """The same seed, the same mask; the layer follows its mode."""
    layer, x = Dropout(0.5), torch.ones(999)
    masks = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        masks.append(layer(x))
    assert torch.equal(masks[0], masks[1]) and not torch.equal(masks[0], masks[2])
    assert layer.eval()(x) is x
