"""What the component writes into a document."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_gliner_biomed.placement import Hits, best_score_filter, place
from tests.component.pipelines import ents, found, phrase_nlp, scorer_of, spans

PHRASES = {
    "small cell lung cancer": {"disease": 0.9},
    "lung cancer": {"disease": 0.95, "finding": 0.6},
    "lung": {"organ": 0.8},
    "cell lung": {"organ": 0.7},
    "EGFR": {"gene": 0.85},
    "IL-6": {"gene": 0.75},
}
LABELS = ["disease", "organ", "gene", "finding"]
TEXT = "EGFR and small cell lung cancer."


def test_span_group_is_sorted_with_scores_and_offsets():
    """By start, end, label; one score and one pair of characters a span."""
    doc = phrase_nlp(PHRASES, labels=LABELS, multi_label=True)(TEXT)
    assert spans(doc) == [
        ("EGFR", "gene"),
        ("small cell lung cancer", "disease"),
        ("lung", "organ"),
        ("lung cancer", "disease"),
        ("lung cancer", "finding"),
    ]
    scores, offsets = doc.spans["gliner"].attrs["scores"], doc.spans["gliner"].attrs["offsets"]
    assert scores.dtype == np.float32 and scores.shape == (5,)
    assert offsets.dtype == np.int64 and offsets.shape == (5, 2)
    np.testing.assert_allclose(scores, [0.85, 0.9, 0.8, 0.95, 0.6], atol=1e-6)
    assert [TEXT[start:end] for start, end in offsets] == [span.text for span in doc.spans["gliner"]]


@pytest.mark.parametrize(
    "overlap, multi_label, expected",
    [
        ("nested", False, [("small cell lung cancer", "disease"), ("lung", "organ"), ("lung cancer", "disease")]),
        ("flat", False, [("lung cancer", "disease")]),
        ("flat", True, [("lung cancer", "disease"), ("lung cancer", "finding")]),
    ],
)
def test_overlap_and_multi_label(overlap, multi_label, expected):
    """The group holds what the two settings leave; crossing spans never stay together."""
    doc = phrase_nlp(PHRASES, labels=LABELS, overlap=overlap, multi_label=multi_label)("small cell lung cancer")
    assert spans(doc) == expected


def test_entities_are_the_best_scoring_spans_that_do_not_overlap():
    """The better span wins, not the longer one."""
    doc = phrase_nlp(PHRASES, labels=LABELS)(TEXT)
    assert ents(doc) == [("EGFR", "gene"), ("lung cancer", "disease")]
    assert [round(ent._.score, 4) for ent in doc.ents] == [0.85, 0.95]


def test_every_hit_has_the_score_of_its_label():
    """In the group too: nested spans, and each label of one span; spans that are no hits have none."""
    doc = phrase_nlp(PHRASES, labels=LABELS, multi_label=True)(TEXT)
    group = doc.spans["gliner"]
    assert [span._.score for span in group] == group.attrs["scores"].tolist()
    assert doc[1:2]._.score is None


def test_scores_travel_with_the_document():
    """As bytes, as a part, and as a part of a longer document."""
    doc = phrase_nlp(PHRASES, labels=LABELS, multi_label=True)(TEXT)
    group = doc.spans["gliner"]
    for other, shift in (
        (Doc(doc.vocab).from_bytes(doc.to_bytes()), 0),
        (doc[1 : len(doc)].as_doc(copy_user_data=True), -1),
        (Doc.from_docs([doc, doc]), len(doc)),
    ):
        for span, score in list(zip(group, group.attrs["scores"].tolist(), strict=True))[1:]:
            assert Span(other, span.start + shift, span.end + shift, span.label)._.score == score


def test_scores_can_be_set():
    """For one label of a span; an unlabelled span of its characters says what was set last."""
    doc = phrase_nlp(PHRASES, labels=LABELS, multi_label=True)(TEXT)
    disease, finding = list(doc.spans["gliner"])[-2:]
    finding._.score = 0.25
    assert [span._.score for span in (disease, finding)] == [pytest.approx(0.95), 0.25]
    assert doc[disease.start : disease.end]._.score == 0.25


def test_entities_can_be_left_alone():
    """With `annotate_ents=False` the span group is all that is written."""
    nlp = phrase_nlp(PHRASES, labels=LABELS, annotate_ents=False)
    doc = nlp(TEXT)
    assert spans(doc) and not doc.ents and not doc.has_annotation("ENT_IOB")


def test_a_document_that_was_read_is_annotated():
    """Tokens without an entity are outside, not unknown, as after spaCy's own recogniser."""
    doc = phrase_nlp(PHRASES, labels=LABELS)("Nothing here.")
    assert not doc.ents
    assert [token.ent_iob_ for token in doc] == ["O", "O", "O"]


