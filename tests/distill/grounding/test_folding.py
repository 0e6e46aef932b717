"""Folding: what differs only in looks folds to the same string, and every match is a span of the text itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.grounding.folding import FoldedText, fold

LETTERS = st.text(st.sampled_from("aB  -\u2013\u00e9e\u0301\u00df\ufb01\u00a0\u200b'\u2019(1\u00b2\u0130\u03b1\n"), max_size=12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Renin \u2013 Angiotensin  system", "renin-angiotensin\nsystem"),
        ("Sj\u00f6gren\u2019s syndrome", "sjogren's syndrome"),
        ("\ufb01broblasts", "fibroblasts"),
        ("Ca\u00b2\u207a", "Ca2+"),
        ("co\u00adoperate", "cooperate"),
        ("e\u0301tude", "\u00e9tude"),
        ("p < 0.05 ( two\u00a0sided )", "P<0.05 (two sided)"),
        ("\u201cgood\u201d", '"good"'),
        ("\u00b5g", "\u03bcg"),
        ("STRASSE", "stra\u00dfe"),
    ],
)
def test_looks_make_no_difference(one: str, other: str) -> None:
    """Case, white space, dashes, quotes, accents and ligatures are folded away."""
    assert fold(one) == fold(other)


def test_words_stay_apart() -> None:
    """A blank between two letters or digits is kept: "at 5 p" is not "at 5p"."""
    assert fold("a b") != fold("ab")
    assert fold("IL 2") != fold("IL2")


def test_a_match_is_not_part_of_a_character() -> None:
    """The s in \u00df, which folds to ss, is found only as a whole."""
    folded = FoldedText("wei\u00df")
    assert list(folded.find("s")) == []
    assert list(folded.find("ss")) == [(3, 4)]


def test_a_match_takes_the_marks_of_its_last_letter() -> None:
    """A combining accent behind the last letter belongs to the span."""
    text = "caf\u00e9 cafe\u0301 x"
    assert [text[start:end] for start, end in FoldedText(text).find("cafe")] == ["caf\u00e9", "cafe\u0301"]


@given(LETTERS)
def test_every_folded_character_has_its_place(text: str) -> None:
    """Places ascend, lie in the text, and folding what stands there gives the character back, alone or among its siblings."""
    folded = FoldedText(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.folded)
    assert folded.starts == sorted(folded.starts)
    for character, start, end in zip(folded.folded, folded.starts, folded.ends, strict=True):
        assert 0 <= start < end <= len(text)
        assert character == " " or character in fold(text[start:end])


@given(LETTERS, LETTERS)
def test_finding_is_complete(text: str, surface: str) -> None:
    """A match folds to what was looked for, and no stretch of the text that does is missed but for marks and blanks at its ends."""
    wanted = fold(surface)
    found = set(FoldedText(text).find(wanted))
    for start, end in found:
        assert fold(text[start:end]) == wanted
    if wanted and wanted in fold(text) and not found:
        # only a part of a character's folding matched, as the s of \u00df
        assert any(len(fold(character)) > 1 for character in text)


@given(LETTERS)
def test_folding_twice_changes_nothing(text: str) -> None:
    """What is folded is folded."""
    assert fold(fold(text)) == fold(text)
