"""Annotated corpora in the uniform format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.evaluation.corpora import GoldPassage, choose_corpora, find_corpora, open_corpus, read_passages
from tests.evaluation.support import ROW, write_corpus


def test_passages(tmp_path: Path) -> None:
    """Mentions as tuples; a blank line is no row; a missing id becomes the line's number."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(ROW) + "\n\n" + json.dumps({"text": "Rest.", "entities": []}) + "\n")
    mentions = ((0, 7, "drug"), (12, 17, "disease"))
    expected = [GoldPassage("p1", "Aspirin for fever.", mentions), GoldPassage("3", "Rest.", ())]
    assert expected == list(read_passages(path))


def test_packed_passages(tmp_path: Path) -> None:
    """`.gz` is unpacked."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROW).encode()))
    assert ["p1"] == [passage.id for passage in read_passages(path)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "line 1: not a row with 'text' and 'entities'"),
        ('{"text": "x"}', "(no 'entities')"),
        ('{"text": "x", "entities": [{"start": 0, "end": 1}]}', "(no 'label')"),
        ("[]", "line 1: not a row"),
        (
            '{"text": "x", "entities": [{"start": 0, "end": 2, "label": "a"}]}',
            "'a' at 0-2 leaves its text of 1 characters.",
        ),
        ('{"text": "x", "entities": [{"start": 1, "end": 1, "label": "a"}]}', "'a' at 1-1 leaves its text"),
    ],
)
def test_a_bad_row_is_refused(tmp_path: Path, row: str, message: str) -> None:
    """The message names file and line."""
    path = tmp_path / "a.jsonl"
    path.write_text(row)
    with pytest.raises(ValueError) as caught:
        list(read_passages(path))
    assert f"{path}, line 1" in str(caught.value)
    assert message in str(caught.value)


def test_a_folder_of_corpora(tmp_path: Path) -> None:
    """One part of it, in alphabetical order; the labels are those met in the files."""
    write_corpus(tmp_path, "dev", "b", [ROW])
    write_corpus(tmp_path, "dev", "a.dev", [])
    write_corpus(tmp_path, "train", "c", [ROW])
    expected = [("a.dev", ()), ("b", ("disease", "drug"))]
    assert expected == [(corpus.name, corpus.labels) for corpus in find_corpora(tmp_path)]


def test_the_manifest_knows_labels_that_a_file_never_uses(tmp_path: Path) -> None:
    """A corpus annotates its whole inventory."""
    path = write_corpus(tmp_path, "dev", "a.dev", [ROW])
    manifest = {"notes": [], "dev": {"a.dev": {"labels": {"drug": 9, "disease": 3, "gene": 0}}, "b.dev": {}}}
    (tmp_path / "MANIFEST.json").write_text(json.dumps(manifest))
    assert ("drug", "disease", "gene") == open_corpus(path).labels


def test_a_corpus_the_manifest_does_not_list(tmp_path: Path) -> None:
    """Its labels are read from the file."""
    path = write_corpus(tmp_path, "dev", "a.dev", [ROW])
    (tmp_path / "MANIFEST.json").write_text("{}")
    assert ("disease", "drug") == open_corpus(path).labels


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """The message names the folder that was looked at."""
    with pytest.raises(FileNotFoundError, match="dev'; name the folder that holds it."):
        find_corpora(tmp_path)


def test_corpora_by_name(tmp_path: Path) -> None:
    """Some, or all where none is named."""
    for name in ("a", "b", "c"):
        write_corpus(tmp_path, "dev", name, [ROW])
    assert ["b", "c"] == [corpus.name for corpus in choose_corpora(tmp_path, "dev", ["c", "b"])]
    assert 3 == len(choose_corpora(tmp_path))


def test_an_unknown_corpus_is_refused(tmp_path: Path) -> None:
    """The message lists those there are."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    with pytest.raises(ValueError, match="There is no corpus 'z' in '.*dev'; it holds a."):
        choose_corpora(tmp_path, "dev", ["z"])
