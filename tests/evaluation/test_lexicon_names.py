"""How the lexicon matcher reads words and names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.evaluation.lexicon_names import class_words, is_case_sensitive, spellings, split_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IL-2 (human)", ["IL", "2", "(", "human", ")"]),
        ("TNF-α", ["TNF", "alpha"]),
        ("naïve T‑cell", ["naïve", "T", "cell"]),
        (" - ", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """Hyphens of any kind separate words; Greek letters are spelt out."""
    assert expected == split_words(text)[0]


@given(st.text())
def test_offsets_lead_back_to_the_text(text: str) -> None:
    """Every word lies where it is said to, in order, Greek letters apart."""
    words, starts, ends = split_words(text)
    for word, start, end in zip(words, starts, ends, strict=True):
        assert word == text[start:end] or any(character in "αβγδεζηθικλμνξοπρστυφχψω" for character in text[start:end])
    assert sorted(starts) == starts
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aspirin", ["aspirin", "aspirins"]),
        ("Neoplasms, Breast", ["Neoplasms, Breast", "Neoplasms, Breasts", "Breast Neoplasms", "Breast Neoplasm"]),
        ("biopsy", ["biopsy", "biopsys", "biopsies"]),
        ("diabetes mellitus", ["diabetes mellitus"]),
        ("gout", ["gout"]),
        ("IL-2", ["IL-2"]),
        ("acid (L, free)", ["acid (L, free)"]),
    ],
)
def test_spellings(name: str, expected: list[str]) -> None:
    """MeSH's commas turned round, singular and plural; short names and symbols stay as they are."""
    assert expected == list(spellings(name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CAT", True),
        ("Pax", True),
        ("TRAIL", True),
        ("CAT 1", True),
        ("BRCA2", False),
        ("rash", False),
        ("Fever", False),
    ],
)
def test_case_counts_for_symbols(name: str, expected: bool) -> None:
    """Capitals, and short names with a capital; not where a digit makes them safe."""
    assert expected is is_case_sensitive(name)


def test_class_words() -> None:
    """Labels, their words, and plurals."""
    expected = {"syndrome", "syndromes", "cell type", "cell types", "cell", "cells", "type", "types"}
    assert expected == class_words({"cell type"})
