"""Scorers that all tests of a session share."""

from __future__ import annotations

import pytest

from spacy_gliner_biomed.scorer import SpanScorer
from tests.scorer.tiny import make_scorer


@pytest.fixture(scope="session")
def bi() -> SpanScorer:
    """A bi-encoder on BERT."""
    return make_scorer("bi")


@pytest.fixture(scope="session")
def uni() -> SpanScorer:
    """A uni-encoder on DeBERTa with a BiLSTM."""
    return make_scorer("uni", "deberta-v2")


@pytest.fixture(params=["bi", "uni"])
def scorer(request: pytest.FixtureRequest) -> SpanScorer:
    """Each of the two."""
    return request.getfixturevalue(request.param)
