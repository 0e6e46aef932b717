"""A folder that is filled shard by shard."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.training.silver.passages import UnlabelledPassage
from spacy_gliner_biomed.training.silver.shards import Document, Row, ShardFolder, count_lines

DOCUMENTS: list[Document] = [
    [UnlabelledPassage(f"t:{number}.{piece}", str(number), f"{number} {piece}", "silver_t") for piece in range(2)]
    for number in range(5)
]


class Killed(Exception):
    """The end of a run."""


def read(folder: Path) -> list[list[str]]:
    """RETURNS (list): the ids of each shard."""
    files = sorted(folder.glob("shard-*.jsonl.gz"))
    return [[json.loads(line)["id"] for line in gzip.open(file, "rt", encoding="utf-8")] for file in files]


def work(documents: list[Document], calls: list[int], kill_at: int = 99) -> tuple[list[Row], dict[str, int]]:
    """A row a passage."""
    if len(calls) == kill_at:
        raise Killed
    calls.append(len(documents))
    rows: list[Row] = [{"id": passage.id} for document in documents for passage in document]
    return rows, {"rows": len(rows)}


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    """The shards are those of a run in one go, the first is not made again, and the counts are of all."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    ShardFolder(whole, {"a": 1}).fill(DOCUMENTS, lambda given: work(given, []), 3)
    killed: list[int] = []
    with pytest.raises(Killed):
        ShardFolder(out, {"a": 1}).fill(DOCUMENTS, lambda given: work(given, killed, 1), 3)
    assert [len(shard) for shard in read(out)] == [4]
    again: list[int] = []
    counts = ShardFolder(out, {"a": 1}).fill(DOCUMENTS, lambda given: work(given, again), 3)
    assert read(out) == read(whole) and [len(shard) for shard in read(out)] == [4, 4, 2]
    assert again == [2, 1] and counts == {"rows": 10} == json.loads((out / "summary.json").read_text())


def test_other_settings(tmp_path: Path) -> None:
    """Are told, and which."""
    ShardFolder(tmp_path / "out", {"a": 1, "b": 1})
    ShardFolder(tmp_path / "out", {"a": 1, "b": 2}).fill(DOCUMENTS, lambda given: work(given, []))  # nothing was there yet
    with pytest.raises(ValueError, match="filled with another b"):
        ShardFolder(tmp_path / "out", {"a": 1, "b": 3})
    ShardFolder(tmp_path / "out", {"a": 1, "b": 2})


def test_settings_of_earlier_versions(tmp_path: Path) -> None:
    """Files as name → hash, excluded paths by name, no weights: what says the same is no other run."""
    files, excluded = [["a.jsonl", "1"], ["b.jsonl", "2"]], [["dev.jsonl", "3"]]
    now = {"text": files, "exclude": excluded, "weights": "4", "rules": {"r": "5"}}
    before = {"text": dict(files), "exclude": ["dev"], "rules": {"r": "5"}}
    ShardFolder(tmp_path, before).fill(DOCUMENTS, lambda given: work(given, []))
    ShardFolder(tmp_path, now)
    for name, other in (
        ("text", [["a.jsonl", "1"]]), ("text", [["a.jsonl", "1"], ["b.jsonl", "3"]]), ("text", [*files, ["a.jsonl", "1"]]),
        ("exclude", []), ("rules", {"r": "6"}),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"filled with another {name}"):
            ShardFolder(tmp_path, {**now, name: other})
    with pytest.raises(ValueError, match="filled with another rules"):
        ShardFolder(tmp_path, {"text": files, "exclude": excluded})


def test_a_folder_of_other_things(tmp_path: Path) -> None:
    """Is left alone."""
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(ValueError, match="holds something else"):
        ShardFolder(tmp_path, {})


def test_lines(tmp_path: Path) -> None:
    """Plain and gzipped."""
    (tmp_path / "a").write_text("x\ny\n")
    with gzip.open(tmp_path / "b.gz", "wt") as stream:
        stream.write("z\n")
    assert count_lines([tmp_path / "a", tmp_path / "b.gz"]) == 3
