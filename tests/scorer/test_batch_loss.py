"""One training step: the loss of a batch, its gradient, and what is unknown."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spacy_gliner_biomed.scorer import EncodedWords, SpanLoss, SpanScorer
from spacy_gliner_biomed.scorer.model import encoder_parameters
from spacy_gliner_biomed.scorer.training import TrainingWindow, batch_loss, begin_training
from tests.scorer.tiny import make_scorer

TEXTS = ["aspirin for acute pain", "tau binds lithium carbonate in neural crest cells", "no drug"]
LABELS = ["drug", "disease"]
GOLD = [[(0, 0, "drug"), (2, 3, "disease")], [(2, 3, "drug")], []]
KINDS = [("bi", "bert", {}), ("bi", "bert", {"tied": True}), ("uni", "deberta-v2", {}), ("uni", "bert", {"rnn": False})]


def fresh(kind: str, family: str, options: dict) -> SpanScorer:
    """RETURNS (SpanScorer): a scorer that no other test changes."""
    return make_scorer(kind, family, pass_rate=0.0, **options)


def training_windows(scorer: SpanScorer, labels=LABELS) -> list[TrainingWindow]:
    """RETURNS (list): the texts above."""
    return [
        TrainingWindow(scorer.encode(text.split()), list(labels), gold) for text, gold in zip(TEXTS, GOLD, strict=True)
    ]


def by_logits(scorer: SpanScorer, windows: list[TrainingWindow], loss: SpanLoss) -> float:
    """RETURNS (float): the sum over every valid span and label, from the logits of inference."""
    total = 0.0
    for window, text in zip(windows, TEXTS, strict=True):
        logits = scorer.logits(text.split(), window.labels)
        targets = np.zeros_like(logits)
        for first, last, label in window.spans:
            targets[first, last - first, list(window.labels).index(label)] = 1
        valid = np.isfinite(logits)
        total += float(loss.elements(torch.from_numpy(logits[valid]), torch.from_numpy(targets[valid])).sum())
    return total


@pytest.mark.parametrize("loss", [SpanLoss(), SpanLoss(0.75, 2.0, 0.1, 0.05)])
@pytest.mark.parametrize("kind, family, options", KINDS)
def test_loss_is_the_sum_over_all_pairs(kind, family, options, loss):
    """The loss of a batch equals the sum over its windows, spans and labels."""
    scorer = fresh(kind, family, options)
    windows = training_windows(scorer)
    expected = by_logits(scorer, windows, loss)
    scorer.forget()
    found = float(batch_loss(scorer, windows, loss).detach())
    assert found == pytest.approx(expected, rel=1e-4)


def test_mean_reduction():
    """ "mean" divides by the spans: of the batch in a bi-encoder, of each window in a uni-encoder."""
    n_spans = [sum(min(4, n - i) for i in range(n)) for n in (len(text.split()) for text in TEXTS)]
    for kind, family, options in KINDS[1:3]:
        scorer = fresh(kind, family, options)
        windows = training_windows(scorer)
        parts = [float(batch_loss(scorer, [window], SpanLoss()).detach()) for window in windows]
        found = float(batch_loss(scorer, windows, SpanLoss(reduction="mean")).detach())
        if kind == "bi":
            assert found == pytest.approx(sum(parts) / sum(n_spans), rel=1e-4)
        else:
            means = [part / n for part, n in zip(parts, n_spans, strict=True)]
            assert found == pytest.approx(sum(means) / len(means), rel=1e-4)


@pytest.mark.parametrize("kind, family, options", KINDS)
def test_gradients_reach_every_parameter_and_the_loss_falls(kind, family, options):
    """A few steps on three texts learn them."""
    scorer = fresh(kind, family, options)
    windows = training_windows(scorer)
    optimizer = torch.optim.AdamW(scorer.module.parameters(), lr=5e-3)
    losses = []
    for step in range(8):
        scorer.module.train()
        optimizer.zero_grad()
        loss = batch_loss(scorer, windows, SpanLoss())
        loss.backward()
        if step == 0:
            still = [name for name, p in scorer.module.named_parameters() if p.grad is None or not p.grad.abs().sum()]
            # keys are compared with each other: a constant added to all of them changes nothing
            assert [name for name in still if not name.endswith((".key.bias", ".key_proj.bias"))] == []
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("kind, family, options", KINDS[:3])
def test_labels_a_window_was_not_annotated_for_are_unknown(kind, family, options):
    """A label that only other windows list changes nothing in this one: its logits there get no gradient."""
    scorer = fresh(kind, family, options)
    one, two, _ = training_windows(scorer)
    wider = TrainingWindow(two.words, ["drug", "disease", "gene"], two.spans)
    together = float(batch_loss(scorer, [one, wider], SpanLoss()).detach())
    apart = sum(float(batch_loss(scorer, [window], SpanLoss()).detach()) for window in (one, wider))
    assert together == pytest.approx(apart, rel=1e-4)


def test_unannotated_logits_get_no_gradient(monkeypatch):
    """In a bi-encoder's shared table of labels, unknown pairs have a gradient of exactly zero."""
    scorer = fresh("bi", "bert", {})
    one, two, _ = training_windows(scorer)
    narrow = TrainingWindow(one.words, ["drug"], [(0, 0, "drug")])
    seen = []
    elements = SpanLoss.elements

    def spy(self, logits, targets, annotated=None):
        logits.retain_grad()
        seen.append(logits)
        return elements(self, logits, targets, annotated)

    monkeypatch.setattr(SpanLoss, "elements", spy)
    batch_loss(scorer, [narrow, two], SpanLoss()).backward()
    n_words = len(narrow.words)
    unknown = seen[0].grad[:n_words, 1]
    assert not unknown.abs().sum()
    assert seen[0].grad[n_words:, 1].abs().sum() and seen[0].grad[:n_words, 0].abs().sum()


