"""Gold stripped of its offsets and put back."""

from __future__ import annotations

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.distill.grounding.recovery import measure

TEXT = "Aspirin and aspirin, the IV drug, at stage IV; aspirin-like."


def gold(*spans: tuple[int, int]) -> AnnotatedPassage:
    """A passage with drugs."""
    return AnnotatedPassage("1", TEXT, tuple(Mention(start, end, "drug") for start, end in spans))


def test_every_position_comes_back() -> None:
    """Where the gold has each occurrence, all are recovered; listed once, what is safe is."""
    counts = measure([gold((0, 7), (12, 19), (25, 27), (43, 45), (47, 54))])
    assert (counts["all"].complete_recovered, counts["all"].complete) == (5, 5)
    once = counts["once"]
    assert (once.listed, once.placed_right, once.propagated) == (3, 3, 0)  # not after a hyphen, not IV
    assert once.recovered == 3 and once.statuses == {"exact": 3}


def test_what_gold_does_not_mark_is_counted_against_us() -> None:
    """One of two occurrences is gold: it is not complete, and the other one, propagated, is wrong."""
    counts = measure([AnnotatedPassage("1", "renin binds renin", (Mention(12, 17, "protein"),))])
    assert (counts["all"].complete, counts["all"].gold, counts["all"].recovered) == (0, 1, 1)
    assert (counts["all"].placed_right, counts["all"].propagated, counts["all"].propagated_right) == (0, 1, 1)
