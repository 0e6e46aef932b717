"""Model folders that all tests of a session share."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed import checkpoint
from tests.scorer.tiny import make_scorer


@pytest.fixture(scope="session")
def bi_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bi-encoder on BERT."""
    folder = tmp_path_factory.mktemp("models") / "bi"
    checkpoint.save(make_scorer("bi"), folder)
    return folder


@pytest.fixture(scope="session")
def uni_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small uni-encoder on DeBERTa."""
    folder = tmp_path_factory.mktemp("models") / "uni"
    checkpoint.save(make_scorer("uni", "deberta-v2"), folder)
    return folder


@pytest.fixture(params=["bi_folder", "uni_folder"])
def folder(request: pytest.FixtureRequest) -> Path:
    """Each of the two."""
    return request.getfixturevalue(request.param)
