"""A tiny BERT and tiny model folders, written once for the folder's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed import checkpoint
from tests.listener.shared import save_bert
from tests.scorer.tiny import make_scorer


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `save_bert` writes."""
    folder = tmp_path_factory.mktemp("encoders") / "bert"
    folder.mkdir()
    save_bert(folder)
    return folder


@pytest.fixture(scope="session")
def bi_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bi-encoder checkpoint."""
    folder = tmp_path_factory.mktemp("models") / "bi"
    checkpoint.save(make_scorer("bi", pass_rate=0.0), folder)
    return folder
