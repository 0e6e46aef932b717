"""The answers' types, their schema, and their file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.answers import (
    Answer,
    Extraction,
    answer_from_row,
    json_schema,
    read_answers,
    write_answers,
)

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Any answer at all."""
    ids = draw(st.lists(st.integers(0, 99), max_size=5, unique=True))
    entities = [{"id": number, "text": draw(WORDS), "type": draw(WORDS)} for number in ids]
    ends = st.sampled_from(ids) if ids else st.nothing()
    n_relations = draw(st.integers(0, 2)) if ids else 0
    relations = [{"head": draw(ends), "tail": draw(ends), "type": draw(WORDS)} for _ in range(n_relations)]
    descriptions = [{"type": draw(WORDS), "description": draw(WORDS)} for _ in range(draw(st.integers(0, 2)))]
    extraction = Extraction.model_validate({"entities": entities, "relations": relations, "descriptions": descriptions})
    text = draw(st.text(st.characters(codec="utf-8"), max_size=30))
    start = draw(st.integers(0, len(text)))
    passage = Passage(draw(WORDS), text, draw(WORDS), draw(WORDS))
    return Answer(passage, extraction, draw(WORDS), draw(WORDS), (start, draw(st.integers(start, len(text)))))


@settings(max_examples=30)
@given(st.lists(answers(), max_size=3))
def test_answers_come_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, given: list) -> None:
    """In their order, and every character of them."""
    path = tmp_path_factory.mktemp("answers") / "answers.jsonl.gz"
    assert write_answers(path, given) == len(given)
    assert list(read_answers(path)) == given


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"entities": [{"id": -1, "text": "a", "type": "b"}], "relations": []}, "entities.0.id"),
        ({"entities": [{"id": 0, "text": "", "type": "b"}], "relations": []}, "entities.0.text"),
        ({"entities": [{"id": 0, "text": " \t", "type": "b"}], "relations": []}, "entities.0.text: is blank"),
        ({"entities": [{"id": 0, "text": "a" * 201, "type": "b"}], "relations": []}, "entities.0.text"),
        ({"entities": [{"id": 0, "text": "a", "type": "b", "start": 4}], "relations": []}, "entities.0.start"),
        ({"entities": [{"id": 0, "text": "a", "type": "b"}] * 2, "relations": []}, "two entities have the same id"),
        ({"entities": [], "relations": [{"head": 0, "tail": 0, "type": "c"}]}, "a relation names the entity 0, which"),
        ({"entities": [{"id": n, "text": "a", "type": "b"} for n in range(201)], "relations": []}, "entities: "),
        ({"entities": []}, "relations: "),
    ],
)
def test_a_broken_answer_is_refused_with_file_and_line(tmp_path: Path, values: Dict[str, Any], reason: str) -> None:
    """In one sentence."""
    row = {"passage": Passage("1", "abc", "own", "d").to_row(), "part": [0, 3], "annotator": "m", "request": "", **values}
    path = tmp_path / "answers.jsonl"
    path.write_text("\n" + json.dumps(row) + "\n")
    with pytest.raises(ValueError) as caught:
        list(read_answers(path))
    message = str(caught.value)
    if "relations" in values:
        assert message.startswith(f"{path}, line 2: {reason}")
    assert reason.split(":")[0].split(".")[0] in message and "\n" not in message
    with pytest.raises(ValidationError):
        Extraction.model_validate(values)


@pytest.mark.parametrize("part", [[0, 4], [2, 1], [-1, 2], [0], [0, 1.0], [False, True], "02"])
def test_a_part_outside_the_text_is_refused(part: Any) -> None:
    """It counts in the passage's characters."""
    row = {"passage": Passage("1", "abc", "own", "d").to_row(), "part": part, "annotator": "m", "request": "", "entities": [],
           "relations": []}
    with pytest.raises(ValueError, match="'part' must be"):
        answer_from_row(row, "here")


@pytest.mark.parametrize("variant", ["chat", "single", "candidates", "descriptions"])
def test_the_schema_bounds_every_list_and_string(variant: str) -> None:
    """Bug 9 of the seed: a list without a bound runs away and the cut JSON is thrown away."""

    def check(schema: Dict[str, Any]) -> None:
        if schema["type"] == "array":
            assert schema["maxItems"] <= 200
            check(schema["items"])
        elif schema["type"] == "string":
            assert schema["minLength"] == 1 and schema["maxLength"] <= 400
        elif schema["type"] == "object":
            assert schema["additionalProperties"] is False and schema["required"] == list(schema["properties"])
            for each in schema["properties"].values():
                check(each)
        else:
            assert schema == {"type": "integer", "minimum": 0}

    schema = json_schema(variant)
    check(schema)
    assert "$" not in json.dumps(schema)
    assert ("descriptions" in schema["properties"]) == (variant == "descriptions")


def test_an_unknown_variant_has_no_schema() -> None:
    """It is named, with those that there are."""
    with pytest.raises(ValueError, match="no prompt variant 'chatty'; use one of chat, single"):
        json_schema("chatty")
