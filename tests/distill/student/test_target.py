"""What the student is taught: the teacher's answer in the text's order, and what it loses on the way."""

from __future__ import annotations

import json
from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.answers import (
    Answer,
    ExtractedEntity,
    ExtractedRelation,
    Extraction,
    TypeDescription,
)
from spacy_gliner_biomed.distill.student.data import TOO_LONG, steps_of, student_data
from spacy_gliner_biomed.distill.student.grammar import advance, is_complete, start
from spacy_gliner_biomed.distill.student.schema import extraction_grammar
from spacy_gliner_biomed.distill.student.target import (
    LISTED_TOO_OFTEN,
    NOT_IN_TEXT,
    RELATION_LOST,
    TWICE,
    WITHIN_WORD,
    target_of,
)
from spacy_gliner_biomed.distill.student.tiny import tiny_tokenizer
from tests.distill.student.small import TINY, answers, passages


def extraction(*entities: Tuple[int, str, str], relations: Tuple[Tuple[int, int, str], ...] = ()) -> Extraction:
    """RETURNS (Extraction): of (id, text, type) and (head, tail, type)."""
    return Extraction(
        entities=[ExtractedEntity(id=number, text=text, type=kind) for number, text, kind in entities],
        relations=[ExtractedRelation(head=head, tail=tail, type=kind) for head, tail, kind in relations],
    )


def test_entities_come_in_the_order_of_the_text() -> None:
    """Ids count from 0 in that order, and relations follow them."""
    found = target_of(
        "Aspirin for gout, or aspirin alone.",
        extraction((7, "gout", "disease"), (3, "Aspirin", "drug"), (5, "aspirin", "drug"), relations=((3, 7, "for"), (5, 7, "or"))),
    )
    assert [(each.id, each.text) for each in found.extraction.entities] == [(0, "Aspirin"), (1, "gout"), (2, "aspirin")]
    assert [(each.head, each.tail) for each in found.extraction.relations] == [(0, 1), (2, 1)]
    assert not found.left_out


def test_what_can_not_be_copied_is_left_out_and_counted() -> None:
    """Nothing goes without a word, relations included."""
    found = target_of(
        "Anti-p53 and p53s.",
        extraction(
            (0, "p53", "gene"),
            (1, "p53", "protein"),
            (2, "p21", "gene"),
            (3, "ant", "animal"),
            (4, "53", "number"),
            relations=((0, 2, "a"), (0, 1, "a"), (0, 0, "b"), (0, 0, "b")),
        ),
    )
    assert [(each.text, each.type) for each in found.extraction.entities] == [("p53", "gene")]
    assert found.left_out == {LISTED_TOO_OFTEN: 1, NOT_IN_TEXT: 2, WITHIN_WORD: 1, RELATION_LOST: 2, TWICE: 1}
    assert json.loads(found.json)["relations"] == [{"head": 0, "tail": 0, "type": "b"}]


def test_descriptions_are_those_of_types_that_are_left() -> None:
    """And only where they are wanted."""
    described = [TypeDescription(type="drug", description="Is taken."), TypeDescription(type="gene", description="Is read.")]
    given_answer = Extraction(
        entities=[ExtractedEntity(id=0, text="aspirin", type="drug"), ExtractedEntity(id=1, text="p53", type="gene")],
        relations=[],
        descriptions=described,
    )
    assert [each.type for each in target_of("aspirin", given_answer, descriptions=True).extraction.descriptions] == ["drug"]
    assert "descriptions" not in json.loads(target_of("aspirin", given_answer).json)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["p53", "gene", "β", "-", '"', " ", ".", "x"]), max_size=9).map("".join),
    st.lists(st.tuples(st.sampled_from(["p53", "gene", "β", "p53 gene", '"', "-β", "x", "53"]), st.sampled_from("ab")), max_size=5),
)
def test_targets_are_what_the_grammar_lets_through(text: str, listed: List[Tuple[str, str]]) -> None:
    """Whatever a teacher says about a text, the student can write what is made of it."""
    found = target_of(text, extraction(*((number, *each) for number, each in enumerate(listed))))
    state = advance(start(extraction_grammar(text)), found.json.encode("utf-8"))
    assert state is not None and is_complete(state)
    assert len(found.extraction.entities) + found.left_out.total() == len(listed)


def test_long_answers_are_counted_not_cut() -> None:
    """An example is whole or left out; where none is left, a sentence says so."""
    tokenizer = tiny_tokenizer((passage.text for passage in passages(8)), TINY)
    long = answers(1)[0]
    text = long.passage.text + " It was a long study." * 20
    passage = type(long.passage)("long", text, "test", "long")
    given_answers = [*answers(3), Answer(passage, long.extraction, "teacher", "", (0, len(text)))]
    data = student_data(given_answers, tokenizer, most_tokens=200)
    assert len(data) == 3 and data.counts[TOO_LONG] == 1 and data.counts["answers"] == 4
    assert data.counts["learned tokens"] == sum(len(each.ids) - each.prompt for each in data.examples)
    with pytest.raises(ValueError, match="None of the 4 answers can be learned from"):
        student_data(given_answers, tokenizer, most_tokens=5)


def test_a_part_of_a_passage_is_learned_alone() -> None:
    """The prompt shows what the teacher was shown."""
    tokenizer = tiny_tokenizer((passage.text for passage in passages(8)), TINY)
    whole = answers(1)[0]
    part = Answer(whole.passage, extraction(), "teacher", "", (0, 10))
    shown = tokenizer.decode(student_data([part], tokenizer, most_tokens=200).examples[0].ids)
    assert shown.startswith("<|text|>" + whole.passage.text[:10] + "<|answer|>")


def test_each_epoch_sees_each_example_once() -> None:
    """In another order; begun in the middle it goes on as it would have."""
    tokenizer = tiny_tokenizer((passage.text for passage in passages(8)), TINY)
    examples = student_data(answers(10), tokenizer, most_tokens=300).examples
    whole = list(steps_of(examples, 4, 2, seed=3))
    assert [len(step) for step in whole] == [4, 4, 2, 4, 4, 2]
    for epoch in (whole[:3], whole[3:]):
        assert sorted(each.ids for step in epoch for each in step) == sorted(each.ids for each in examples)
    assert whole[:3] != whole[3:]
    for first in range(7):
        assert list(steps_of(examples, 4, 2, seed=3, first=first)) == whole[first:]