def test_spans_key():
    """The group goes under the name that the user chose; other groups stay."""
    nlp = phrase_nlp(PHRASES, labels=LABELS, spans_key="mentions")
    doc = nlp.make_doc(TEXT)
    doc.spans["sc"] = [doc[0:1]]
    doc = nlp(doc)
    assert sorted(doc.spans) == ["mentions", "sc"]
    assert ("EGFR", "gene") in spans(doc, "mentions")


def test_label_is_the_users_not_the_description():
    """The model reads the description; the document holds the name."""
    nlp = phrase_nlp({"aspirin": {"medicine of any kind": 0.9}}, labels={"DRUG": "medicine of any kind", "gene": ""})
    assert ents(nlp("Take aspirin.")) == [("aspirin", "DRUG")]
    assert scorer_of(nlp).label_texts == [("medicine of any kind", "gene")]


# -- earlier entities ---------------------------------------------------------------------------------------------------------


def with_earlier(nlp, text=TEXT) -> Doc:
    """RETURNS (Doc): "small cell lung" marked by someone else."""
    doc = nlp.make_doc(text)
    doc.ents = [Span(doc, 2, 5, label="EARLIER", kb_id="Q1")]
    return doc


def test_earlier_entities_are_kept():
    """New entities go around them."""
    nlp = phrase_nlp(PHRASES, labels=LABELS)
    doc = nlp(with_earlier(nlp))
    assert ents(doc) == [("EGFR", "gene"), ("small cell lung", "EARLIER")]
    assert doc.ents[1].kb_id_ == "Q1" and doc.ents[1]._.score is None
    assert ("lung cancer", "disease") in spans(doc)


def test_earlier_entities_are_dropped_with_overwrite():
    """Only the new ones remain."""
    nlp = phrase_nlp(PHRASES, labels=LABELS, overwrite=True)
    assert ents(nlp(with_earlier(nlp))) == [("EGFR", "gene"), ("lung cancer", "disease")]
    assert ents(nlp(with_earlier(nlp, "so the small cell mass"))) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_blocked_tokens_stay_blocked(overwrite):
    """No entity is written over a blocked token, and the block is still there afterwards."""
    nlp = phrase_nlp(PHRASES, labels=LABELS, overwrite=overwrite)
    doc = nlp.make_doc(TEXT)
    doc.set_ents([], blocked=[doc[5:6]])
    doc = nlp(doc)
    assert ents(doc) == [("EGFR", "gene"), ("lung", "organ")]
    assert [(token.ent_iob, token.ent_type) for token in doc if token.text == "cancer"] == [(3, 0)]


def test_annotating_again_replaces_the_group():
    """The group of a second reading takes the place of the first; entities are kept, as they were there before."""
    nlp = phrase_nlp({**PHRASES, "and": {"word": 0.9}}, labels=LABELS)
    doc = nlp(TEXT)
    nlp.get_pipe("gliner_biomed").annotate(doc, labels=["word"])
    assert spans(doc) == [("and", "word")]
    assert ents(doc) == [("EGFR", "gene"), ("and", "word"), ("lung cancer", "disease")]


# -- filters ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, earlier, expected",
    [
        ("spacy_gliner_biomed.BestScoreFilter.v1", False, ["EGFR", "lung cancer"]),
        ("spacy.first_longest_spans_filter.v1", False, ["EGFR", "small cell lung cancer"]),
        ("spacy.prioritize_existing_ents_filter.v1", True, ["EGFR", "small cell lung"]),
        ("spacy.prioritize_new_ents_filter.v1", True, ["EGFR", "small cell lung cancer"]),
    ],
)
def test_filters_from_the_config(name, earlier, expected):
    """Ours, and spaCy's own: what a filter drops is gone whole."""
    nlp = phrase_nlp(PHRASES, labels=LABELS, ents_filter={"@misc": name})
    doc = nlp(with_earlier(nlp)) if earlier else nlp(TEXT)
    assert sorted(ent.text for ent in doc.ents) == sorted(expected)


def test_an_earlier_entity_that_a_filter_drops_leaves_nothing():
    """Not even the tokens that the new entity doesn't cover."""
    nlp = phrase_nlp(
        {"cell lung cancer tissue": {"organ": 0.9}},
        labels=LABELS,
        ents_filter={"@misc": "spacy.prioritize_new_ents_filter.v1"},
    )
    doc = nlp(with_earlier(nlp, "EGFR and small cell lung cancer tissue"))
    assert ents(doc) == [("cell lung cancer tissue", "organ")]


