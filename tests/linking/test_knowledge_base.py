"""Reading a knowledge base: what is taken, and each refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.linking import Concept, KnowledgeBaseError, parse_concepts, read_concepts

names = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)
concepts = st.builds(
    Concept,
    concept_id=names,
    canonical_name=names,
    aliases=st.lists(names, max_size=3),
    types=st.lists(names, max_size=2),
    definition=st.none() | names,
)


@given(st.lists(concepts, min_size=1, max_size=5, unique_by=lambda concept: concept.concept_id), st.booleans())
def test_what_is_written_is_read(written: list, ascii_only: bool) -> None:
    """Any Unicode survives, escaped or not, line separators inside strings too."""
    lines = [json.dumps(concept._asdict(), ensure_ascii=ascii_only) for concept in written]
    assert parse_concepts("\n".join(lines).encode("utf-8")) == written


@given(st.binary(max_size=60))
def test_any_other_bytes_give_one_clear_error(content: bytes) -> None:
    """A parser of files from outside raises its own error or none."""
    try:
        parse_concepts(content)
    except KnowledgeBaseError as error:
        assert str(error)


def test_optional_fields_blank_lines_and_byte_order_mark() -> None:
    """Only id and name are needed; a byte order mark, CRLF and blank lines do no harm."""
    content = b'\xef\xbb\xbf{"concept_id": "A", "canonical_name": "a"}\r\n\r\n'
    assert parse_concepts(content) == [Concept("A", "a", [], [], None)]


def test_names_are_each_given_once() -> None:
    """An alias that repeats the canonical name is not a second name."""
    assert Concept("A", "a", ["b", "a", "b"]).names == ["a", "b"]


@pytest.mark.parametrize(
    "line, message",
    [
        ("", "holds no concept"),
        ("{", "line 1 is not JSON"),
        ("[" * 100_000, "line 1 is not JSON"),
        ("[]", "line 1 is a JSON list"),
        ("{}", "concept_id None must be a string"),
        ('{"concept_id": 3}', "concept_id 3 must be a string"),
        ('{"concept_id": "A"}', "canonical_name None must be a string"),
        ('{"concept_id": "A", "canonical_name": " "}', "canonical_name ' ' must be a string that is not blank"),
        ('{"concept_id": "A", "canonical_name": "a", "aliases": "b"}', "aliases 'b' must be a list"),
        ('{"concept_id": "A", "canonical_name": "a", "aliases": [""]}', "none of them blank"),
        ('{"concept_id": "A", "canonical_name": "a", "types": [1]}', "types"),
        ('{"concept_id": "A", "canonical_name": "a", "definition": 1}', "definition 1 must be a string or null"),
        ('{"concept_id": "A", "canonical_name": "a", "synonyms": []}', "unknown field 'synonyms'"),
        ('{"concept_id": "A", "canonical_name": "a"}\n{"concept_id": "A", "canonical_name": "b"}', "line 2.*on line 1"),
    ],
)
def test_what_is_not_a_concept_is_refused(line: str, message: str) -> None:
    """The message says where and what."""
    with pytest.raises(KnowledgeBaseError, match=message):
        parse_concepts(line.encode())


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and another encoding are each named."""
    with pytest.raises(KnowledgeBaseError, match="No such file"):
        read_concepts(tmp_path / "none.jsonl")
    with pytest.raises(KnowledgeBaseError, match="directory"):
        read_concepts(tmp_path)
    (tmp_path / "latin1.jsonl").write_bytes('{"concept_id": "é"}'.encode("latin-1"))
    with pytest.raises(KnowledgeBaseError, match="is not UTF-8"):
        read_concepts(tmp_path / "latin1.jsonl")
