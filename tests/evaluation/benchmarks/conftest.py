"""Tokenizers to count with."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from spacy_gliner_biomed.evaluation.chunk import read_tokenizer


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """The embedded model's."""
    return read_tokenizer()
