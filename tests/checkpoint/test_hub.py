"""The Hub: what is asked for, what the cache gives offline, and how failures read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import errors

from spacy_gliner_biomed.checkpoint import CheckpointError, load, to_files
from spacy_gliner_biomed.checkpoint.hub import check_revision, fetch_file, is_repo_id, resolve
from spacy_gliner_biomed.checkpoint.layout import SMALL_FILES
from tests.checkpoint.folders import edit_json, our_logits, published, refusal

REPO = "Ihor/gliner-biomed-tiny"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ENCODERS = {
    "microsoft/deberta-v3-base": "encoder_config",
    "sentence-transformers/all-MiniLM-L6-v2": "labels_encoder_config",
}


@pytest.fixture()
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the Hub, with the Hub out of reach."""
    folder = tmp_path / "hub"
    folder.mkdir()
    for module in (huggingface_hub.constants, huggingface_hub.file_download.constants):
        monkeypatch.setattr(module, "HF_HUB_CACHE", str(folder))
        monkeypatch.setattr(module, "HF_HUB_OFFLINE", True)
    return folder


def put_in_cache(cache: Path, repo_id: str, folder: Path, revision: str = "main", commit: str = COMMIT) -> Path:
    """RETURNS (Path): a snapshot of a folder, laid out as the Hub's cache does: blobs, links to them, a ref."""
    repository = cache / ("models--" + repo_id.replace("/", "--"))
    snapshot = repository / "snapshots" / commit
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if path.is_file():
            blob = repository / "blobs" / f"{commit[:8]}{number}"
            blob.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, blob)
            link = snapshot / path.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(blob, link.parent))
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / revision).write_text(commit, encoding="utf8")
    return snapshot


@pytest.mark.parametrize("safetensors", [True, False])
def test_cached_model_offline(tmp_path: Path, cache: Path, safetensors: bool) -> None:
    """By branch, by commit, and through either weight file, links and all."""
    folder = published(tmp_path / "model", kind="bi", safetensors=safetensors)
    put_in_cache(cache, REPO, folder)
    expected = to_files(load(str(folder)))
    for revision, local in ((None, False), ("main", True), (COMMIT, True)):
        assert to_files(load(REPO, revision=revision, local_files_only=local)) == expected


def test_pinned_revision(tmp_path: Path, cache: Path) -> None:
    """Two revisions of one model are two models."""
    for name, commit, seed in (("main", "a" * 40, 1), ("v1", "b" * 40, 2)):
        put_in_cache(cache, REPO, published(tmp_path / name, seed=seed), name, commit)
    assert (our_logits(load(REPO)) == our_logits(load(str(tmp_path / "main")))).all()
    assert (our_logits(load(REPO, revision="v1")) == our_logits(load(str(tmp_path / "v1")))).all()
    assert "not in the local cache" in refusal(REPO, revision="v2")


def test_uncached_model_offline(cache: Path) -> None:
    """One sentence."""
    message = refusal(REPO)
    assert REPO in message and "not in the local cache" in message
    assert "There is no folder 'BASE/model-last'" in refusal("BASE/model-last")


