"""The embedded model's files are checked against their hashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.checkpoint import CheckpointError, from_files, load, mini, save
from spacy_gliner_biomed.checkpoint.completion import Completion
from spacy_gliner_biomed.checkpoint.layout import SUMS
from spacy_gliner_biomed.checkpoint.load import read_scorer
from tests.checkpoint.folders import our_logits, published


@pytest.fixture()
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in the place of the embedded one."""
    folder = tmp_path / "mini"
    save(load(str(published(tmp_path / "theirs", kind="bi"))), folder)
    (folder / "README.md").write_text("a card", encoding="utf8")
    mini.write_sums(folder)
    monkeypatch.setattr(mini.read_mini, "__defaults__", (folder,))
    return folder


def test_by_name(embedded: Path) -> None:
    """`mini` loads, offline, whatever lies in the working directory."""
    names = [line.split("  ")[1] for line in (embedded / SUMS).read_text(encoding="utf8").splitlines()]
    assert "model.safetensors" in names and "labels_tokenizer/tokenizer.json" in names and "README.md" not in names
    assert (our_logits(load("mini")) == our_logits(load(str(embedded)))).all()
    files = mini.read_mini(embedded)
    read_scorer(files, Completion(files, network=False, local_files_only=True))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "gliner_config.json"])
def test_a_changed_file_is_noticed(embedded: Path, name: str) -> None:
    """One bit is enough."""
    data = bytearray((embedded / name).read_bytes())
    data[-1] ^= 1
    (embedded / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=f"{name} is not the file that was shipped"):
        load("mini")


def test_missing_files(embedded: Path) -> None:
    """A listed file, the weights' line, and the list itself."""
    (embedded / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match="tokenizer.json is missing"):
        load("mini")
    (embedded / SUMS).write_text("", encoding="utf8")
    with pytest.raises(CheckpointError, match="doesn't list model.safetensors"):
        load("mini")
    (embedded / SUMS).unlink()
    with pytest.raises(CheckpointError, match="SHA256SUMS is missing"):
        load("mini")


@pytest.mark.parametrize(
    "line", ["x", "0" * 64, "0" * 64 + "  ../../etc/passwd", "0" * 64 + "  /etc/passwd", "g" * 64 + "  x"]
)
def test_malformed_list(embedded: Path, line: str) -> None:
    """Nor can the list lead out of the folder."""
    (embedded / SUMS).write_text(line, encoding="utf8")
    with pytest.raises(CheckpointError, match="malformed line"):
        load("mini")


def test_the_embedded_model_names_its_tokens() -> None:
    """As its tokenizer has them."""
    for name in ("tokenizer_config.json", "labels_tokenizer/tokenizer_config.json"):
        values = json.loads((mini.FOLDER / name).read_text(encoding="utf8"))
        assert (values["cls_token"], values["sep_token"], values["pad_token"]) == ("[CLS]", "[SEP]", "[PAD]")


def test_bytes_know_no_network() -> None:
    """What travels as bytes is complete or refused."""
    with pytest.raises(CheckpointError, match="'gliner_config.json' in the model's bytes is missing"):
        from_files({})
    with pytest.raises(CheckpointError, match="is of type str, not bytes"):
        from_files({"gliner_config.json": "{}"})  # type: ignore[dict-item]
