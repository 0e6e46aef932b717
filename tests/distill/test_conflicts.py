"""Contradictions: the policies, and that nothing goes unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.conflicts import OVERLAPS, POLICIES, resolve
from spacy_gliner_biomed.distill.grounding import STATUSES, Grounded

FREQUENCY = {"drug": 9, "chemical": 4, "gene": 1}
MENTIONS = st.lists(
    st.builds(
        lambda start, width, kind, status: Grounded(start, start + width, kind, status, 1.0, "x"),
        st.integers(0, 6),
        st.integers(1, 4),
        st.sampled_from(sorted(FREQUENCY)),
        st.sampled_from(STATUSES[:-1]),
    ),
    max_size=8,
)


def at(start: int, end: int, kind: str, status: str = "exact") -> Grounded:
    """A mention."""
    return Grounded(start, end, kind, status, 1.0, "x")


@pytest.mark.parametrize(
    ("policy", "kept"),
    [("frequent", ["drug"]), ("specific", ["gene"]), ("first", ["chemical"]), ("all", ["chemical", "drug", "gene"]), ("drop", [])],
)
def test_types_on_one_span(policy: str, kept: list[str]) -> None:
    """Each policy keeps what it says."""
    resolved = resolve([at(0, 3, "chemical"), at(0, 3, "gene"), at(0, 3, "drug")], FREQUENCY, policy)
    assert [each.type for each in resolved.kept] == kept
    assert resolved.reasons["two types on one span"] == 3 - len(kept)


def test_what_is_placed_better_goes_first() -> None:
    """A fuzzy match does not take the span of an exact one, however frequent its type."""
    assert resolve([at(0, 3, "drug", "fuzzy"), at(0, 3, "gene")], FREQUENCY).kept == [at(0, 3, "gene")]


def test_crossing_and_nested_spans() -> None:
    """Nested spans stay, of crossing ones the longer; flat keeps none inside another."""
    mentions = [at(0, 4, "drug"), at(3, 9, "gene"), at(5, 7, "chemical"), at(0, 4, "drug")]
    assert resolve(mentions, FREQUENCY).kept == [at(3, 9, "gene"), at(5, 7, "chemical")]
    assert resolve(mentions, FREQUENCY, overlap="flat").kept == [at(3, 9, "gene")]
    assert len(resolve(mentions, FREQUENCY, overlap="all").kept) == 3


@given(MENTIONS, st.sampled_from(POLICIES), st.sampled_from(OVERLAPS))
def test_nothing_goes_unseen(mentions: list[Grounded], policy: str, overlap: str) -> None:
    """Kept, dropped and repeated mentions are all there were, and what is kept keeps to the policy."""
    resolved = resolve(mentions, FREQUENCY, policy, overlap)
    gone = resolved.reasons
    assert len(resolved.kept) + len(resolved.dropped) + gone["same mention twice"] == len(mentions)
    assert len(resolved.dropped) == gone["two types on one span"] + gone["crosses another"]
    spans = [(each.start, each.end) for each in resolved.kept]
    assert policy == "all" or len(set(spans)) == len(spans)
    for one in spans:
        for other in spans:
            if overlap != "all" and one < other and other[0] < one[1] and one != other:
                inside = other[1] <= one[1] or one[0] == other[0]
                assert overlap == "nested" and inside


def test_unknown_policies() -> None:
    """One sentence names those there are."""
    with pytest.raises(ValueError, match="no policy 'best'; use one of frequent"):
        resolve([], {}, "best")
