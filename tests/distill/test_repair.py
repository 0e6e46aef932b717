"""What is mended in an answer, and what is not."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Dict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.answers import Extraction
from spacy_gliner_biomed.distill.repair import BadOutput, close_cut, read_extraction, wrong_with
from spacy_gliner_biomed.distill.requests import Completion
from tests.distill.asking import request

GOOD = {
    "entities": [{"id": 0, "text": "Parkinson's disease", "type": "disease"}, {"id": 4, "text": "dopamine", "type": "chemical"}],
    "relations": [{"head": 0, "tail": 4, "type": "lacks"}],
}


def said(text: str, finish: str = "stop") -> Completion:
    """RETURNS (Completion): with these words."""
    return Completion(request("x"), text, finish)


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        (json.dumps(GOOD), None),
        (json.dumps(GOOD, indent=2) + "\n", None),
        ("Sure! Here it is:\n```json\n" + json.dumps(GOOD) + "\n```\nAnything else?", "words around the JSON"),
        (json.dumps(GOOD).replace("}]", "},]"), "comma too many"),
        (str(GOOD), "Python's quotes"),
        (json.dumps(GOOD).replace('"id": 4', '"id": "4"').replace('"tail": 4', '"tail": "4"'), "number in quotes"),
        (json.dumps({**GOOD, "summary": "…"}), "unknown field"),
        (json.dumps(GOOD).replace('"id": 0,', '"id": 0, "start": 17,'), "unknown field"),
        (json.dumps({**GOOD, "entities": [*GOOD["entities"], {"id": 9, "text": "", "type": "nothing"}]}), "entity left out"),
        (json.dumps({**GOOD, "entities": [*GOOD["entities"], {"id": 9, "text": "x" * 999, "type": "y"}]}), "entity left out"),
        (json.dumps({**GOOD, "entities": [*GOOD["entities"], {"id": -2, "text": "x", "type": "y"}]}), "entity left out"),
        (json.dumps({**GOOD, "entities": [*GOOD["entities"], "dopamine"]}), "entity left out"),
        (json.dumps({**GOOD, "relations": [*GOOD["relations"], {"head": -1, "tail": 0, "type": "x"}]}), "relation left out"),
        (json.dumps({**GOOD, "relations": [*GOOD["relations"], {"head": 1, "tail": 0, "type": "x"}]}), "relation to no entity"),
        (json.dumps({**GOOD, "relations": GOOD["relations"] * 3}), "relation twice"),
        (json.dumps({**GOOD, "entities": [*GOOD["entities"], GOOD["entities"][0]]}), "entity twice"),
    ],
)
def test_what_is_plainly_meant_is_mended_and_counted(text: str, repair: str | None) -> None:
    """The rest of the answer stays as it is."""
    mended = read_extraction(said(text))
    assert mended.extraction == Extraction.model_validate(GOOD)
    assert set(mended.repairs) == ({repair} if repair else set())


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("", "stop", "no JSON object"),
        ("I can't do that.", "stop", "no JSON object"),
        (json.dumps(GOOD)[:-40], "stop", "no valid JSON"),
        ("[" + json.dumps(GOOD["entities"]) + "]", "stop", "no JSON object"),
        ('{"relations": []}', "stop", "no list 'entities'"),
        ('{"entities": {"id": 0}}', "stop", "no list 'entities'"),
        ('{"entities": [{"name": "x"}], "relations": []}', "stop", "none of its entities"),
        (json.dumps(GOOD), "length", "cut off"),
        (json.dumps(GOOD), "too_long", "far too long"),
        (json.dumps(GOOD), "content_filter", "content filter"),
        ("{" * 100_000 + "}", "stop", "no valid JSON"),
        (json.dumps(GOOD)[:-1] + ', "entities": []}', "stop", "has the field 'entities' twice"),
        (json.dumps(GOOD).replace('"id": 0,', '"id": 0, "text": "fever",'), "stop", "has the field 'text' twice"),
        (str(GOOD)[:-1] + ", 'entities': []}", "stop", "has the field 'entities' twice"),
        (json.dumps(GOOD).replace("dopamine", "\\alpha-synuclein"), "stop", "no valid JSON"),
        (str(GOOD).replace("dopamine", "\\x41"), "stop", "no valid JSON"),
        (str(GOOD).replace("'dopamine'", "'dopa' 'mine'"), "stop", "no valid JSON"),
        ('{"entities": ' + "[" * 50_000 + "]" * 50_000 + "}", "stop", "no valid JSON"),
        ('{"entities": [{"id": ' + "9" * 6000 + "}]}", "stop", "no valid JSON"),
    ],
)
def test_anything_else_is_bad_output_with_a_reason(text: str, finish: str, reason: str) -> None:
    """The reason is part of a sentence, for the second try."""
    with pytest.raises(BadOutput, match=reason):
        read_extraction(said(text, finish))
    assert "\n" not in wrong_with(said(text, finish))


@pytest.mark.parametrize("name", ["N[2,]x, }y", 'a ",} b', "C:\\ ,]"])
def test_a_comma_within_a_mention_stays(name: str) -> None:
    """Only one between items can be too many."""
    values = {"entities": [{"id": 0, "text": name, "type": "chemical"}], "relations": []}
    mended = read_extraction(said(json.dumps(values).replace("}]", "},]")))
    assert [entity.text for entity in mended.extraction.entities] == [name] and mended.repairs == {"comma too many": 1}


def test_nothing_found_is_an_answer() -> None:
    """An empty list is what the prompt asks for where there is nothing."""
    assert read_extraction(said('{"entities": [], "relations": []}')).extraction == Extraction(entities=[], relations=[])


def test_an_id_of_two_entities_names_neither() -> None:
    """Bug 12 of the seed: relations went by the place in the list. Here the second gets a free id, and the relation goes."""
    entities = [{"id": 1, "text": text, "type": "t"} for text in ("a", "b")] + [{"id": 2, "text": "c", "type": "t"}]
    values = {"entities": entities, "relations": [{"head": 1, "tail": 2, "type": "r"}, {"head": 2, "tail": 2, "type": "s"}]}
    mended = read_extraction(said(json.dumps(values)))
    assert [(entity.id, entity.text) for entity in mended.extraction.entities] == [(1, "a"), (3, "b"), (2, "c")]
    assert [relation.type for relation in mended.extraction.relations] == ["s"]
    assert mended.repairs == {"id twice": 1, "relation to no entity": 1}


def test_the_same_mention_under_two_ids_is_mentioned_twice() -> None:
    """Grounding places both, in order."""
    entities = [{"id": number, "text": "dopamine", "type": "chemical"} for number in (0, 1)]
    assert len(read_extraction(said(json.dumps({"entities": entities, "relations": []}))).extraction.entities) == 2


def test_a_list_that_runs_away_is_brought_back() -> None:
    """Bug 9 of the seed: a model that repeats itself until it is stopped; its relations follow the first of the same."""
    entities = [{"id": number, "text": f"drug {number % 3}", "type": "drug"} for number in range(400)]
    values = {"entities": entities, "relations": [{"head": 301, "tail": 399, "type": "like"}]}
    mended = read_extraction(said(json.dumps(values)))
    assert [entity.text for entity in mended.extraction.entities] == ["drug 0", "drug 1", "drug 2"]
    assert mended.repairs == {"entity twice": 397}
    assert [(each.head, each.tail) for each in mended.extraction.relations] == [(1, 0)]
    different = [{"id": number, "text": f"drug {number}", "type": "drug"} for number in range(400)]
    with pytest.raises(BadOutput, match="400 different entities; 200 are the most"):
        read_extraction(said(json.dumps({"entities": different, "relations": []})))


@given(st.integers(0, len(json.dumps(GOOD))))
def test_an_answer_that_was_cut_keeps_its_whole_items_where_that_is_wanted(length: int) -> None:
    """Never half an item; and without the wish, never any."""
    text = json.dumps(GOOD)[:length]
    assert wrong_with(said(text, "length"))
    try:
        mended = read_extraction(said(text, "length"), keep_cut=True)
    except BadOutput:
        assert text.count("}") == 0
        return
    assert mended.repairs["answer cut off, its whole items kept"] == 1
    assert [entity.model_dump() for entity in mended.extraction.entities] == GOOD["entities"][: text.count("}")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["id", "text", "type", "head", "tail", "entities", "relations", "x"]), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["entities", "relations", "descriptions", "more"]), JSON) | st.text(max_size=40))
def test_any_output_is_an_extraction_or_bad(values: Dict[str, Any] | str) -> None:
    """Nothing else comes out, and what comes out keeps the rules."""
    text = values if isinstance(values, str) else json.dumps(values)
    try:
        mended = read_extraction(said(text))
    except BadOutput as error:
        assert str(error) == wrong_with(said(text))
        return
    assert Extraction.model_validate(mended.extraction.model_dump()) == mended.extraction
    assert isinstance(mended.repairs, Counter)


@given(st.text(alphabet='{}[]",:a\\ ', max_size=60))
def test_closing_what_was_cut_never_fails(text: str) -> None:
    """Whatever it is."""
    assert close_cut(text)[:1] == text[:1]
