"""Names in text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.silver.finder import NameFinder
from tests.training.silver.support import table

FINDER = NameFinder(table())


def surfaces(text: str) -> list[str]:
    """RETURNS (list): the names in a text as they stand there."""
    return [text[found.start : found.end] for found in FINDER.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Breast Cancers and ASPIRIN", ["Breast", "Breast Cancers", "ASPIRIN"]),
        ("gastric tumours", ["gastric tumours"]),
        ("the cat gene CAT", ["CAT"]),
        ("breast-cancer", ["breast", "breast-cancer"]),
        ("breast\ncancer", ["breast"]),  # not over the end of a line
        ("METHODS CAT RESULTS", []),  # a heading
        ("METHODS BRCA1 RESULTS", ["BRCA1"]),
    ],
)
def test_found(text: str, expected: list[str]) -> None:
    """Case, plurals, hyphens and lines."""
    assert surfaces(text) == expected


@given(st.lists(st.sampled_from(["aspirin", "breast", "cancer", " ", "\n", "é", "CAT", ".", "-", "tumour"]), max_size=12))
def test_offsets_fit(parts: list[str]) -> None:
    """Whatever is found is in the text under its key."""
    text = "".join(parts)
    names = table()
    for found in FINDER.find(text):
        assert 0 <= found.start < found.end <= len(text) and found.key in names


def test_forgetting_leaves_the_names() -> None:
    """New words go, names stay."""
    with FINDER.forgetting():
        assert surfaces("xyzzyx aspirin") == ["aspirin"]
    assert surfaces("xyzzyx aspirin") == ["aspirin"]
