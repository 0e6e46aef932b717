"""Random numbers that belong to documents."""

from __future__ import annotations

import numpy as np

from spacy_gliner_biomed.evaluation.metrics.resampling import document_flips, document_weights

DOCUMENTS = [f"PMC{number}" for number in range(300)]


def test_numbers_follow_the_document() -> None:
    """Company, order and number of rounds change nothing."""
    weights, flips = document_weights(DOCUMENTS, 50), document_flips(DOCUMENTS, 50)
    assert (document_weights([DOCUMENTS[7], DOCUMENTS[3]], 21) == weights[[7, 3], :21]).all()
    assert (document_flips([DOCUMENTS[7], DOCUMENTS[3]], 21) == flips[[7, 3], :21]).all()


def test_numbers_stay_the_same_for_ever() -> None:
    """Intervals and p-values printed once can be made again with a later release."""
    assert [1, 0, 0, 1, 0, 1, 1, 1] == document_weights(["PMC1"], 8, seed=3)[0].tolist()
    assert "11110000" == "".join(str(int(flip)) for flip in document_flips(["PMC1"], 8, seed=3)[0])


def test_weights_are_poisson() -> None:
    """Mean and variance 1, the probabilities of 0 to 3, no correlation between documents or rounds."""
    weights = document_weights(DOCUMENTS, 1000).astype(float)
    shares = [(weights == weight).mean() for weight in range(4)]
    assert np.allclose(shares, np.exp(-1) / np.array([1, 1, 2, 6]), atol=0.004)
    assert abs(weights.mean() - 1) < 0.008 and abs(weights.var() - 1) < 0.012
    between_documents = np.corrcoef(weights)[np.triu_indices(len(weights), 1)]
    assert abs(between_documents.mean()) < 0.001 and abs(between_documents).max() < 0.2
    assert abs(np.corrcoef(weights[:, :-1].ravel(), weights[:, 1:].ravel())[0, 1]) < 0.01


def test_flips_are_fair() -> None:
    """Half of them, in documents and in rounds, whatever the weights say."""
    flips = document_flips(DOCUMENTS, 1000).astype(float)
    assert abs(flips.mean() - 0.5) < 0.004
    assert abs(flips.mean(axis=1) - 0.5).max() < 0.08 and abs(flips.mean(axis=0) - 0.5).max() < 0.13
    weights = document_weights(DOCUMENTS, 1000).astype(float)
    assert abs(np.corrcoef(flips.ravel(), weights.ravel())[0, 1]) < 0.01


def test_seeds_differ() -> None:
    """Another seed draws anew."""
    assert (document_weights(DOCUMENTS, 50, 0) != document_weights(DOCUMENTS, 50, 1)).any(axis=1).all()
    assert (document_flips(DOCUMENTS, 50, 0) != document_flips(DOCUMENTS, 50, 1)).any(axis=1).all()


def test_shapes() -> None:
    """No documents and no rounds are numbers too, and any string is an id."""
    assert (0, 9) == document_weights([], 9).shape == document_flips([], 9).shape
    assert (2, 0) == document_weights(["a", "b"], 0).shape == document_flips(["a", "b"], 0).shape
    assert (3, 9) == document_weights(["", "Größe\n", "\ud800"], 9).shape
    assert np.bool_ == document_flips(["a"], 9).dtype and np.uint8 == document_weights(["a"], 9).dtype
