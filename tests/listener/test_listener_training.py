"""Training: every pipe learns, and the shared encoder learns from ours."""

from __future__ import annotations

import json

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc, SpanGroup
from spacy.training import Example
from thinc.api import Model

from spacy_gliner_biomed.listener.gold import listener_windows
from spacy_gliner_biomed.listener.node import ListenerBatch, ListenerShim, listener_model, listener_shim
from spacy_gliner_biomed.listener.recipe import ListeningRecipe
from spacy_gliner_biomed.listener.words import doc_words
from spacy_gliner_biomed.scorer.training import TrainingWindow
from spacy_gliner_biomed.training.examples import WINDOW, to_windows
from spacy_gliner_biomed.training.reader import create_jsonl_reader
from spacy_gliner_biomed.training.windows import GoldReport
from tests.listener.shared import ODD_TEXTS, TEXTS, encoder_weights, examples, learn, pipe_of, scored, shared_nlp
from tests.scorer.tiny import make_scorer, randomise


@pytest.mark.parametrize("encoder", ["tok2vec", "first"])
def test_joint_training(encoder, bert, bi_folder, tmp_path):
    """Tagger and open NER learn on one encoder; what is saved annotates as before, from disk and from bytes."""
    nlp = shared_nlp(encoder, bert, label_encoder=str(bi_folder))
    before = encoder_weights(nlp).copy()
    history = learn(nlp, 25, rate=0.005)
    assert history[-1]["gliner_biomed"] < 0.7 * history[0]["gliner_biomed"]
    assert history[-1]["tagger"] < 0.8 * history[0]["tagger"]
    assert np.abs(encoder_weights(nlp) - before).max() > 0.01
    pipe_of(nlp).threshold = 0.05
    texts = [text for text, _, _ in TEXTS] + ODD_TEXTS
    expected = [(scored(doc), [token.tag_ for token in doc]) for doc in nlp.pipe(texts)]
    assert sum(len(spans) for spans, _ in expected) > 3
    nlp.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert [(scored(doc), [token.tag_ for token in doc]) for doc in loaded.pipe(texts, batch_size=3)] == expected
    copied = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert [(scored(doc), [token.tag_ for token in doc]) for doc in copied.pipe(texts)] == expected


@pytest.mark.parametrize("encoder", ["tok2vec", "transformer"])
def test_our_loss_alone_changes_the_shared_encoder(encoder, bert):
    """No other pipe listens; the encoder's weights move, and stay where the gradient is cut off."""
    nlp = shared_nlp(encoder, bert, tagger=False)
    before = encoder_weights(nlp).copy()
    history = learn(nlp, 3)
    assert np.abs(encoder_weights(nlp) - before).max() > 1e-3
    assert history[-1]["gliner_biomed"] < history[0]["gliner_biomed"]
    if encoder == "transformer":
        frozen = shared_nlp(encoder, bert, tagger=False, start=False)
        next(node for node in pipe_of(frozen).model.walk() if "grad_factor" in node.attrs).attrs["grad_factor"] = 0.0
        frozen.initialize(lambda: examples(frozen))
        before = encoder_weights(frozen).copy()
        optimizer = frozen.create_optimizer()
        optimizer.L2 = 0.0
        frozen.update(examples(frozen), sgd=optimizer)
        np.testing.assert_allclose(encoder_weights(frozen), before, atol=1e-7)


def without_dropout(shim: ListenerShim) -> None:
    """Switch the dropout of label encoder and head off."""
    shim.set_head_dropout(0.0)
    for module in shim.listening.module.modules():
        if isinstance(getattr(module, "dropout", None), float):
            module.dropout = 0.0


def vectors_layer(matrices: list[np.ndarray]) -> Model:
    """RETURNS (Model): a token layer that gives these vectors and keeps their gradients in `attrs`."""

    def forward(model, docs, is_train):
        def backprop(gradients):
            model.attrs["gradients"] = gradients
            return docs

        return model.attrs["matrices"], backprop

    return Model("vectors", forward, attrs={"matrices": matrices, "gradients": None})


def test_the_gradient_is_that_of_finite_differences(monkeypatch):
    """In double precision, over documents with white space, without words and without tokens."""
    # The head rounds its logits to float32, too coarse for small differences
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    vocab = spacy.blank("en").vocab
    docs = [
        Doc(vocab, words=["tau", "\n", "binds", "lithium"]),
        Doc(vocab, words=[]),
        Doc(vocab, words=[" "]),
        Doc(vocab, words=["pain"]),
    ]
    randomness = np.random.default_rng(0)
    width = 3
    matrices = [randomness.normal(size=(len(doc), width)) for doc in docs]
    matrices[1] = np.zeros((0, 0))  # a transformer gives a document without tokens no width
    shim = ListenerShim(
        ListeningRecipe(label_encoder=None, hidden_size=4, max_width=2, label_size=4, label_layers=1, label_heads=1)
    )
    layer = vectors_layer(matrices)
    model = listener_model(layer, shim)
    shim.build(width)
    randomise(shim.listening.module.double(), 0)
    without_dropout(shim)
    words = [one.encoded for one in doc_words(docs)]
    assert [len(one) for one in words] == [3, 0, 0, 1]
    gold = [[(0, 0, "protein"), (1, 2, "drug")], [], [], [(0, 0, "symptom")]]
    labels = ["protein", "drug", "symptom"]
    batch = ListenerBatch(docs, [TrainingWindow(one, labels, spans) for one, spans in zip(words, gold, strict=True)])
    loss, backprop = model.begin_update(batch)
    backprop(1.0)
    gradients = layer.attrs["gradients"]
    assert loss == pytest.approx(float(model.predict(batch)))
    assert [gradient.shape for gradient in gradients] == [matrix.shape for matrix in matrices]
    step = 1e-5
    for matrix, gradient in zip(matrices, gradients, strict=True):
        for place in np.ndindex(matrix.shape):
            kept = matrix[place]
            matrix[place] = kept + step
            above = float(model.predict(batch))
            matrix[place] = kept - step
            below = float(model.predict(batch))
            matrix[place] = kept
            assert gradient[place] == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-7)
    assert np.abs(gradients[0]).max() > 1e-3 and np.abs(gradients[3]).max() > 1e-3
    assert not gradients[0][1].any() and not gradients[2].any()  # nobody reads white space


