"""`initialize`, `update`, `get_loss` of the component, without spaCy's training loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.labels import DEFAULT_LABELS
from spacy_gliner_biomed.thinc_model import shim_of
from spacy_gliner_biomed.training.optimizer import AdamW
from spacy_gliner_biomed.training.reader import to_example
from tests.component.pipelines import folder_nlp, scorer_of, spans
from tests.scorer.tiny import make_scorer

PASSAGES = [
    ("aspirin for acute pain", [(0, 7, "drug"), (12, 22, "symptom")]),
    ("metformin helps", [(0, 9, "drug")]),
    ("no drug against pain", [(16, 20, "symptom")]),
]


@pytest.fixture(scope="module", params=["bi", "uni"])
def folder(request, tmp_path_factory) -> Path:
    """An untrained scorer of each kind."""
    folder = tmp_path_factory.mktemp("untrained") / request.param
    checkpoint.save(make_scorer(request.param, pass_rate=0.0), folder)
    return folder


def examples(nlp) -> list[Example]:
    """RETURNS (list): the passages above."""
    rows = [
        {"text": text, "entities": [dict(zip(("start", "end", "label"), e, strict=True)) for e in found], "corpus": "c"}
        for text, found in PASSAGES
    ]
    return [to_example(nlp, row, {"c": ["drug", "symptom"]}, "gliner") for row in rows]


def make(folder, **settings):
    """RETURNS (tuple): pipeline, component and examples."""
    nlp = folder_nlp(folder, **{"labels": None, **settings})
    return nlp, nlp.get_pipe("gliner_biomed"), examples(nlp)


def test_initialize_finds_the_labels(folder):
    """From `labels`, from the config, or else from the examples; without any, the default labels stay."""
    nlp, pipe, gold = make(folder)
    nlp.initialize(lambda: gold)
    assert pipe.labels == ("drug", "symptom") and shim_of(pipe.model).is_loaded
    pipe.initialize(lambda: gold, nlp=nlp, labels={"drug": "any medicine"})
    assert pipe.label_set.descriptions == ("any medicine",)
    nlp, pipe, gold = make(folder, labels=["other"])
    nlp.initialize(lambda: gold)
    assert pipe.labels == ("other",)
    nlp, pipe, _ = make(folder)
    doc = nlp.make_doc("nothing known")
    pipe.initialize(lambda: [Example(doc, doc.copy())])
    assert pipe.labels == DEFAULT_LABELS


def test_initialize_refuses_what_is_no_example(folder):
    """With spaCy's own error."""
    _, pipe, _ = make(folder)
    with pytest.raises(TypeError, match="E978"):
        pipe.initialize(lambda: ["no example"])
    with pytest.raises(TypeError, match="E978"):
        pipe.update(["no example"])
    with pytest.raises(TypeError, match="E978"):
        pipe.get_loss(["no example"])


def test_updates_learn_the_passages(folder):
    """The loss falls until the component finds what it was shown, and `get_loss` agrees."""
    nlp, pipe, gold = make(folder)
    nlp.initialize(lambda: gold)
    optimizer = AdamW(0.002, encoder_scale=0.5)
    before = pipe.get_loss(gold)
    assert before[1] == 1.0
    losses = [nlp.update(gold, sgd=optimizer, losses={})["gliner_biomed"] for _ in range(60)]
    assert losses[0] == pytest.approx(before[0], rel=1e-3)
    assert losses[-1] < 0.2 * losses[0]
    assert pipe.get_loss(gold)[0] < losses[0] / 4
    assert spans(nlp(PASSAGES[0][0])) == [("aspirin", "drug"), ("acute pain", "symptom")]
    assert pipe.gold_report.mentions > 0 and pipe.gold_report.too_wide == 0


def test_a_loss_is_added_up_and_nothing_costs_nothing(folder):
    """`losses` collects; batches without words or labels are fine."""
    nlp, pipe, gold = make(folder)
    nlp.initialize(lambda: gold)
    losses = pipe.update(gold[:1])
    first = losses["gliner_biomed"]
    assert first > 0
    assert pipe.update(gold[:1], losses=losses)["gliner_biomed"] == pytest.approx(2 * first, rel=1e-3)
    blank = nlp.make_doc("  ")
    assert pipe.update([Example(blank, blank.copy())]) == {"gliner_biomed": 0.0}
    assert pipe.update([]) == {"gliner_biomed": 0.0}
    assert pipe.get_loss([]) == (0.0, 1.0)
    unlabelled = Doc(nlp.vocab, words=["a"])
    unlabelled.spans["gliner"] = []
    unlabelled.spans["gliner"].attrs["annotated_labels"] = []
    assert pipe.update([Example(unlabelled.copy(), unlabelled)], sgd=AdamW(0.1)) == {"gliner_biomed": 0.0}


