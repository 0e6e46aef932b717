"""Strict scores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.evaluation.strict import Counts, StrictScore

mentions = st.lists(st.tuples(st.integers(0, 3), st.integers(4, 6), st.sampled_from(["gene", "drug"])), max_size=12)
passages = st.lists(st.tuples(mentions, mentions), max_size=5)


def score(*passages: tuple[list, list]) -> StrictScore:
    total = StrictScore()
    for gold, predicted in passages:
        total.add(gold, predicted)
    return total


@pytest.mark.parametrize(
    "wrong",
    [(0, 5, "gene"), (1, 4, "gene"), (0, 4, "drug")],
    ids=["end", "start", "label"],
)
def test_one_difference_makes_a_prediction_wrong(wrong: tuple[int, int, str]) -> None:
    """Start, end and label must all be right."""
    assert Counts(0, 1, 1) == score(([(0, 4, "gene")], [wrong])).micro


def test_ratios() -> None:
    """Three right, one wrong, two missed."""
    counts = Counts(3, 1, 2)
    assert (0.75, 0.6, 6 / 9, 5) == (counts.precision, counts.recall, counts.f1, counts.gold)


def test_nothing_found_and_nothing_to_find() -> None:
    """No division by zero."""
    assert (0.0, 0.0, 0.0) == (Counts().precision, Counts().recall, Counts().f1)


def test_duplicates_count_once() -> None:
    """On either side."""
    mention = (0, 4, "gene")
    assert Counts(1, 0, 0) == score(([mention, mention], [mention, mention])).micro


def test_a_mention_counts_in_its_own_passage() -> None:
    """Equal offsets in two passages are two mentions."""
    mention = (0, 4, "gene")
    assert Counts(0, 1, 1) == score(([mention], []), ([], [mention])).micro


def test_labels_are_counted_apart() -> None:
    """And written in alphabetical order."""
    found = score(([(0, 4, "gene"), (5, 6, "drug")], [(0, 4, "gene"), (1, 6, "drug")]))
    assert {"gene": Counts(1, 0, 0), "drug": Counts(0, 1, 1)} == found.per_label
    assert ["drug", "gene"] == list(found.to_dict()["per_label"])


@given(passages)
def test_micro_counts_are_set_operations(passages: list) -> None:
    """By brute force over all passages at once."""
    gold = {(number, *mention) for number, (its_gold, _) in enumerate(passages) for mention in its_gold}
    predicted = {(number, *mention) for number, (_, its_predicted) in enumerate(passages) for mention in its_predicted}
    expected = Counts(len(gold & predicted), len(predicted - gold), len(gold - predicted))
    assert expected == score(*passages).micro


@given(passages)
def test_labels_sum_to_the_whole(passages: list) -> None:
    """Pooling every label gives the micro counts; pooling some equals scoring those alone."""
    found = score(*passages)
    assert found.micro == found.over(["gene", "drug", "unheard of"])
    genes = [tuple([m for m in side if m[2] == "gene"] for side in passage) for passage in passages]
    assert score(*genes).micro == found.over(["gene"])
