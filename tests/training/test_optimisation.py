"""Rates, decay, clipping, averages: the plain optimiser, and that thinc's makes the same updates."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from spacy_gliner_biomed.scorer.model import is_encoder_parameter
from spacy_gliner_biomed.training.optimisation import Optimisation, decays, rate_factor
from spacy_gliner_biomed.training.optimizer import AdamW
from spacy_gliner_biomed.training.settings import TrainingSettings
from tests.scorer.tiny import make_scorer

SETTINGS = TrainingSettings(steps=100, warmup=0.1, learn_rate=1e-2, encoder_learn_rate=1e-3, decay=0.1, encoder_decay=0.5)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_schedules(schedule):
    """Up over the warm-up, then down to nothing, never above the highest."""
    settings = replace(SETTINGS, schedule=schedule)
    factors = [rate_factor(step, settings) for step in range(100)]
    assert factors[:9] == pytest.approx([0.1 * n for n in range(1, 10)])
    assert all(0 < factor <= 1 for factor in factors) and factors[9] == pytest.approx(1.0, abs=0.02)
    if schedule == "constant":
        assert set(factors[9:]) == {1.0}
    else:
        assert factors[10:] == sorted(factors[10:], reverse=True) and factors[-1] < 0.02
        assert factors[55] == pytest.approx(0.5, abs=0.02)
    assert rate_factor(4, replace(settings, warmup=20)) == 0.25  # a number of updates
    assert rate_factor(0, replace(settings, warmup=0.0)) == 1.0


@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_the_same_updates_as_in_spacy_train(clip):
    """Torch's AdamW and thinc's, with two rates, decay, and the whole gradient clipped.

    Thinc decays after the step and torch before it: rate² · decay apart, 1e-5 a step here.
    """
    module = make_scorer("bi", pass_rate=0.0).module
    thinc = {name: parameter.detach().numpy().copy() for name, parameter in module.named_parameters()}
    settings = replace(SETTINGS, clip=clip, warmup=0.0, schedule="constant")
    ours = Optimisation(module, settings)
    theirs = AdamW(1e-2, encoder_scale=0.1, L2=0.1, encoder_L2=0.5, grad_clip=0.0, clip_norm=clip)
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        gradients = {name: torch.randn(p.shape, generator=generator) for name, p in module.named_parameters()}
        for name, parameter in ours.parameters.items():
            parameter.grad.copy_(gradients[name])
        norm, factor = ours.step()
        assert norm == pytest.approx(float(torch.cat([g.flatten() for g in gradients.values()]).norm())) and factor == 1.0
        theirs.clip_together(list(gradients.values()))
        for name in thinc:
            thinc[name], _ = theirs((1, name), thinc[name], gradients[name].numpy())
    for name, parameter in module.named_parameters():
        assert torch.allclose(parameter.detach(), torch.from_numpy(thinc[name]), atol=4e-5), name
        assert not ours.gradient.any()


def test_groups():
    """Encoder and head have their own rates and decay; biases and norms don't decay."""
    module = make_scorer("bi", pass_rate=0.0).module
    ours = Optimisation(module, replace(SETTINGS, warmup=0.0, schedule="constant", clip=0.0, eps=1e-12))
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    ours.gradient.fill_(1.0)
    ours.step()
    for name, parameter in module.named_parameters():
        encoder = is_encoder_parameter(name)
        rate = 1e-3 if encoder else 1e-2
        decay = (0.5 if encoder else 0.1) if decays(name) else 0.0
        assert torch.allclose(parameter.detach(), before[name] * (1 - rate * decay) - rate, atol=1e-6), name


def test_averages_swap_and_come_back():
    """Twice is not at all."""
    module = make_scorer("bi", pass_rate=0.0).module
    ours = Optimisation(module, replace(SETTINGS, average=0.5))
    ours.gradient.fill_(1.0)
    ours.step()
    name, parameter = next(iter(ours.parameters.items()))
    weights, average = parameter.detach().clone(), ours.average[name].clone()
    assert not torch.equal(weights, average)
    ours.swap_average()
    assert torch.equal(parameter.detach(), average) and torch.equal(ours.average[name], weights)
    ours.swap_average()
    assert torch.equal(parameter.detach(), weights)