def test_gradients_add_up_until_the_optimiser_steps(folder):
    """Two batches without `sgd`, then one step: as one batch of both."""
    weights = []
    for batches in ([slice(0, 1), slice(1, 3)], [slice(0, 3)]):
        nlp, pipe, gold = make(folder)
        nlp.initialize(lambda gold=gold: gold)
        for batch in batches:
            pipe.update(gold[batch])
        parameter = scorer_of(nlp).module.head.out_project[0].weight
        assert parameter.grad is not None
        weights.append(parameter.grad.clone())
        pipe.finish_update(AdamW(0.01))
        assert parameter.grad is None
    torch.testing.assert_close(*weights, rtol=1e-3, atol=1e-5)


def test_drop_is_the_heads_dropout(folder):
    """`drop` sets the rate inside span and label head; reading and measuring know none."""
    nlp, pipe, gold = make(folder)
    nlp.initialize(lambda: gold)
    pipe.update(gold, drop=0.7)
    rates = {layer.p for layer in scorer_of(nlp).module.modules() if isinstance(layer, torch.nn.Dropout)}
    assert rates == {0.7}
    assert pipe.get_loss(gold) == pipe.get_loss(gold)
    losses = {pipe.update(gold, drop=0.7)["gliner_biomed"] for _ in range(3)}
    assert len(losses) == 3
    assert not scorer_of(nlp).module.training


def test_mixed_precision(folder):
    """Products in bfloat16 while training: nearly the same loss, weights in float32."""
    nlp, pipe, gold = make(folder)
    nlp.initialize(lambda: gold)
    plain = pipe.update(gold)["gliner_biomed"]
    shim_of(pipe.model).mixed_precision = True
    mixed = pipe.update(gold)["gliner_biomed"]
    assert mixed != plain and mixed == pytest.approx(plain, rel=0.05)
    assert {parameter.dtype for parameter in scorer_of(nlp).module.parameters()} == {torch.float32}
    assert pipe.get_loss(gold)[0] == pytest.approx(plain, rel=1e-3)


def test_reading_sees_new_weights_at_once(folder):
    """Label vectors and packed weights of before an update are gone."""
    nlp, pipe, gold = make(folder, threshold=0.0)
    nlp.initialize(lambda: gold)
    doc = nlp("aspirin")
    before = np.asarray(doc.spans["gliner"].attrs["scores"]).copy()
    pipe.update(gold, sgd=AdamW(0.001))
    after = np.asarray(nlp("aspirin").spans["gliner"].attrs["scores"])
    assert len(after) == len(before) > 0 and not np.allclose(before, after)


def test_averages_are_used_and_put_back(folder):
    """`use_params` reads with an optimiser's averages for a while."""
    nlp, pipe, gold = make(folder)
    nlp.initialize(lambda: gold)
    optimizer = AdamW(0.002, use_averages=True)
    for _ in range(5):
        pipe.update(gold, sgd=optimizer)
    own = pipe.get_loss(gold)[0]
    with nlp.use_params(optimizer.averages):
        assert pipe.get_loss(gold)[0] != pytest.approx(own, rel=1e-6)
    assert pipe.get_loss(gold)[0] == pytest.approx(own, rel=1e-6)


@pytest.mark.parametrize("in_place", [True, False])
def test_any_optimiser_will_do(folder, in_place):
    """One that changes the weights it is given, and one that gives new ones."""
    nlp, pipe, gold = make(folder)
    nlp.initialize(lambda: gold)
    head = scorer_of(nlp).module.head.out_project[3].bias
    before = head.detach().clone()

    def step(key, weights, gradient):
        if not in_place:
            return weights + 1, gradient
        weights += 1
        return weights, gradient

    pipe.update(gold)
    pipe.finish_update(step)
    torch.testing.assert_close(head.detach(), before + 1)


def test_int8_storage_ends_with_training(folder):
    """Weights that came from int8 and change are no longer stored so."""
    nlp, pipe, gold = make(folder)
    nlp.initialize(lambda: gold)
    scorer_of(nlp).storage_scales = {"x": torch.ones(1)}
    pipe.update(gold)
    assert scorer_of(nlp).storage_scales is None


def test_descriptions_are_read_in_training_too(folder):
    """A passage's label with a description is scored by what the model will read."""
    nlp, pipe, gold = make(folder, labels={"drug": "any medicine", "symptom": ""})
    pipe.initialize(lambda: gold)
    [window, *_] = pipe._training_windows(gold)
    assert list(window.labels) == ["any medicine", "symptom"]
    assert window.spans[0] == (0, 0, "any medicine")


def test_training_again_after_loading(folder, tmp_path):
    """`resume_training` on a stored pipeline."""
    nlp, _, gold = make(folder)
    nlp.initialize(lambda: gold)
    nlp.to_disk(tmp_path / "one")
    again = spacy.load(tmp_path / "one")
    again.resume_training()
    optimizer = AdamW(0.002)
    losses = [again.update(examples(again), sgd=optimizer, losses={})["gliner_biomed"] for _ in range(6)]
    assert losses[-1] < losses[0]
