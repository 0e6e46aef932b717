"""Propagation: only what can hardly mean anything else, only whole words in the same letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.grounding import ground
from spacy_gliner_biomed.distill.grounding.occurrences import is_whole
from spacy_gliner_biomed.distill.propagate import is_safe, propagate


@pytest.mark.parametrize("surface", "IV ALL all cold Cold lead MS T4 mg xii x the + Was".split() + [""])
def test_unsafe(surface: str) -> None:
    """Numerals, common words in any case and short strings are not propagated."""
    assert not is_safe(surface)


@pytest.mark.parametrize("surface", ["aspirin", "IL-2", "p53", "common cold sore", "myocardial infarction", "BRCA1", "COPD"])
def test_safe(surface: str) -> None:
    """Names, symbols with a digit and phrases are."""
    assert is_safe(surface)


def spans(text: str, *mentions: tuple[str, str]) -> list[str]:
    """What is propagated, with the two characters around it."""
    found = propagate(text, ground(text, mentions))
    assert all(each.status == "propagated" for each in found)
    return [text[max(each.start - 1, 0) : each.end + 1] for each in found]


def test_further_occurrences() -> None:
    """The seed marks every hit in any case, inside words as well; here the same word, and nothing else."""
    text = "aspirin: aspirin, Aspirin, aspirins, aspirin-induced, anti-aspirin, (aspirin)."
    assert spans(text, ("aspirin", "drug")) == [" aspirin,", "(aspirin)"]


def test_short_and_common_strings_stay() -> None:
    """ "IV", "ALL" and "cold" are marked where they were listed, and nowhere else."""
    text = "IV drugs in ALL with a cold; stage IV, ALL patients, cold water"
    assert spans(text, ("IV", "route"), ("ALL", "disease"), ("cold", "disease")) == []


def test_two_types_are_not_carried_on() -> None:
    """Where one passage has two types for the same words, a third place has neither."""
    text = "insulin one, insulin two, insulin three"
    assert spans(text, ("insulin", "drug"), ("insulin", "protein")) == []
    assert spans(text, ("insulin", "drug")) == [" insulin ", " insulin "]


def test_fuzzy_and_folded_mentions_are_not_carried_on() -> None:
    """Only the very letters are."""
    assert spans("Aspirin and Aspirin", ("ASPIRIN", "drug")) == []


@given(
    st.lists(st.sampled_from(["renin", "Renin", "p53", "cold", "renin-bound", "breast cancer", "cancer"]), max_size=8),
    st.lists(st.tuples(st.sampled_from(["renin", "p53", "cold", "breast cancer", "cancer"]), st.sampled_from("xy")), max_size=4),
)
def test_nothing_overlaps(words: list[str], mentions: list[tuple[str, str]]) -> None:
    """What is propagated is whole, the same letters, and touches no other mention."""
    text = " ".join(words)
    placed = [each for each in ground(text, mentions) if each.start >= 0]
    found = propagate(text, placed)
    for number, each in enumerate(found):
        assert text[each.start : each.end] == each.text and is_whole(text, each.start, each.end) and is_safe(each.text)
        for other in (*placed, *found[:number]):
            assert each.end <= other.start or other.end <= each.start