def test_a_batch_with_nothing_to_learn_lets_the_other_pipes_learn():
    """The last listener sends everybody's gradient: ours does so even where its own is zero."""
    nlp = shared_nlp("tok2vec")
    silent = examples(nlp)
    for example in silent:
        example.reference.spans["gliner"] = SpanGroup(example.reference, attrs={"annotated_labels": []})
    before = encoder_weights(nlp).copy()
    optimizer = nlp.create_optimizer()
    for _ in range(2):  # a tagger's last layer begins with zeros, and sends nothing back at first
        losses = nlp.update(silent, sgd=optimizer)
        assert losses["gliner_biomed"] == 0.0 and losses["tagger"] > 0.0
    assert np.abs(encoder_weights(nlp) - before).max() > 0.0


@pytest.mark.parametrize("encoder", ["tok2vec", "transformer"])
def test_batches_with_empty_documents(encoder, bert):
    """A batch of nothing is no step; an empty document among others is no trouble."""
    nlp = shared_nlp(encoder, bert)
    empty = Example(nlp.make_doc(""), nlp.make_doc(""))
    before = encoder_weights(nlp).copy()
    pipe = pipe_of(nlp)
    assert pipe.update([empty]) == {"gliner_biomed": 0.0}
    np.testing.assert_array_equal(encoder_weights(nlp), before)
    losses = nlp.update([empty, *examples(nlp), Example(nlp.make_doc("\n"), nlp.make_doc("\n"))])
    assert losses["gliner_biomed"] > 0.0


def test_the_loss_of_documents_that_were_read():
    """`get_loss` is the loss of the next step, without its dropout."""
    nlp = shared_nlp("tok2vec")
    pipe, batch = pipe_of(nlp), examples(nlp)
    for example in batch:
        nlp.get_pipe("tok2vec")(example.predicted)
    loss, gradient = pipe.get_loss(batch)
    assert gradient == 1.0 and loss > 0.0
    without_dropout(listener_shim(pipe.model))
    assert nlp.update(examples(nlp), drop=0.0)["gliner_biomed"] == pytest.approx(loss, rel=1e-4)


def test_windows_know_what_those_of_a_text_encoder_know(tmp_path):
    """Partial rows, unknown stretches and weights; a passage of weight 0 keeps its place, and nothing is learnt from it."""
    row = {
        "text": "aspirin for acute pain", "labels": ["drug", "symptom"], "partial": True, "weight": 0.5,
        "entities": [{"start": 0, "end": 7, "label": "drug"}], "unknown": [[13, 14], [18, 22], [7, 8]],
    }  # fmt: skip
    rows = [row, {**row, "weight": 0.0}, {"text": "tau binds", "labels": ["drug"], "entities": []}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    batch = list(create_jsonl_reader(tmp_path / "a.jsonl")(spacy.blank("en")))
    partial, left_out, plain = listener_windows(batch, str, [], "gliner", 4, GoldReport())
    expected = to_windows(batch, make_scorer("bi", pass_rate=0.0), str, [], "gliner", 24, GoldReport())
    for window, other in zip((partial, plain), expected, strict=True):
        for name in ("labels", "spans", "weight", "marked"):
            assert getattr(window, name) == getattr(other, name), name
        assert list(window.unknown) == list(other.unknown)
    assert partial.unknown == [(2, 2), (3, 3)] and len(left_out.words) == 4 and not left_out.labels


def test_gold_that_cannot_be_learnt_is_counted_or_refused():
    """Wide mentions and those that begin inside a token are counted; other texts and a recipe's windows are refused."""
    nlp = shared_nlp("tok2vec", max_width=2)
    pipe = pipe_of(nlp)
    gold = nlp.make_doc("acute renal failure, lithium")
    wide, inside = gold.char_span(0, 19, label="disease"), gold.char_span(21, 28, label="drug")
    offsets = np.asarray([(0, 19), (22, 28)])
    gold.spans["gliner"] = SpanGroup(gold, spans=[wide, inside], attrs={"offsets": offsets})
    with pytest.warns(UserWarning, match="wider than this model's 2 words or cross a window"):
        nlp.update([Example(nlp.make_doc(gold.text), gold)])
    assert (pipe.gold_report.too_wide, pipe.gold_report.widened, pipe.gold_report.across) == (1, 1, 0)
    other = Example(nlp.make_doc("one two"), nlp.make_doc("one two"))
    other.predicted = nlp.make_doc("one  two")
    with pytest.raises(ValueError, match="another text"):
        pipe._training_windows([other])
    stream = Example(nlp.make_doc("one"), nlp.make_doc("one"))
    stream.reference.user_data[WINDOW] = object()
    with pytest.raises(ValueError, match="Jsonl.v1"):
        pipe._training_windows([stream])
