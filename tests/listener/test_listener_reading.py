"""Reading: texts of any length, labels of any kind, and vectors that must belong to the text."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.util import filter_spans
from thinc.api import NumpyOps
from thinc.types import Ragged

from spacy_gliner_biomed.listener.pooling import first_subword
from tests.listener.shared import ODD_TEXTS, TEXTS, examples, learn, pipe_of, scored, shared_nlp
from tests.scorer.tiny import randomise

LABELS = ["drug", "symptom", "protein"]


@pytest.fixture(scope="module")
def cnn():
    """A pipeline on spaCy's CNN, whose scores lie far apart; settings that a test changes are put back by it."""
    nlp = shared_nlp("tok2vec", tagger=False)
    randomise(pipe_of(nlp).span_scorer.module, 0)
    pipe_of(nlp).span_scorer.forget()
    return nlp


@pytest.fixture(scope="module")
def mean(bert):
    """A pipeline on the random BERT."""
    return shared_nlp("transformer", bert, tagger=False)


def spans_at(nlp, texts, threshold=0.0, **settings):
    """RETURNS (list): `scored` of texts with other settings for this call alone; threshold 0 gives every span."""
    pipe = pipe_of(nlp)
    kept = dict(pipe.cfg)
    pipe.cfg.update({"overlap": "nested", "multi_label": True, **settings})
    try:
        return [scored(doc) for doc in nlp.pipe(texts, component_cfg={"gliner_biomed": {"threshold": threshold}})]
    finally:
        pipe.cfg.clear()
        pipe.cfg.update(kept)


@pytest.mark.parametrize("name", ["cnn", "mean"])
def test_documents_of_any_length(name, request):
    """Alone or in batches: nothing in an empty text, one span in one word, white space in no span's ends."""
    nlp = request.getfixturevalue(name)
    texts = [*ODD_TEXTS, TEXTS[0][0]]
    together = spans_at(nlp, texts)
    assert together == [spans_at(nlp, [text])[0] for text in texts]
    assert together[0] == together[1] == []
    assert {span for span, _, _ in together[2]} == {"Aspirin"} and len(together[2]) == len(LABELS)
    assert all(span == span.strip() for spans in together for span, _, _ in spans)
    assert any("\n\n" in span for span, _, _ in together[3])  # words, and what lies between them
    assert len(together[4]) > 240


def test_two_processes(cnn):
    """Forked after the weights were used, as in every long-running program."""
    texts = [text for text, _, _ in TEXTS] * 2
    pipe_of(cnn).cfg["threshold"] = 0.3
    try:
        alone = [scored(doc) for doc in cnn.pipe(texts)]
        assert [scored(doc) for doc in cnn.pipe(texts, n_process=2, batch_size=3)] == alone
    finally:
        pipe_of(cnn).cfg["threshold"] = 0.5
    assert any(alone)


@pytest.mark.parametrize("settings", [{"window": 9}, {"window": 30, "stride": 11}, {"max_batch_tokens": 16}])
def test_windows_change_no_score(settings, cnn):
    """The head is cut where it pleases, as the context is in the vectors."""
    text = ODD_TEXTS[4]
    whole, cut = spans_at(cnn, [text], threshold=0.5), spans_at(cnn, [text], threshold=0.5, **settings)
    assert [span[:2] for span in whole[0]] == [span[:2] for span in cut[0]] and len(whole[0])
    np.testing.assert_allclose([span[2] for span in whole[0]], [span[2] for span in cut[0]], atol=2e-4)


def test_labels_at_run_time(cnn):
    """A label that no training has seen is read as text; each label has a score of its own, whatever the others are."""
    pipe = pipe_of(cnn)
    doc = cnn(TEXTS[2][0])

    def scores(labels):
        pipe.annotate(doc, labels=labels, threshold=0.0)
        return {(span, label): score for span, label, score in scored(doc) if span == "lithium"}

    pipe.cfg["multi_label"] = True
    one, two = scores(["metal ion"]), scores(["organ of the body", "metal ion"])
    pipe.cfg["multi_label"] = False
    assert one[("lithium", "metal ion")] == two[("lithium", "metal ion")]
    assert two[("lithium", "organ of the body")] != two[("lithium", "metal ion")]
    assert pipe.labels == ("drug", "protein", "symptom")


def test_labels_are_encoded_once(monkeypatch):
    """Until the weights change."""
    nlp = shared_nlp("tok2vec", tagger=False)
    scorer = pipe_of(nlp).span_scorer
    asked: list[tuple[str, ...]] = []
    encode = scorer.encode_labels
    monkeypatch.setattr(scorer, "encode_labels", lambda texts: (asked.append(tuple(texts)), encode(texts))[1])
    for text in ("aspirin", "tau and aspirin", "pain"):
        nlp(text)
    assert asked == [("drug", "protein", "symptom")]
    learn(nlp, 1)
    asked.clear()
    before = scored(nlp("aspirin"))
    assert asked == [("drug", "protein", "symptom")] and before == scored(nlp("aspirin"))


