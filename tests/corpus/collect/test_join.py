import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spacy_gliner_biomed.corpus.collect import join
from spacy_gliner_biomed.corpus.collect.tfidf import tfidf

from .near_texts import brute_force, make_passages, plant


@st.composite
def unit_rows(draw):
    """Rows of length 1 or 0, some nearly equal, in a space of any order and size."""
    n_columns = draw(st.integers(1, 90))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    share = draw(st.sampled_from([0.05, 0.3, 1.0]))
    dense = numbers.exponential(size=(draw(st.integers(1, 30)), n_columns)) ** 2
    dense *= numbers.random(dense.shape) < share
    copies = dense[numbers.integers(len(dense), size=draw(st.integers(0, 30)))]
    copies = copies * (numbers.random(copies.shape) < 0.97) + 0.01 * (numbers.random(copies.shape) < 0.02)
    dense = np.concatenate([dense, copies])
    lengths = np.linalg.norm(dense, axis=1, keepdims=True)
    return dense / np.where(lengths, lengths, 1)


@settings(deadline=None, max_examples=120)
@given(unit_rows(), st.sampled_from([0.05, 0.5, 0.8, 0.9, 0.99, 1.0]), st.sampled_from([1, 40, 10**6]))
def test_pairs_equal_brute_force(dense, threshold, products):
    """At any threshold, any order of columns, any size of block; each pair comes once."""
    matrix = sparse.csr_matrix(dense)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join, "PRODUCTS", products)
        blocks = list(join.similar_pairs(matrix, threshold))
    found = [(int(row), int(column), cosine) for block in blocks for row, column, cosine in zip(*block, strict=True)]
    at_edge = {edge for edge, cosine in brute_force(matrix, threshold - 1e-9).items() if abs(cosine - threshold) < 1e-9}
    wanted = brute_force(matrix, threshold)
    assert len(found) == len({(row, column) for row, column, _ in found})
    assert {(row, column) for row, column, _ in found} - at_edge == set(wanted) - at_edge
    for row, column, cosine in found:
        assert cosine == pytest.approx(dense[row] @ dense[column], abs=1e-12)


def test_worked_example():
    """The three vectors of the module's docstring."""
    rows = sparse.csr_matrix(np.sqrt([[0.1, 0.3, 0.6], [0, 0.3, 0.7], [0, 0, 1]]))
    assert [len(join._prefixes(rows, 0.9)[row].data) for row in range(3)] == [1, 1, 0]
    (found,) = join.similar_pairs(rows, 0.9)
    assert (found.rows.tolist(), found.columns.tolist()) == ([0], [1])
    assert found.cosines[0] == pytest.approx(0.3 + np.sqrt(0.42))


@settings(deadline=None, max_examples=50)
@given(unit_rows())
def test_sketches_are_never_below_the_cosine(dense):
    """Else a pair would be lost."""
    sketches = join.Sketches(sparse.csr_matrix(dense), 8).lengths
    assert (sketches @ sketches.T >= dense @ dense.T - 1e-5).all()


def test_few_pairs_are_compared():
    """The bounds do their work: of 2,000,000 pairs, a few hundred."""
    texts, planted = plant(make_passages(1900), 100)
    matrix = tfidf(texts)
    compared = []
    with pytest.MonkeyPatch.context() as patch:
        measure = join.pair_cosines
        patch.setattr(join, "pair_cosines", lambda *given: compared.append(len(given[1])) or measure(*given))
        list(join.similar_pairs(matrix, 0.9))
    assert len(planted) / 2 < sum(compared) < 1000


def test_skipped_pairs_are_left_out():
    """What the caller knows is not compared."""
    matrix = tfidf(["one two three"] * 3)
    assert list(join.similar_pairs(matrix, 0.9, skip=lambda rows, columns: rows == rows)) == []


def test_equal_vectors_reach_a_threshold_of_one():
    """Although the sum of their squares may be rounded to just below 1."""
    texts = [" ".join(f"word{number}" for number in range(size)) for size in range(1, 60)]
    matrix = tfidf(texts + texts)
    assert sum(len(block.rows) for block in join.similar_pairs(matrix, 1.0)) == len(texts)


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_refuses_a_threshold_out_of_range(threshold):
    """One sentence, with the way out."""
    with pytest.raises(ValueError, match="out of range; use a number above 0"):
        next(join.similar_pairs(tfidf(["one two"]), threshold))


@pytest.mark.parametrize("texts", [[], [""], ["", "a b"], ["one two"]])
def test_nothing_to_compare_gives_no_pair(texts):
    """Empty corpora and texts without a word are no error."""
    assert list(join.similar_pairs(tfidf(texts), 0.9)) == []
