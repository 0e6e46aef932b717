"""The exact index against a brute-force cosine, and scispaCy's generator over it."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.linking import index
from spacy_gliner_biomed.linking.index import ExactIndex, candidate_generator, fit_vectors
from spacy_gliner_biomed.linking.knowledge_base import Concept

words = st.text(alphabet="abcé ", min_size=1, max_size=8).filter(str.strip)


@settings(deadline=None)
@given(
    st.lists(words, min_size=1, max_size=12, unique=True), st.lists(words, min_size=1, max_size=6), st.integers(1, 5)
)
def test_neighbours_are_those_of_the_dense_product(names: list, mentions: list, k: int) -> None:
    """The k greatest cosines, ties by row, names without a common trigram left out."""
    vectorizer, vectors = fit_vectors(names)
    queries = vectorizer.transform(mentions)
    dense = queries.toarray().astype(np.float64) @ vectors.toarray().astype(np.float64).T
    found = ExactIndex(vectors).knnQueryBatch(queries, k=k)
    assert len(found) == len(mentions)
    for similarities, (rows, distances) in zip(dense, found, strict=True):
        best = np.sort(similarities[similarities > 0])[::-1][:k]
        np.testing.assert_allclose(1.0 - distances, best, atol=1e-5)
        np.testing.assert_allclose(similarities[rows], best, atol=1e-5)
        assert len(set(rows.tolist())) == len(rows) and (distances >= 0).all()


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking mentions up in blocks gives what one product gives."""
    vectorizer, vectors = fit_vectors(["aspirin", "ibuprofen", "paracetamol", "naproxen"])
    queries = vectorizer.transform(["aspirin", "ibuprofen lysine", "paracetamol", "naproxen", "asparagine"])
    whole = ExactIndex(vectors).knnQueryBatch(queries, k=3)
    monkeypatch.setattr(index, "_MENTIONS_PER_BLOCK", 2)
    in_blocks = ExactIndex(vectors).knnQueryBatch(queries, k=3)
    for (rows, distances), (rows_again, distances_again) in zip(whole, in_blocks, strict=True):
        np.testing.assert_array_equal(rows, rows_again)
        np.testing.assert_array_equal(distances, distances_again)


def test_candidates_of_a_shared_alias() -> None:
    """Two concepts of one name are both candidates; a mention without any known trigram has none."""
    generator = candidate_generator([Concept("A", "cold"), Concept("B", "common cold", ["cold"])])
    shared, unknown = generator(["cold", "xyz"], 10)
    assert [(candidate.concept_id, round(max(candidate.similarities), 5)) for candidate in shared] == [
        ("A", 1.0),
        ("B", 1.0),
    ]
    assert unknown == []


def test_without_scispacy_one_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The install line is in the message."""
    monkeypatch.setattr(index.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'spacy-gliner-biomed\[linking\]'"):
        candidate_generator([Concept("A", "a")])


def test_importing_the_factory_leaves_scispacy_alone() -> None:
    """spaCy imports every factory's module at each start; scispaCy takes seconds and may be absent."""
    code = (
        "import json, sys, spacy_gliner_biomed.linking.component, spacy_gliner_biomed.linking as linking;"
        "assert linking.register_knowledge_base;"
        "print(json.dumps(sorted({'scispacy', 'sklearn', 'nmslib', 'joblib'} & set(sys.modules))))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []
