"""Files that appear whole or not at all."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from spacy_gliner_biomed.annotate.output import folder, text_file


def test_a_file_appears_at_the_end(tmp_path: Path) -> None:
    """Until then it has another name; the old file stands."""
    path = tmp_path / "new" / "out.txt"
    path.parent.mkdir()
    path.write_text("old")
    with text_file(path) as stream:
        stream.write("new\r\n")
        assert "old" == path.read_text()
    assert b"new\r\n" == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_packed_file(tmp_path: Path) -> None:
    """`.gz` says it all."""
    path = tmp_path / "out.jsonl.gz"
    with text_file(path) as stream:
        stream.write("β\n")
    assert "β\n".encode() == gzip.decompress(path.read_bytes())


def test_an_error_keeps_what_was_written(tmp_path: Path) -> None:
    """Under the unfinished file's name, which the error tells."""
    path = tmp_path / "out.txt"
    with pytest.raises(RuntimeError) as caught, text_file(path) as stream:
        stream.write("done so far")
        raise RuntimeError
    assert [f"What was written before is in '{path}.partial'."] == caught.value.__notes__
    assert "done so far" == (tmp_path / "out.txt.partial").read_text()
    assert not path.exists()


def test_a_folder_appears_at_the_end(tmp_path: Path) -> None:
    """The same promise for many files."""
    path = tmp_path / "shards"
    with folder(path) as unfinished:
        (unfinished / "a").write_text("x")
        assert not path.exists()
    assert ["a"] == [file.name for file in path.iterdir()]


@pytest.mark.parametrize("taken", ["shards", "shards.partial"])
def test_a_folder_that_holds_something_is_refused(tmp_path: Path, taken: str) -> None:
    """Shards of two runs must not mix."""
    (tmp_path / taken).mkdir()
    (tmp_path / taken / "a").write_text("x")
    with (
        pytest.raises(FileExistsError, match=f"{taken}' is not empty; empty it or name another."),
        folder(tmp_path / "shards"),
    ):
        pass
