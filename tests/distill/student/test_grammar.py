"""The grammar against everything that can be said: all texts of small languages, and JSON of random answers."""

from __future__ import annotations

import itertools
import json
from typing import Any, Dict, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.answers import Extraction, json_schema
from spacy_gliner_biomed.distill.student.grammar import advance, closing, is_complete, start
from spacy_gliner_biomed.distill.student.json_nodes import Whole
from spacy_gliner_biomed.distill.student.schema import extraction_grammar, schema_grammar
from tests.distill.student.languages import texts_of

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(lambda text: text.strip() == text)
PLAIN = WORDS.filter(lambda text: text[0] not in "\u0080\u00a0\u1680\u2000\u3000" and ord(text[0]) < 0x80)


def dumped(value: Any) -> bytes:
    """RETURNS (bytes): the one way to write a value."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def test_a_schema_accepts_its_values_and_no_others() -> None:
    """Of a small schema each value is accepted in one way of writing it, found by trying every byte that occurs."""
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": -1, "maximum": 10},
            "kind": {"enum": ["x", "xy", 1, 12]},
            "flags": {"type": "array", "items": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "minItems": 1, "maxItems": 2},
            "empty": {"type": "object", "properties": {}},
        },
    }
    flags = [list(each) for n in (1, 2) for each in itertools.product((True, False, None), repeat=n)]
    expected = {
        json.dumps({"n": n, "kind": kind, "flags": flag, "empty": {}})
        for n in range(-1, 11)
        for kind in ("x", "xy", 1, 12)
        for flag in flags
    }
    found = list(texts_of(schema_grammar(schema), sorted(set("".join(expected).encode()) | set(b"y 9"))))
    assert len(found) == len(set(found))
    assert set(found) == expected


@settings(max_examples=30)
@given(st.integers(-1200, 1200), st.integers(0, 60))
def test_whole_numbers_are_those_of_the_range(low: int, width: int) -> None:
    """No number outside, none left out, none with a leading zero or a minus before zero."""
    assert sorted(texts_of(Whole(low, low + width), b"0123456789-x")) == sorted(map(str, range(low, low + width + 1)))


def test_strings_are_utf8_within_their_bounds() -> None:
    """Of two-byte strings exactly those pass that are one or two characters, escaped where they must be."""
    grammar = schema_grammar({"type": "string", "minLength": 1, "maxLength": 2})
    for pair in itertools.product(range(256), repeat=2):
        text = bytes(pair)
        try:
            value = json.loads(b'"' + text + b'"')
            is_string = text[0] not in b" \xc2" and dumped(value) == b'"' + text + b'"'
            is_string = is_string and (text[0] != 0x5C or text[1] in b'"\\')  # a line's end alone is blank
        except ValueError:
            is_string = False
        accepted = advance(start(grammar), b'"' + text + b'"')
        assert (accepted is not None and is_complete(accepted)) == is_string, text
    assert advance(start(grammar), b'"abc') is None
    assert advance(start(grammar), b'""') is None


ENTITIES = st.lists(st.tuples(PLAIN, PLAIN), max_size=2)


@settings(max_examples=40)
@given(ENTITIES, st.data())
def test_any_answer_can_be_written_and_broken_off(entities: List[tuple[str, str]], data: st.DataObject) -> None:
    """Each valid answer passes, and from each place in it the shortest end leads to a valid answer."""
    values: Dict[str, Any] = {
        "entities": [{"id": number, "text": text, "type": kind} for number, (text, kind) in enumerate(entities)],
        "relations": [],
    }
    if entities:
        number = st.integers(0, len(entities) - 1)
        drawn = data.draw(st.lists(st.tuples(number, number, PLAIN), max_size=2))
        values["relations"] = [{"head": head, "tail": tail, "type": kind} for head, tail, kind in drawn]
    whole = dumped(values)
    state = start(extraction_grammar("", verbatim=False))
    for place in range(len(whole)):
        assert not is_complete(state)
        after = advance(state, whole[place : place + 1])
        assert after is not None, whole[: place + 1]
        state = after
        Extraction.model_validate(json.loads(whole[: place + 1] + closing(state)))
    assert is_complete(state) and not closing(state)


@pytest.mark.parametrize(
    "text",
    [
        '{"entities": [{"id": 1',  # ids count from 0
        '{"entities": [], "relations": [{',  # no relation without entities
        '{"entities": [{"id": 0, "text": "a", "type": "t"}], "relations": [{"head": 1',  # an entity that is not listed
        '{"entities": [{"id": 0, "text": " ',  # blank
        '{"entities": [{"id": 0, "text": ""',
        '{ ',  # another way to write it
        '{"r',
    ],
)  # fmt: skip
def test_what_no_answer_says_is_refused(text: str) -> None:
    """What the schema alone would let pass is stopped at the byte that makes it wrong."""
    state = start(extraction_grammar("", verbatim=False))
    assert advance(state, text[:-1].encode()) is not None
    assert advance(state, text.encode()) is None


def test_lists_end_at_their_bound() -> None:
    """After the last item allowed only the end of the list follows."""
    item = '{"id": 0, "text": "a", "type": "t"}, {"id": 1, "text": "b", "type": "t"}'
    state = advance(start(extraction_grammar("", verbatim=False, entities=2)), ('{"entities": [' + item).encode())
    assert state is not None and advance(state, b",") is None and advance(state, b"]") is not None


def test_closed_lists_of_names() -> None:
    """Only named types and relations are written; an empty list of relations leaves none."""
    whole = b'{"entities": [{"id": 0, "text": "a", "type": "%s"}], "relations": [{"head": 0, "tail": 0, "type": "%s"}]}'
    held = start(extraction_grammar("a", types=["drug", "drug class"], relations=["treats"]))
    for kind, relation, fits in ((b"drug", b"treats", True), (b"drug class", b"treats", True), (b"dru", b"treats", False)):
        assert (advance(held, whole % (kind, relation)) is not None) == fits
    assert advance(held, whole % (b"drug", b"causes")) is None
    assert advance(start(extraction_grammar("a", relations=[])), whole % (b"drug", b"treats")) is None
    with pytest.raises(ValueError, match="No type is allowed"):
        extraction_grammar("a", types=[])


def test_the_schema_of_answers_is_understood() -> None:
    """The schemas that servers are given make grammars, descriptions included."""
    value = {"entities": [], "relations": [], "descriptions": [{"type": "drug", "description": "What is taken."}]}
    for grammar in (schema_grammar(json_schema("descriptions")), extraction_grammar("", descriptions=True)):
        state = advance(start(grammar), dumped(value))
        assert state is not None and is_complete(state)


@pytest.mark.parametrize(
    "schema, message",
    [
        ({"type": "string", "pattern": "a+"}, "held to 'pattern'"),
        ({"type": "number"}, "can't have the type 'number'"),
        ({"type": ["string", "null"]}, "can't have the type"),
        ({"type": "array"}, "A JSON schema is an object, not 'None'"),
        ({"enum": []}, "without a value"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "no answer can be both"),
        ({"$ref": "#/$defs/a"}, "does not hold"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}}, "holds itself"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(schema: Dict[str, Any], message: str) -> None:
    """A schema is held to whole, or refused in a sentence."""
    with pytest.raises(ValueError, match=message.replace("$", r"\$")):
        schema_grammar(schema)
