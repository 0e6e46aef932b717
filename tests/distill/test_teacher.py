"""Requests within the context, candidates, and the plan."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_gliner_biomed.distill.cache import AnswerCache
from spacy_gliner_biomed.distill.candidates import load_parser, noun_phrases
from spacy_gliner_biomed.distill.client import ServerSettings
from spacy_gliner_biomed.distill.plan import plan
from spacy_gliner_biomed.distill.requests import Completion, Usage
from spacy_gliner_biomed.distill.teacher import TeacherSettings
from tests.distill.asking import CHAT, passages, teacher

TIGHT = teacher(context=4200)


@settings(max_examples=30)
@given(st.text(st.sampled_from("Aab. \n<|s>"), max_size=1500) | st.just("<|a|>" * 300) | st.just("</text>" * 200))
def test_each_request_fits_into_the_context_with_its_answer_and_a_second_try(text: str) -> None:
    """Whatever is in the passage, all of it is asked about."""
    parts = list(TIGHT.parts(passages(text)))
    assert "".join(part.passage.text[slice(*part.part)] for part in parts) == text
    for part in parts:
        if part.request is None:
            assert not part.passage.text[slice(*part.part)].strip()
            continue
        again = part.request.asked_again("it lists 400 different entities; 200 are the most")
        for request in (part.request, again):
            counted = TIGHT.counter.count_messages([message.content for message in request.messages])
            assert counted + CHAT.max_tokens <= 4200


def test_a_context_without_room_for_a_text_is_refused() -> None:
    """Bug 8 of the seed: 4,096 tokens were 2,400 of prompt and 2,048 of answer, whatever the text."""
    with pytest.raises(ValueError, match="an answer of 500 leave 0 of 2,500 for the text; allow a longer context"):
        teacher(context=2500)


def test_candidates_and_parser_go_together() -> None:
    """One without the other is a mistake."""
    for wrong in ({"variant": "candidates"}, {"parser": "en_core_web_sm"}):
        with pytest.raises(ValueError, match="don't go together"):
            TeacherSettings(CHAT, **wrong)
    with pytest.raises(ValueError, match="no spaCy pipeline 'en_no_such_thing' for the candidates"):
        load_parser("en_no_such_thing")


def test_candidates_stand_in_the_text_as_they_are() -> None:
    """Without articles and pronouns, each once; hyphens have no blanks around them, as in the seed."""
    words = ["The", "renin", "-", "angiotensin", "system", "and", "it", "change", "the", "dose", ",", "the", "dose"]
    spaces = [True, False, False, True, True, True, True, True, True, False, True, True, False]
    heads = [4, 4, 4, 4, 7, 4, 4, 7, 9, 7, 9, 12, 9]
    deps = ["det", "compound", "punct", "compound", "nsubj", "cc", "conj", "ROOT", "det", "dobj", "punct", "det", "conj"]
    pos = ["DET", "NOUN", "PUNCT", "NOUN", "NOUN", "CCONJ", "PRON", "VERB", "DET", "NOUN", "PUNCT", "DET", "NOUN"]
    doc = Doc(spacy.blank("en").vocab, words=words, spaces=spaces, heads=heads, deps=deps, pos=pos)
    assert noun_phrases(doc) == ["renin-angiotensin system", "dose"]


def test_a_parser_shows_its_candidates(tmp_path: Path) -> None:
    """A pipeline without one is refused."""
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match="has no parser, which finds the noun phrases"):
        load_parser(str(tmp_path / "blank"))


def test_the_plan_counts_what_would_be_asked(tmp_path: Path) -> None:
    """Known answers cost nothing; blank parts are not asked about."""
    made = teacher(price=(2.0, 8.0))
    given = passages("Aspirin.", "Aspirin helped adults. " * 300, " ", "Known.")
    known = next(iter(made.parts(given[3:]))).request
    assert known is not None
    with AnswerCache(tmp_path / "c") as cache:
        cache.put(known.key, Completion(known, "{}", usage=Usage(10, 5)), known.key)
        planned = plan(given, made, cache=cache, server=ServerSettings("http://localhost:1", requests_a_minute=1))
    assert (planned.passages, planned.known, planned.blank) == (4, 1, 1)
    assert planned.to_ask == planned.parts - 2 == planned.minutes
    asked = [part.request for part in made.parts(given[:2]) if part.request]
    assert planned.expected.prompt == sum(map(made.tokens, asked)) and planned.most.answer == 500 * len(asked)
    assert 0 < planned.expected.answer <= planned.most.answer
    text = "\n".join(planned.lines() + planned.example_lines())
    assert "estimated, without a tokenizer" in text and "cost" in text and asked[0].messages[-1].content in text


def test_a_text_that_comes_twice_is_paid_once() -> None:
    """As the run asks for it once."""
    planned = plan(passages("Aspirin.", "Ibuprofen.", "Aspirin."), teacher())
    assert (planned.passages, planned.parts, planned.known, planned.to_ask) == (3, 3, 1, 2)


def test_the_batch_api_is_planned_at_half_the_price() -> None:
    """And without a price the plan says what is missing."""
    costs = [plan(passages("Aspirin."), teacher(price=(2.0, 8.0)), batch=batch).price for batch in (False, True)]
    assert costs == [(2.0, 8.0), (1.0, 4.0)]
    assert "unknown; give the price" in "\n".join(plan(passages("Aspirin."), teacher()).lines())
    assert plan([], teacher()).example_lines() == ["There is nothing to ask."]


def test_the_expected_length_comes_from_known_answers(tmp_path: Path) -> None:
    """As soon as there are enough of them."""
    made = teacher()
    with AnswerCache(tmp_path / "c") as cache:
        for part in made.parts(passages(*(f"Text {n}." for n in range(20)))):
            assert part.request is not None
            cache.put(part.request.key, Completion(part.request, "{}", usage=Usage(10, 33)), part.request.key)
        planned = plan(passages("New.", "Other."), made, cache=cache)
    assert planned.expected.answer == 66 and "20 known answers" in planned.basis
