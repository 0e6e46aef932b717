"""The sums that guard the project's assets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.corpus.assets import CHECKSUMS_FILE, AssetError, record, verify


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    (tmp_path / "train.jsonl").write_text("{}\n")
    (tmp_path / "abstract.txt").write_bytes(b"caf\xc3\xa9\r\n")
    record(tmp_path)
    return tmp_path


def test_recorded_assets_verify(assets: Path) -> None:
    """What was just recorded is accepted, and the sums are those of `sha256sum`."""
    verify(assets)
    checksums = json.loads((assets / CHECKSUMS_FILE).read_text())
    assert list(checksums) == ["abstract.txt", "train.jsonl"]
    assert checksums["train.jsonl"] == "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"


def test_a_changed_asset_is_named(assets: Path) -> None:
    """One changed byte is enough; the message names the file and how to accept it."""
    (assets / "abstract.txt").write_bytes(b"caf\xc3\xa9\n")
    with pytest.raises(AssetError, match=r"abstract\.txt' has SHA-256 .* assets record"):
        verify(assets)


def test_a_missing_asset_is_named(assets: Path) -> None:
    """A file that is listed must be there."""
    (assets / "train.jsonl").unlink()
    with pytest.raises(AssetError, match=r"train\.jsonl' is missing"):
        verify(assets)


def test_assets_in_subfolders(assets: Path) -> None:
    """They are recorded with their path, hidden ones are not, and a changed one is named with it."""
    folder = assets / "raw" / "pubmed"
    folder.mkdir(parents=True)
    (assets / ".hidden").mkdir()
    for path in (folder / "a.xml", assets / ".hidden" / "b", folder / ".c", folder / CHECKSUMS_FILE):
        path.write_text("x")
    assert ["abstract.txt", "raw/pubmed/a.xml", f"raw/pubmed/{CHECKSUMS_FILE}", "train.jsonl"] == sorted(record(assets))
    verify(assets)
    (folder / "a.xml").write_text("y")
    with pytest.raises(AssetError, match=r"raw/pubmed/a\.xml' has SHA-256"):
        verify(assets)


def test_other_files_do_not_matter(assets: Path) -> None:
    """A file beside the assets is neither listed nor refused, and recording passes hidden files over."""
    (assets / ".train.jsonl.swp").write_text("editor")
    verify(assets)
    assert ".train.jsonl.swp" not in record(assets)


@pytest.mark.parametrize(
    "content, message",
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must hold a JSON object"),
        ("{}", "at least one"),
        ('{"a": 3}', "not a SHA-256"),
        ('{"a": "12"}', "not a SHA-256"),
        *(
            (json.dumps({name: "0" * 64}), "no path below its folder")
            for name in ("", "../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a\\..\\b", "C:/a")
        ),
    ],
)
def test_damaged_sums_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """Sums that cannot be trusted stop the workflow with one sentence."""
    (tmp_path / CHECKSUMS_FILE).write_text(content)
    with pytest.raises(AssetError, match=message):
        verify(tmp_path)


def test_a_folder_without_sums_is_refused(tmp_path: Path) -> None:
    """Nothing to compare with is an error, not a pass."""
    with pytest.raises(AssetError, match="Cannot read"):
        verify(tmp_path)
    with pytest.raises(AssetError, match="holds no assets"):
        record(tmp_path)
    with pytest.raises(AssetError, match="holds no assets"):
        record(tmp_path / "nowhere")
