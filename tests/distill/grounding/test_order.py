"""Placing in order, against brute force over all ways to place."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.grounding.order import cost, place_in_order, shortest_path

PLACES = st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True).map(sorted)


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[list[int]], list[str]]:
    """Mentions of up to three groups, each group with its own occurrences."""
    occurrences = {group: draw(PLACES) for group in "abc"}
    groups = draw(st.lists(st.sampled_from("abc"), max_size=6))
    return [occurrences[group] for group in groups], groups


@given(lists())
def test_no_other_way_costs_less(given_lists: tuple[list[list[int]], list[str]]) -> None:
    """The path goes back as seldom as any, and its starts sum to as little as any that does."""
    starts, groups = given_lists
    chosen = shortest_path(starts, groups)
    least = min((cost(placed, groups) for placed in product(*starts)), default=(0, 0))
    assert cost([own[place] for own, place in zip(starts, chosen, strict=True)], groups) == least


@given(lists())
def test_nobody_shares_while_a_place_is_free(given_lists: tuple[list[list[int]], list[str]]) -> None:
    """Mentions of one group take as many places as there are, or as they are, in ascending order."""
    starts, groups = given_lists
    chosen = place_in_order(starts, groups)
    for group in set(groups):
        own = [number for number, each in enumerate(groups) if each == group]
        places = [chosen[number] for number in own]
        assert len(set(places)) == min(len(own), len(starts[own[0]]))
        assert places == sorted(places)


def test_repeated_mentions_follow_the_text() -> None:
    """ "Fever, aspirin" in "aspirin … fever … aspirin": aspirin gets its second place."""
    assert place_in_order([[10], [0, 20]], ["fever", "aspirin"]) == [0, 1]
    assert place_in_order([[0, 20], [10], [0, 20]], ["aspirin", "fever", "aspirin"]) == [0, 0, 1]


def test_a_list_by_types_begins_again() -> None:
    """Drugs first, then diseases: each type's mentions stay in order, none is lost."""
    assert place_in_order([[0, 40], [20, 60], [10, 50], [30]], ["a", "b", "c", "d"]) == [0, 0, 0, 0]
