import numpy as np
import pytest

from spacy_gliner_biomed.corpus.collect.join import similar_pairs
from spacy_gliner_biomed.corpus.collect.minhash import band_keys, minhash_pairs
from spacy_gliner_biomed.corpus.collect.tfidf import tfidf

from .near_texts import make_passages, plant


def edges(blocks):
    return {(int(row), int(column)) for block in blocks for row, column in zip(block.rows, block.columns, strict=True)}


@pytest.fixture(scope="module")
def matrix():
    return tfidf(plant(make_passages(2000), 300)[0])


def test_no_pair_is_wrong_and_few_are_missed(matrix):
    """Against the exact join: precision 1, recall 99 %."""
    exact, hashed = edges(similar_pairs(matrix, 0.9)), edges(minhash_pairs(matrix, 0.9))
    assert hashed <= exact
    assert len(hashed) >= 0.99 * len(exact) > 100


def test_more_bands_find_more(matrix):
    """Draws of one band are not those of another."""
    few, many = (edges(minhash_pairs(matrix, 0.9, bands=bands)) for bands in (1, 4))
    assert few < many


def test_a_seed_gives_the_same_pairs(matrix):
    """A run can be repeated."""
    first, again = ([block.rows.tolist() for block in minhash_pairs(matrix, 0.9, bands=3, seed=7)] for _ in range(2))
    assert first == again


def test_a_word_is_drawn_as_often_as_its_square_says():
    """Two vectors draw the same word with the probability that Moulton and Jiang's formula gives."""
    matrix = tfidf(["one two three four"] * 2 + ["one two three five"])
    squares = matrix.toarray() ** 2
    left, right = squares[0], squares[2]
    shared = (left > 0) & (right > 0)
    wanted = sum(
        1 / sum(max(left[other] / left[word], right[other] / right[word]) for other in range(len(left)))
        for word in np.flatnonzero(shared)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spacy_gliner_biomed.corpus.collect.minhash.DRAWS", 1)
        keys = np.array([band_keys(matrix, np.random.default_rng(seed)) for seed in range(4000)])
    assert (keys[:, 0] == keys[:, 1]).all()
    assert np.mean(keys[:, 0] == keys[:, 2]) == pytest.approx(wanted, abs=0.03)


def test_a_crowd_of_equal_texts_takes_linear_work():
    """Each text of a crowded band is compared with its neighbours only; together they are one component all the same."""
    pairs = list(minhash_pairs(tfidf(["one two three"] * 1000), 0.9, bands=1))
    assert sum(len(block.rows) for block in pairs) < 16 * 1000


@pytest.mark.parametrize("texts", [[], [""], ["one two"]])
def test_nothing_to_compare_gives_no_pair(texts):
    """Empty corpora and texts without a word are no error."""
    assert list(minhash_pairs(tfidf(texts), 0.9)) == []


def test_refuses_no_band():
    """One sentence, with the way out."""
    with pytest.raises(ValueError, match="With 0 bands nothing is compared"):
        next(minhash_pairs(tfidf(["one two"]), 0.9, bands=0))
