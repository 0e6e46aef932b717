"""Unlabelled text in passages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.silver.passages import cut, document_of, read_documents, text_files
from tests.training.silver.support import write_jsonl


@given(st.lists(st.sampled_from(["a", "bb.", "c!", "\n", " ", "  ", '."', "é"]), max_size=60), st.integers(1, 7))
def test_cut(parts: list[str], most: int) -> None:
    """No piece is longer than asked for, no word is lost, offsets are the text's."""
    text = " ".join(parts)
    pieces = [text[start:end] for start, end in cut(text, most)]
    assert all(0 < len(piece.split()) <= most and piece == piece.strip() for piece in pieces)
    assert [word for piece in pieces for word in piece.split()] == text.split()


def test_sentences_stay_whole() -> None:
    """Where they fit."""
    text = "One two three. Four five. Six."
    assert [text[start:end] for start, end in cut(text, 4)] == ["One two three.", "Four five. Six."]


def test_documents(tmp_path: Path) -> None:
    """By the id without its numbers; ids of ours are unique, also where the file's are not."""
    path = write_jsonl(
        tmp_path / "a.jsonl",
        {"id": "PMC1.0", "text": "One. Two.", "source": "S", "license": "CC0"},
        {"id": "PMC1.1", "text": "Three."},
        {"id": "PMC1.1", "text": "Four.", "source": "T"},
    )
    documents = list(read_documents([path], 1))
    assert [[passage.text for passage in document] for document in documents] == [["One.", "Two."], ["Three."], ["Four."]]
    passages = [passage for document in documents for passage in document]
    assert [passage.id for passage in passages] == ["a:1.0", "a:1.1", "a:2.0", "a:3.0"]
    first = passages[1]
    assert (first.corpus, first.source, first.license, first.source_id, first.offset) == ("silver_a", "S", "CC0", "PMC1.0", 5)


@pytest.mark.parametrize(("given_id", "document"), [("PMC10.3", "PMC10"), ("0001_1-0-2", "0001_1"), ("x", "x")])
def test_document_of(given_id: str, document: str) -> None:
    """Without the passage's numbers."""
    assert document_of(given_id) == document


def test_broken_text(tmp_path: Path) -> None:
    """File and line; a folder without text is told."""
    path = write_jsonl(tmp_path / "a.jsonl", {"text": "x"}, {"txt": "y"})
    with pytest.raises(ValueError, match=r"a\.jsonl.*line 2|line 2"):
        list(read_documents([path]))
    assert text_files([tmp_path]) == [path]
    with pytest.raises(FileNotFoundError, match="no JSON Lines file"):
        text_files([tmp_path / "none"])
