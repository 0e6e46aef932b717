"""Adapters in the encoders: nothing at first, part of every reading and saving, gone in the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from spacy_gliner_biomed.scorer import SpanScorer
from spacy_gliner_biomed.scorer.loss import SpanLoss
from spacy_gliner_biomed.scorer.training import batch_loss
from spacy_gliner_biomed.training.engine import train
from spacy_gliner_biomed.training.lora import adapters
from tests.scorer.tiny import make_scorer
from tests.training.tiny_training import QUICK, dev_set, make_stream, weights

WINDOW, LABELS = ["aspirin", "for", "acute", "pain"], ["drug", "symptom"]


def scores(scorer: SpanScorer) -> np.ndarray:
    """RETURNS (ndarray): of all spans of one window."""
    scorer.forget()
    return scorer.score([WINDOW], LABELS, 0.0)[0].score


@pytest.mark.parametrize("family", ["bert", "deberta-v2"])
@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_the_sum_is_what_is_read_saved_and_kept(kind: str, family: str) -> None:
    """Training, inference, packed or not, and the state all see the same weights; afterwards the network is as it was made."""
    scorer = make_scorer(kind, family)
    before, plain, kinds = weights(scorer), scores(scorer), [type(m) for m in scorer.module.modules()]
    random = torch.Generator().manual_seed(0)
    with adapters(scorer.module, 2):
        np.testing.assert_allclose(plain, scores(scorer), atol=1e-6)
        for name, parameter in scorer.module.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.5, generator=random)
        within, read = weights(scorer), scores(scorer)
        windows = make_stream(scorer).batch(0)
        scorer.forget()
        loss = batch_loss(scorer, windows, SpanLoss())
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, weights(scorer)[name])}
    assert list(before) == list(within) == list(weights(scorer))
    assert kinds == [type(module) for module in scorer.module.modules()]
    assert changed and all(".encoder.layer." in name and name.endswith("weight") for name in changed)
    assert not any("intermediate" in name or "LayerNorm" in name for name in changed)
    assert all(torch.allclose(tensor, within[name], atol=1e-6) for name, tensor in weights(scorer).items())
    assert np.abs(read - plain).max() > 1e-3
    np.testing.assert_allclose(read, scores(scorer), atol=1e-5)
    again = batch_loss(scorer, windows, SpanLoss())
    assert loss.item() == pytest.approx(again.item(), rel=1e-5)
    assert all(parameter.requires_grad for parameter in scorer.module.parameters())


def test_the_encoders_stand_still_beside_them(tmp_path) -> None:
    """A training changes the head, and the adapted layers by a matrix of the adapters' rank; the seed decides."""
    outcomes = []
    for seed in (0, 0, 1):
        scorer = make_scorer("bi", pass_rate=0.0)
        before = weights(scorer)
        with adapters(scorer.module, 2, seed):
            settings = replace(QUICK, average=0.0)
            result = train(scorer, make_stream(scorer), dev_set(), settings, tmp_path, resume=False, progress=False)
        assert result.best is not None
        changes = {name: tensor - before[name] for name, tensor in weights(scorer).items()}
        ranks = {
            int(torch.linalg.matrix_rank(change, atol=1e-5))
            for name, change in changes.items()
            if ".encoder.layer." in name and change.abs().max() > 0
        }
        assert ranks <= {1, 2} and ranks
        assert not any(change.any() for name, change in changes.items() if "embeddings" in name)
        assert all(changes[name].any() for name in changes if name.startswith("prompt_rep_layer") and name.endswith("weight"))
        outcomes.append(weights(scorer))
    same, other = ({name: torch.equal(outcomes[0][name], outcomes[n][name]) for name in outcomes[0]} for n in (1, 2))
    assert all(same.values()) and not all(other.values())


def test_an_error_leaves_nothing_behind() -> None:
    """The network is whole after an interrupted training, too."""
    scorer = make_scorer("bi")
    before = weights(scorer)
    with pytest.raises(KeyboardInterrupt), adapters(scorer.module, 2):
        raise KeyboardInterrupt
    assert list(before) == [name for name, _ in scorer.module.named_parameters()]
    with pytest.raises(ValueError, match=r"The rank of the adapters is 0; it must be at least 1\."), adapters(scorer.module, 0):
        raise AssertionError