@pytest.mark.parametrize("kind, family, options", KINDS[:3])
def test_spans_that_are_too_wide_are_left_out(kind, family, options):
    """A gold span wider than the model's widest is no target, and no error."""
    scorer = fresh(kind, family, options)
    window = training_windows(scorer)[1]
    wide = TrainingWindow(window.words, window.labels, [*window.spans, (0, 6, "disease")])
    assert float(batch_loss(scorer, [wide], SpanLoss()).detach()) == float(
        batch_loss(scorer, [window], SpanLoss()).detach()
    )


def test_nothing_to_learn_from():
    """Windows without words or labels cost nothing."""
    scorer = fresh("bi", "bert", {})
    nothing = EncodedWords(np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
    loss = batch_loss(
        scorer, [TrainingWindow(nothing, LABELS, []), TrainingWindow(scorer.encode(["a"]), [], [])], SpanLoss()
    )
    assert float(loss) == 0.0 and not loss.requires_grad


def test_encoder_and_head_are_told_apart_by_name():
    """What learns at the encoder's rate is all that lives in `token_rep_layer`."""
    encoder, rest = encoder_parameters(fresh("uni", "deberta-v2", {}).module)
    assert {name.split(".")[0] for name in encoder} == {"token_rep_layer"}
    assert {name.split(".")[0] for name in rest} == {"span_rep_layer", "prompt_rep_layer", "rnn"}


@pytest.mark.parametrize("kind, family, options", KINDS)
def test_mixed_precision_keeps_loss_and_direction(kind, family, options):
    """Products in bfloat16, those of the spans included: the loss stays within 3 %, the gradient points the same way."""
    found = []
    for mixed in (False, True):
        scorer = fresh(kind, family, options)
        for layer in begin_training(scorer, mixed).modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0
            if hasattr(layer, "dropout") and isinstance(layer.dropout, float):
                layer.dropout = 0.0
        loss = batch_loss(scorer, training_windows(scorer), SpanLoss())
        loss.backward()
        gradient = torch.cat([p.grad.flatten() for p in scorer.module.parameters() if p.grad is not None])
        found.append((float(loss.detach()), gradient))
    (plain, exact), (rounded, rough) = found
    assert rounded != plain and rounded == pytest.approx(plain, rel=3e-2)
    assert float(torch.nn.functional.cosine_similarity(exact, rough, dim=0)) > 0.98
