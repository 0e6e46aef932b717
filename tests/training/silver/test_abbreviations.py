"""Schwartz and Hearst's rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.silver.abbreviations import find_definitions, find_long_form


def pairs(text: str) -> list[tuple[str, str]]:
    """RETURNS (list): short and long forms."""
    return [(text[d.short_start : d.short_end], text[d.long_start : d.long_end]) for d in find_definitions(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with chronic obstructive pulmonary disease (COPD).", [("COPD", "chronic obstructive pulmonary disease")]),
        ("Heat shock transcription factor (HSF) binds.", [("HSF", "Heat shock transcription factor")]),
        ("the tumor necrosis factor-alpha (TNF-a) gene", [("TNF-a", "tumor necrosis factor-alpha")]),
        ("we saw body mass index (BMI; kg/m2)", [("BMI", "body mass index")]),
        ("type 2 diabetes (T2D) and myocardial infarction (MI)", [("T2D", "type 2 diabetes"), ("MI", "myocardial infarction")]),
        ("the “body mass index” (BMI)", [("BMI", "body mass index”")]),
    ],
)
def test_definitions(text: str, expected: list[tuple[str, str]]) -> None:
    """The shortest run of words whose letters hold those of the short form."""
    assert pairs(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "in patients (n = 20) of both arms",
        "the liver (see Table 2)",
        "heart rate (mean)",
        "it rose (P < 0.05)",
        "One end. Rate (HR) was high",  # the H is in another sentence
        "a drug (XYZ) helped",
        "(ABC) begins",
    ],
)
def test_brackets_that_define_nothing(text: str) -> None:
    """Remarks, figures and letters that are not there."""
    assert pairs(text) == []


def test_a_first_letter_begins_a_word() -> None:
    """"xmi" holds m and i, but no word of it begins with m."""
    assert find_long_form("MI", "the xmi ") is None


@given(st.text(max_size=60), st.text(alphabet="ABab1-", min_size=2, max_size=6), st.text(max_size=10))
def test_any_text(before: str, short: str, after: str) -> None:
    """Offsets fit, and the long form holds the letters of the short form in order."""
    text = f"{before} ({short}) {after}"
    for definition in find_definitions(text):
        assert 0 <= definition.long_start < definition.long_end <= definition.short_start < definition.short_end <= len(text)
        letters = iter(text[definition.long_start : definition.long_end].lower())
        wanted = [c for c in text[definition.short_start : definition.short_end].lower() if c.isalnum()]
        assert all(letter in letters for letter in wanted)