def test_best_score_filter_on_spans():
    """Earlier entities first, then the better of two that overlap; sorted."""
    doc = Doc(spacy.blank("en").vocab, words=["a", "b", "c", "d", "e"])
    earlier, best, worse, free = Span(doc, 3, 4, "X"), Span(doc, 1, 3, "A"), Span(doc, 0, 2, "B"), Span(doc, 0, 1, "C")
    assert best_score_filter([earlier], [best, worse, free]) == [free, best, earlier]


# -- tokens -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode, expected", [("expand", ["EGFR+"]), ("contract", []), ("strict", [])])
def test_alignment_modes_inside_a_token(mode, expected):
    """`expand` keeps a hit inside a token, with the model's own characters; the others say what they leave out."""
    nlp = phrase_nlp(PHRASES, labels=LABELS, alignment_mode=mode)
    doc = nlp.make_doc("the EGFR+ cells")
    assert [token.text for token in doc] == ["the", "EGFR+", "cells"]
    if mode == "expand":
        doc = nlp(doc)
        assert found(doc) == [(4, 9, "gene", (4, 8))]
    else:
        with pytest.warns(UserWarning, match=f"1 of 1 entities do not fit .* alignment_mode is '{mode}'"):
            doc = nlp(doc)
    assert [span.text for span in doc.spans["gliner"]] == expected
    assert [ent.text for ent in doc.ents] == expected


def test_alignment_modes_across_tokens():
    """`contract` keeps the whole tokens inside a hit, `strict` drops it."""
    doc = Doc(spacy.blank("en").vocab, words=["xa", "b", "cy"], spaces=[True, True, False])  # "xa b cy"
    hits = Hits(np.asarray([1]), np.asarray([6]), np.asarray([0]), np.asarray([0.5], dtype=np.float32), ("L",))
    assert [span.text for span in place(doc, hits, "k", "expand", "nested", False)] == ["xa b cy"]
    with pytest.warns(UserWarning):
        assert not len(place(doc, hits, "k", "strict", "nested", False))
    assert [span.text for span in place(doc, hits, "k", "contract", "nested", False)] == ["b"]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), mode=st.sampled_from(["strict", "contract", "expand"]))
def test_placement_equals_char_span(data, mode):
    """Hits go where `Doc.char_span` puts them, for any tokens."""
    words = data.draw(st.lists(st.text(alphabet="ab\u0301😀", min_size=1, max_size=4), min_size=1, max_size=8))
    spaces = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    doc = Doc(VOCAB, words=words, spaces=spaces)
    start = data.draw(st.integers(0, len(doc.text) - 1))
    end = data.draw(st.integers(start + 1, len(doc.text)))
    if not doc.text[start:end].strip() or doc.text[start].isspace() or doc.text[end - 1].isspace():
        return  # words are never white space
    hits = Hits(np.asarray([start]), np.asarray([end]), np.asarray([0]), np.asarray([0.5], dtype=np.float32), ("L",))
    expected = doc.char_span(start, end, label="L", alignment_mode=mode)
    with pytest.warns(UserWarning) if not expected else _nothing():
        group = place(doc, hits, "k", mode, "nested", False)
    assert [(span.start, span.end) for span in group] == ([(expected.start, expected.end)] if expected else [])


def test_equal_spans_of_a_label_merge_and_the_best_score_wins():
    """Two hits inside one token become one span; the offsets are those of the better hit."""
    nlp = phrase_nlp({"IL-2": {"gene": 0.6}, "R": {"gene": 0.9}}, labels=["gene"])
    doc = nlp(Doc(nlp.vocab, words=["IL-2/R", "here"]))
    assert found(doc) == [(0, 6, "gene", (5, 6))]
    assert doc.spans["gliner"].attrs["scores"].tolist() == [np.float32(0.9)]


def test_collisions_on_tokens_are_decided_again():
    """Two labels on one token after widening: the better one and a warning, or both with `multi_label`."""
    phrases = {"IL-2": {"gene": 0.6}, "R": {"receptor": 0.9}}
    for multi_label, expected in ((False, ["receptor"]), (True, ["gene", "receptor"])):
        nlp = phrase_nlp(phrases, labels=["gene", "receptor"], multi_label=multi_label)
        with _nothing() if multi_label else pytest.warns(UserWarning, match="share a token of their text"):
            doc = nlp(Doc(nlp.vocab, words=["IL-2/R", "here"]))
        assert [span.label_ for span in doc.spans["gliner"]] == expected


def _nothing():
    from contextlib import nullcontext

    return nullcontext()


VOCAB = spacy.blank("en").vocab
