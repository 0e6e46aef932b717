"""Models that are made once for all tests of the student."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_gliner_biomed.distill.student.fit import FitSettings
from spacy_gliner_biomed.distill.student.lora import LoraSettings, train_student
from tests.distill.student.small import answers, make_base

LEARNING = FitSettings(epochs=10, batch_size=4, accumulate=2, learn_rate=1e-2, save_every=3)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model."""
    return make_base(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="session")
def student(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Adapters for it, which have learned from forty answers."""
    folder = tmp_path_factory.mktemp("student") / "student"
    train_student(str(base), answers(40), folder, lora=LoraSettings(rank=8), settings=LEARNING, progress=False)
    return folder
