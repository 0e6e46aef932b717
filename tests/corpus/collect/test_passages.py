"""Passages and their shards: everything comes back, the same bytes each time, and broken rows are told in a sentence."""

from __future__ import annotations

import gzip
import json
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.collect.passages import (
    Passage,
    ShardWriter,
    from_row,
    read_passages,
    shard_files,
    to_line,
)
from tests.corpus.collect.making import all_bytes, ids, make_passages, write

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FULL = WORDS.filter(bool)
PASSAGES = st.builds(
    Passage,
    id=FULL,
    text=WORDS,
    source=FULL,
    document=FULL,
    section=WORDS,
    title=WORDS,
    date=WORDS,
    licence=WORDS,
    url=WORDS,
    retrieved=WORDS,
    scores=st.dictionaries(WORDS, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)
ROW = {"id": "1", "text": "t", "source": "s", "document": "d"}


@given(st.lists(PASSAGES, max_size=7), st.integers(1, 4))
def test_everything_comes_back(passages: list[Passage], size: int) -> None:
    """Whatever characters the fields hold, in shards of the size asked for; a second writing gives the same bytes."""
    with TemporaryDirectory() as name:
        once, again = write(Path(name) / "a", passages, size), write(Path(name) / "b", passages, size)
        assert list(read_passages(once)) == passages
        counts = [len(list(read_passages(file))) for file in shard_files(once)]
        assert sum(counts) == len(passages) and all(count == size for count in counts[:-1])
        assert all_bytes(once) == all_bytes(again)


def test_fields_that_are_empty_are_not_written() -> None:
    """The rows stay short; the text stays even where it is empty."""
    passage = Passage("1", "", "s", "d")
    assert passage.to_row() == {"id": "1", "text": "", "source": "s", "document": "d"}
    scored = passage.with_scores({"a": 1.0}).with_scores({"b": 2.0, "a": 3.0})
    assert scored.to_row()["scores"] == {"a": 3.0, "b": 2.0} and passage.scores == {}
    assert {*Passage("1", "t", "s", "d", *"stdlur", {"x": 1.0}).to_row()} == {each.name for each in fields(Passage)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": None}, "'id' must be text, not None"),
        ({"id": ""}, "'id' is empty"),
        ({"source": ""}, "'source' is empty"),
        ({"license": "MIT"}, "no field 'license'; it may have id, text,"),
        ({"title": 3}, "'title' must be text, not 3"),
        ({"text": "a\ud800"}, "half a surrogate pair, '\\ud800', at character 1"),
        ({"scores": [1]}, "'scores' must be an object"),
        ({"scores": {"a": "1"}}, "the score 'a' must be a number, not '1'"),
        ({"scores": {"a": True}}, "the score 'a' must be a number, not True"),
        ({"scores": {"a": float("nan")}}, "the score 'a' must be a number, not nan"),
        ({"text": ["x" * 100]}, "…"),
    ],
)
def test_a_broken_row_is_told_in_a_sentence(change: dict[str, Any], words: str) -> None:
    """With the place, the field and the value; long values are cut."""
    with pytest.raises(ValueError) as raised:
        from_row({**ROW, **change}, "f.jsonl, line 7")
    message = str(raised.value)
    assert message.startswith("f.jsonl, line 7: ") and words in message and message.endswith(".") and len(message) < 200


@pytest.mark.parametrize("field", ["id", "text", "source", "document"])
def test_a_missing_field_is_told(field: str) -> None:
    """Four fields must be there."""
    with pytest.raises(ValueError, match=f"has no '{field}'; every passage needs"):
        from_row({name: value for name, value in ROW.items() if name != field}, "here")


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    """A passage that a program made wrongly stops the writer, not a later reader."""
    endless = Passage("1", "t", "s", "d", scores={"a": float("inf")})
    for wrong in (Passage("1", "\udc00", "s", "d"), Passage("", "t", "s", "d"), endless):
        with pytest.raises(ValueError, match=r"^Passage '1?': "):
            to_line(wrong)
    with pytest.raises(ValueError), ShardWriter(tmp_path / "a", 2) as writer:
        writer.write_all([*make_passages(3), Passage("", "t", "s", "d")])
    assert ids(tmp_path / "a") == ["pubmed0", "pubmed1"]  # the whole shard before it stays


@pytest.mark.parametrize("line", ["{", "[]", '"text"', '{"id": "1"}', "[" * 100_000])
def test_a_broken_line_is_told_with_its_file(tmp_path: Path, line: str) -> None:
    """The passages before it are read."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(ROW) + "\n\n" + line + "\n")
    reader = read_passages(path)
    assert next(reader) == Passage("1", "t", "s", "d")
    with pytest.raises(ValueError, match=r"a\.jsonl, line 3: "):
        next(reader)


def test_damaged_files_are_told(tmp_path: Path) -> None:
    """A shard cut short, bytes that are not UTF-8, nothing at all."""
    folder = write(tmp_path / "a", make_passages(50), 50)
    shard = shard_files(folder)[0]
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(ValueError, match="gzip file is damaged"):
        list(read_passages(folder))
    shard.write_bytes(gzip.compress(b"\xff\n"))
    with pytest.raises(ValueError, match="line 1: this is not UTF-8"):
        list(read_passages(folder))
    for nothing in (tmp_path / "gone", tmp_path):
        with pytest.raises(FileNotFoundError, match="no file of passages"):
            list(read_passages(nothing))


def test_a_shorter_run_leaves_nothing_of_the_longer(tmp_path: Path) -> None:
    """Shards of an earlier run that the new one does not have are removed; a source without text leaves an empty shard."""
    folder = write(tmp_path / "a", make_passages(10), 3)
    assert len(shard_files(folder)) == 4
    write(folder, make_passages(4), 3)
    assert ids(folder) == ["pubmed0", "pubmed1", "pubmed2", "pubmed3"]
    write(folder, [])
    assert ids(folder) == [] and len(shard_files(folder)) == 1
    with pytest.raises(ValueError, match="A shard of 0 passages"):
        ShardWriter(folder, 0)