def test_only_the_files_we_read_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pickle only where there is no safetensors file."""
    for safetensors in (True, False):
        folder = published(tmp_path / str(safetensors), safetensors=safetensors)
        asked: list[dict[str, Any]] = []

        def snapshot(repo_id: str, folder: Path = folder, asked: list = asked, **options: Any) -> str:
            asked.append({"repo_id": repo_id, **options})
            return str(folder)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
        load(REPO, revision="v1", local_files_only=True)
        patterns = [[name for name in call["allow_patterns"] if name not in SMALL_FILES] for call in asked]
        assert all("model.safetensors" in p or "pytorch_model.bin" in p for p in patterns)
        assert ["pytorch_model.bin" in p for p in patterns] == [False] if safetensors else [False, True]
        assert all(call["repo_id"] == REPO and call["revision"] == "v1" and call["local_files_only"] for call in asked)


def _response_error(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)  # their constructors want a response of the library in use
    error.args = ("404 Client Error.\nmore",)
    return error


@pytest.mark.parametrize(
    "error,message",
    [
        (_response_error(errors.GatedRepoError), "closed to you"),
        (_response_error(errors.RepositoryNotFoundError), "no such model"),
        (_response_error(errors.RevisionNotFoundError), "no such revision"),
        (errors.LocalEntryNotFoundError("x"), "not in the local cache"),
        (ConnectionError("x"), "not in the local cache"),
        (OSError("disk full\nmore"), "the Hub answered OSError: ['disk full']"),
    ],
)
def test_failures_read_well(monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    """Whatever the Hub's client raises becomes one sentence with the model's name."""

    def fail(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    found = refusal(REPO, revision="v1")
    assert message in found and f"{REPO} at revision v1" in found


def without_parts(folder: Path) -> Path:
    """RETURNS (Path): where the parts are now that older versions of `gliner` didn't save in a bi-encoder's folder."""
    encoders = folder.with_name("encoders")
    config = folder / "gliner_config.json"
    values = json.loads(config.read_text(encoding="utf8"))
    for repo_id, field in ENCODERS.items():
        place = encoders / repo_id
        place.mkdir(parents=True)
        (place / "config.json").write_text(json.dumps(values[field]), encoding="utf8")
    shutil.copytree(folder / "labels_tokenizer", place, dirs_exist_ok=True)
    shutil.rmtree(folder / "labels_tokenizer")
    edit_json(folder, {"encoder_config": None, "labels_encoder_config": None})
    return encoders


def test_missing_parts_come_from_the_cache(tmp_path: Path, cache: Path) -> None:
    """Encoder configurations and the label tokenizer; what is saved then lacks nothing."""
    folder = published(tmp_path / "model", kind="bi")
    expected = to_files(load(str(folder)))
    encoders = without_parts(folder)
    for repo_id in ENCODERS:
        put_in_cache(cache, repo_id, encoders / repo_id)
    assert to_files(load(str(folder))) == expected


def test_missing_parts_offline_are_named_at_once(tmp_path: Path, cache: Path) -> None:
    """One error says which files to add and where; with these files added, the folder loads."""
    folder = published(tmp_path / "model", kind="bi")
    expected = to_files(load(str(folder)))
    encoders = without_parts(folder)
    message = refusal(folder)
    text, labels = (encoders / repo_id for repo_id in ENCODERS)
    additions = {
        "encoder_config.json": text / "config.json",
        "labels_encoder_config.json": labels / "config.json",
        "labels_tokenizer/tokenizer.json": labels / "tokenizer.json",
    }
    for name, source in additions.items():
        assert f"{source.name} of '{source.parent.relative_to(encoders)}' as {folder / name}" in message
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(source, folder / name)
    assert to_files(load(str(folder))) == expected


def test_vocabulary_of_a_fetched_encoder_is_the_configs(tmp_path: Path, cache: Path) -> None:
    """As in `gliner`: the top-level vocab_size counts, as GLiNER's tokens came after the encoder was published."""
    folder = published(tmp_path / "model")
    expected = our_logits(load(str(folder)))
    values = json.loads((folder / "gliner_config.json").read_text(encoding="utf8"))["encoder_config"]
    edit_json(folder, {}, drop=("encoder_config",))
    (folder / "encoder_config.json").write_text(json.dumps({**values, "vocab_size": 77}), encoding="utf8")
    assert (our_logits(load(str(folder))) == expected).all()


def test_damaged_part_from_the_hub(tmp_path: Path, cache: Path) -> None:
    """Files of the Hub are read as carefully as those of a folder."""
    folder = published(tmp_path / "model", kind="bi")
    encoders = without_parts(folder)
    (encoders / "microsoft/deberta-v3-base/config.json").write_bytes(b" " * (5 * 1024 * 1024))
    for repo_id in ENCODERS:
        put_in_cache(cache, repo_id, encoders / repo_id)
    assert "holds more than" in refusal(folder)


def test_names() -> None:
    """Which names can be ids, and which can't even be asked for."""
    for name in ("bert-base-uncased", "Ihor/gliner-biomed-base-v1.0", "a/b", "BAAI/bge-small-en-v1.5"):
        assert is_repo_id(name)
    for name in (
        "",
        "a/b/c",
        "../x",
        "a/..",
        "-a/b",
        "a/b-",
        ".a",
        "a/b.git",
        "a--b/c",
        "a b",
        "C:\\x",
        "ä/b",
        "a/b\n",
    ):
        assert not is_repo_id(name)
    for revision in ("", "-x", "../x", "a/../b", "a//b", "x y", "x\n", 3):
        with pytest.raises(CheckpointError, match="is no branch"):
            check_revision(revision)  # type: ignore[arg-type]
    for name in ("", "a\0b", None, 3):
        with pytest.raises(CheckpointError, match="A model's name is"):
            resolve(name)  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="is not the id of an encoder"):
        fetch_file("../../etc", "config.json", False)


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    """A revision that would be ignored is refused."""
    assert "leave it out" in refusal(tmp_path, revision="main")
