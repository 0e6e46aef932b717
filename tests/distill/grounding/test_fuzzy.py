"""Fuzzy matching, against brute force over all windows."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.grounding import ground
from spacy_gliner_biomed.distill.grounding.fuzzy import Token, best_windows, tokens_of

WORDS = ["breast", "cancer", "lung", "1", "2", "ii"]
TOKENS = st.lists(st.sampled_from(WORDS), max_size=7).map(lambda words: tokens_of(" ".join(words)))
SHORT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(lambda words: tokens_of(" ".join(words)))


def longest(window: list[Token], mention: list[Token]) -> int:
    """Tokens of the longest common subsequence that uses every telling token of the mention; -1 where there is none."""

    @cache
    def from_here(i: int, j: int) -> int:
        if i == len(mention):
            return 0
        best = -100 if mention[i].telling else from_here(i + 1, j)
        for place in range(j, len(window)):
            if window[place].key == mention[i].key:
                best = max(best, 1 + from_here(i + 1, place + 1))
        return best

    return max(from_here(0, 0), -1)


@given(TOKENS, SHORT, st.sampled_from([0.5, 0.75, 1.0]), st.sampled_from([1 / 3, 0.6, 1.0]))
def test_no_window_is_better(tokens: list[Token], mention: list[Token], overlap: float, density: float) -> None:
    """The most tokens in the shortest stretch, as trying every stretch finds it."""
    best = (0, 0)
    for first in range(len(tokens)):
        for last in range(first, len(tokens)):
            matched, width = longest(tokens[first : last + 1], mention), last - first + 1
            if matched > 0 and matched >= overlap * len(mention) and matched >= density * width:
                best = max(best, (matched, -width))
    matched, windows = best_windows(tokens, mention, overlap, density)
    assert (matched, -min((last - first + 1 for first, last in windows), default=0)) == best
    assert {last - first + 1 for first, last in windows} <= {-best[1]}
    assert bool(windows) == bool(matched)


@pytest.mark.parametrize(
    ("text", "mention", "found"),
    [
        ("Levels of IL 2 rose.", "IL-2", "IL 2"),
        ("carcinoma of the breast was seen", "carcinoma of breast", "carcinoma of the breast"),
        ("breast and ovarian cancer", "breast cancer", "breast and ovarian cancer"),
        ("severe chronic kidney disease", "chronic kidneys diseases", "chronic kidney disease"),
        ("Type 2 diabetes mellitus", "Type 1 diabetes mellitus", None),
        ("hepatitis C virus infection", "hepatitis B virus infection", None),
        ("history of the patient", "history of the disease", None),
        ("stage III breast cancer", "stage II breast cancer", None),
        ("nothing like it", "acute renal failure", None),
    ],
)
def test_sister_entities_are_not_taken(text: str, mention: str, found: str | None) -> None:
    """Words may differ in their plural and stand apart; a number, a letter or a numeral may not differ."""
    (placed,) = ground(text, [mention])
    assert (text[placed.start : placed.end] if placed.status == "fuzzy" else None) == found


def test_the_overlap_is_reported() -> None:
    """Three of four words: 0.75; a stricter setting refuses it."""
    from spacy_gliner_biomed.distill.grounding import GroundingSettings

    text, mention = "acute myocardial infarction", "acute severe myocardial infarction"
    assert ground(text, [mention])[0].overlap == 0.75
    assert ground(text, [mention], GroundingSettings(overlap=0.8))[0].status == "failed"
    with pytest.raises(ValueError, match="overlap of a fuzzy match cannot be 0"):
        GroundingSettings(overlap=0)