@pytest.mark.parametrize("name", ["cnn", "mean"])
def test_a_text_that_the_encoder_has_not_read(name, request):
    """A listener would answer with zeros; we say which text."""
    nlp = request.getfixturevalue(name)
    with nlp.select_pipes(enable=["gliner_biomed"]), pytest.raises(ValueError, match="has not read the text 'aspirin"):
        nlp("aspirin for pain")


def test_tokens_that_were_merged_after_the_encoder_read_them(cnn):
    """Vectors and tokens no longer match."""
    doc = cnn.get_pipe("tok2vec")(cnn.make_doc("acute renal failure"))
    tensor = doc.tensor
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    doc.tensor = tensor
    with pytest.raises(ValueError, match="3 vectors for a text of 2 tokens"):
        pipe_of(cnn)(doc)


def test_another_encoder_is_noticed(cnn):
    """Its vectors have another width."""
    doc = cnn.make_doc("aspirin")
    doc.tensor = np.zeros((1, 5), dtype="float32")
    with pytest.raises(ValueError, match="have 5 numbers, and this pipe was made for 16"):
        pipe_of(cnn)(doc)
    with pytest.raises(ValueError, match="trained for 16"):
        pipe_of(cnn).model.shims[0].build(5)


def test_bare_words_can_not_be_read(cnn):
    """The scorer by itself has no eyes."""
    with pytest.raises(ValueError, match="no text encoder of its own"):
        pipe_of(cnn).span_scorer.score([["aspirin"]], ["drug"])


def test_tokens_without_word_pieces(bert, mean):
    """Line breaks have none and are no words; words that the transformer cut off are told of."""
    with pytest.warns(UserWarning, match="have no word pieces in the shared transformer"):
        shared_nlp("transformer", bert, tagger=False, window=200)("tau binds lithium in the brain " * 20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        doc = mean("tau\n\nbinds  lithium")
    assert 0 in doc._.trf_data.align.lengths


def test_first_piece_and_mean(bert, mean):
    """Each listener's vector of a token, against the transformer's own output."""
    first = shared_nlp("first", bert, tagger=False)
    for nlp in (mean, first):
        doc = nlp("tau binds lithiumcarbonates\n in neurons")
        data = doc._.trf_data
        pieces = data.model_output.last_hidden_state.reshape(-1, data.width)
        [vectors] = pipe_of(nlp).model.layers[0].predict([doc])
        for token, vector in zip(doc, vectors, strict=True):
            rows = data.align[token.i].dataXd.ravel()
            own = pieces[rows]
            expected = np.zeros(data.width) if not len(rows) else own[0] if nlp is first else own.mean(0)
            np.testing.assert_allclose(vector, expected, atol=1e-6)
        assert data.align.lengths.max() > 1 and data.align.lengths.min() == 0


def test_the_gradient_of_the_first_piece():
    """It goes to the first piece of each token and nowhere else."""
    ops = NumpyOps()
    data = np.arange(10, dtype="float32").reshape(5, 2)
    pieces = Ragged(data, ops.asarray1i([2, 0, 1, 2, 0]))
    vectors, backprop = first_subword()(pieces, True)
    np.testing.assert_array_equal(vectors, [[0, 1], [0, 0], [4, 5], [6, 7], [0, 0]])
    back = backprop(ops.asarray2f(np.ones((5, 2))))
    np.testing.assert_array_equal(back.dataXd, [[1, 1], [0, 0], [1, 1], [1, 1], [0, 0]])
    np.testing.assert_array_equal(back.lengths, pieces.lengths)
    empty, backprop = first_subword()(Ragged(np.zeros((0, 2), "f"), ops.asarray1i([])), True)
    assert empty.shape == (0, 2) and backprop(empty).dataXd.shape == (0, 2)


def test_the_pipeline_keeps_its_tools(cnn):
    """Entities don't overlap, scores travel, and `nlp.evaluate` scores the pipe."""
    pipe = pipe_of(cnn)
    doc = cnn(TEXTS[0][0])
    pipe.annotate(doc, threshold=0.0)
    assert list(doc.ents) == filter_spans(doc.ents) and all(ent._.score is not None for ent in doc.ents)
    assert len(Doc(cnn.vocab).from_bytes(doc.to_bytes()).spans["gliner"].attrs["scores"]) == len(doc.spans["gliner"])
    scores = cnn.evaluate(examples(cnn))
    assert 0.0 <= scores["spans_gliner_f"] <= 1.0
    assert spacy.blank("en").get_factory_meta("gliner_biomed").assigns
