"""A trained model becomes the embedded one, or nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.checkpoint import mini
from spacy_gliner_biomed.models import embed as embedding
from tests.checkpoint.folders import published


@pytest.fixture()
def corpora(tmp_path: Path) -> Path:
    """A corpus of one passage."""
    row = {"text": "aspirin", "entities": [{"start": 0, "end": 7, "label": "drug"}]}
    (tmp_path / "corpora" / "train").mkdir(parents=True)
    (tmp_path / "corpora" / "train" / "own.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    return tmp_path / "corpora"


def test_embed(tmp_path: Path, corpora: Path) -> None:
    """Its files are hashed, without what a killed save left; its card names the corpora."""
    leftover = tmp_path / "mini" / ".mini.part" / "gliner_config.json"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("{}", encoding="utf-8")
    card = embedding.embed(published(tmp_path / "model", kind="bi"), corpora, tmp_path / "mini")
    assert ".part" not in (tmp_path / "mini" / mini.SUMS).read_text(encoding="ascii")
    assert card.labels == {"own": ["drug"]} and card.corpora[0]["passages"] == 1
    assert mini.read_mini(tmp_path / "mini").read("model.safetensors", 10**9) is not None


def test_a_model_too_large_is_not_written(tmp_path: Path, corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded model of before stays."""
    model = published(tmp_path / "model", kind="bi")
    embedding.embed(model, corpora, tmp_path / "mini")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "mini").rglob("*")}
    monkeypatch.setattr(embedding, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="MB may ship"):
        embedding.embed(model, corpora, tmp_path / "mini")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "mini").rglob("*")} == before
