"""The optimiser with two rates."""

from __future__ import annotations

import numpy as np
import pytest
from spacy.util import registry

from spacy_gliner_biomed.training.optimizer import AdamW

ENCODER = "token_rep_layer.bert_layer.model.encoder.layer.0.attention.self.query"
HEAD = "span_rep_layer.span_rep_layer.out_project.0"


def step(optimizer, name: str, weight: float = 1.0, gradient: float = 0.5) -> float:
    """RETURNS (float): by how much one step changes a weight."""
    before = np.full(3, weight, dtype="f")
    after, _ = optimizer((1, name), before.copy(), np.full(3, gradient, dtype="f"))
    return float((after - before)[0])


def test_two_rates():
    """The encoder learns at a part of the head's rate; Adam's first step is the rate itself."""
    optimizer = AdamW(0.01, encoder_scale=0.25, L2=0.0, encoder_L2=0.0)
    assert step(optimizer, f"{HEAD}.weight") == pytest.approx(-0.01, rel=1e-3)
    assert step(optimizer, f"{ENCODER}.weight") == pytest.approx(-0.0025, rel=1e-3)
    assert step(optimizer, f"{ENCODER}.bias") == pytest.approx(-0.0025, rel=1e-3)


def test_decay():
    """Decoupled, each group by its own, biases and layer norms not at all; the optimiser's own setting stays."""
    plain = AdamW(0.01, encoder_scale=1.0, L2=0.0, encoder_L2=0.0)
    decayed = AdamW(0.01, encoder_scale=1.0, L2=0.5, encoder_L2=0.1)
    for name, rate in (
        (f"{HEAD}.weight", 0.5),
        (f"{ENCODER}.weight", 0.1),
        (f"{HEAD}.bias", 0.0),
        (f"{ENCODER}.bias", 0.0),
        ("token_rep_layer.bert_layer.model.embeddings.LayerNorm.weight", 0.0),
    ):
        change = step(decayed, name, weight=2.0) - step(plain, name, weight=2.0)
        assert change == pytest.approx(-0.01 * rate * 2.0, rel=0.05, abs=1e-6), name
    assert decayed.L2 == 0.5


def test_averages_and_registration():
    """Moving averages on wish; found by its name in a config."""
    optimizer = registry.resolve(
        {"optimizer": {"@optimizers": "spacy_gliner_biomed.AdamW.v1", "learn_rate": 0.1, "use_averages": True}}
    )["optimizer"]
    step(optimizer, f"{HEAD}.weight")
    assert list(optimizer.averages) == [(1, f"{HEAD}.weight")]
    assert AdamW(0.1).averages is None
