import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from spacy_gliner_biomed.corpus.collect.tfidf import tfidf

from .near_texts import make_passages

WORDS = ["Fever", "fever", "IL-2", "β-catenin", "x", "İl", "straße", "a_b", "_", "10", "5", "ﬁbrosis", "細胞", "c\u0301d"]
texts = st.lists(
    st.one_of(
        st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
        st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x2FF), max_size=40),
        st.text(max_size=20),
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=100)
@given(texts)
def test_vectors_equal_scikit_learns(texts):
    """Same weights, whatever the texts hold; columns are in another order."""
    ours = tfidf(texts)
    try:
        theirs = TfidfVectorizer(norm="l2").fit_transform(texts)
    except ValueError:  # no text has a word
        assert ours.nnz == 0
        return
    assert ours.shape == theirs.shape
    np.testing.assert_allclose((ours @ ours.T).toarray(), (theirs @ theirs.T).toarray(), atol=1e-12)
    for row in range(len(texts)):
        np.testing.assert_allclose(np.sort(ours[row].data), np.sort(theirs[row].data), atol=1e-12)


def test_vectors_of_many_texts_equal_scikit_learns(monkeypatch):
    """Blocks of texts give what one block gives."""
    monkeypatch.setattr("spacy_gliner_biomed.corpus.collect.tfidf.BLOCK", 7)
    many = make_passages(100, seed=3)
    theirs = TfidfVectorizer().fit_transform(many)
    np.testing.assert_allclose((tfidf(many) @ tfidf(many).T).toarray(), (theirs @ theirs.T).toarray(), atol=1e-12)


def test_columns_go_from_rare_to_common():
    """The join's prefixes are short only in this order."""
    matrix = tfidf(["aa bb cc b", "aa bb", "aa dd"])
    assert np.bincount(matrix.indices).tolist() == [1, 1, 2, 3]
    assert matrix.has_canonical_format


def test_reads_texts_once():
    """A generator is enough."""
    assert tfidf(text for text in ["one two", "two three"]).shape == (2, 3)


def test_no_text_gives_no_row():
    """An empty corpus is no error."""
    assert tfidf([]).shape == (0, 0)


def test_refuses_one_text():
    """Its characters would be taken for texts."""
    with pytest.raises(ValueError, match="one text was given"):
        tfidf("fever and chills")


def test_refuses_what_is_no_text():
    """The message says which."""
    with pytest.raises(ValueError, match="Text 1 is no text but of type NoneType"):
        tfidf(["fever", None])
