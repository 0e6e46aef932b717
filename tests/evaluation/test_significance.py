"""The paired test between two systems."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.evaluation.metrics.resampling import document_flips, document_weights
from spacy_gliner_biomed.evaluation.significance import PairedTest, f1, holm, randomisation_p, simulate_null

COUNTS = st.tuples(*[st.integers(0, 5)] * 3)
DOCUMENTS = st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=12)


def plain_f1(counts: np.ndarray) -> float:
    right, wrong, missed = (float(count) for count in counts)
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / (right + missed) if right + missed else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def test_the_level_is_kept() -> None:
    """Two equally good systems differ with p < 0.05 in 5 % of 2,000 comparisons, and p is uniform."""
    p = simulate_null(2_000)
    assert p.shape == (2_000,)
    assert 0.035 <= (p < 0.05).mean() <= 0.065
    assert 0.07 <= (p < 0.1).mean() <= 0.13
    assert 0.46 <= (p < 0.5).mean() <= 0.54


def test_a_difference_is_seen() -> None:
    """One system finds nine in ten mentions of 200 documents, the other eight."""
    test = PairedTest(rounds=2_000)
    for number in range(200):
        test.add(str(number), (9, 1, 1), (8, 1, 2))
    found = test.result()
    assert found.p == pytest.approx(1 / 2_001)
    assert 0 < found.low <= found.difference <= found.high
    assert (found.f1_a, found.f1_b) == pytest.approx((18 / 20, 16 / 19))
    assert 200 == found.documents


@given(DOCUMENTS)
def test_against_a_plain_loop(documents: list) -> None:
    """The same exchanges and weights, document by document and round by round."""
    rounds, n_bootstrap = 50, 40
    test = PairedTest(rounds, n_bootstrap, seed=3)
    for number, (a, b) in enumerate(documents):
        test.add(f"d{number}", a, b)
    found = test.result()
    ids = [f"d{number}" for number in range(len(documents))]
    flips, weights = document_flips(ids, rounds, 3), document_weights(ids, n_bootstrap, 3)
    a, b = (np.asarray([document[system] for document in documents]) for system in (0, 1))
    observed = abs(plain_f1(a.sum(axis=0)) - plain_f1(b.sum(axis=0)))
    n_far = 0
    for flip in flips.T:
        first = np.where(flip[:, None], b, a).sum(axis=0)
        second = np.where(flip[:, None], a, b).sum(axis=0)
        n_far += abs(plain_f1(first) - plain_f1(second)) >= observed - 1e-9
    assert found.p == pytest.approx((1 + n_far) / (1 + rounds))
    drawn = [((a * weight[:, None]).sum(axis=0), (b * weight[:, None]).sum(axis=0)) for weight in weights.T]
    differences = [plain_f1(one) - plain_f1(other) for one, other in drawn if one.any() and other.any()]
    if len(documents) == 1 or not differences:
        assert (found.low, found.high) == (None, None)
    else:
        assert (found.low, found.high) == pytest.approx(tuple(np.percentile(differences, [2.5, 97.5])))


@given(DOCUMENTS)
def test_against_every_exchange(documents: list) -> None:
    """With all 2^n exchanges instead of a sample the p-value is the exact one."""
    documents = documents[:7]
    a, b = (np.asarray([document[system] for document in documents], dtype=float) for system in (0, 1))
    flips = np.asarray(list(product((0, 1), repeat=len(documents))), dtype=float)
    exact = np.mean(
        [
            abs(f1((a + (b - a) * flip[:, None]).sum(axis=0)) - f1((b + (a - b) * flip[:, None]).sum(axis=0)))
            >= abs(f1(a.sum(axis=0)) - f1(b.sum(axis=0))) - 1e-9
            for flip in flips
        ]
    )
    p = randomisation_p(a.sum(axis=0), b.sum(axis=0), flips @ (b - a))
    assert p * (len(flips) + 1) == pytest.approx(exact * len(flips) + 1)


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_passages_of_a_document_stay_together(documents: list, random: object) -> None:
    """Whether they come as one or apart, in any order."""
    whole, parts = PairedTest(100, 100), PairedTest(100, 100)
    passages = []
    for number, (a, b) in enumerate(documents):
        whole.add(str(number), a, b)
        passages += [(str(number), a, (0, 0, 0)), (str(number), (0, 0, 0), b)]
    random.shuffle(passages)  # type: ignore[attr-defined]
    for passage in passages:
        parts.add(*passage)
    assert whole.result() == pytest.approx(parts.result())


def test_many_documents_take_no_more_memory() -> None:
    """What waits is settled every 64 documents, and documents that come again are summed up right."""
    test = PairedTest(200, 50)
    for number in range(1_000):
        test.add(str(number), (1, 0, 1), (1, 1, 1))
        assert len(test._waiting) <= 64
    again = PairedTest(200, 50)
    for _ in range(2):
        for number in range(1_000):
            again.add(str(number), (0.5, 0, 0.5), (0.5, 0.5, 0.5))
    assert test.result()[:6] == pytest.approx(again.result()[:6])


def test_one_document_gives_no_interval() -> None:
    """However often it comes: its draws are all alike."""
    test = PairedTest(100, 100)
    for _ in range(2):
        test.add("only", (5, 0, 0), (3, 2, 2))
        found = test.result()
        assert (found.low, found.high) == (None, None)
    test.add("another", (5, 0, 0), (3, 2, 2))
    assert test.result().low is not None


def test_equal_systems() -> None:
    """Do not differ, and nothing found is no error."""
    test = PairedTest(100)
    assert 1.0 == test.result().p
    for number in range(30):
        test.add(str(number), (3, 1, 1), (3, 1, 1))
    assert (1.0, 0.0, 0.0, 0.0) == (test.result().p, *test.result()[2:5])


@pytest.mark.parametrize(
    ("given", "adjusted"),
    [
        ([], []),
        ([0.02], [0.02]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.4, 0.9], [1.0, 1.0, 1.0]),
        ([0.03, 0.01, 0.01], [0.03, 0.03, 0.03]),
    ],
)
def test_holm(given: list[float], adjusted: list[float]) -> None:
    """Worked by hand: sorted, times n, n-1, …, never falling, at most 1."""
    assert adjusted == pytest.approx(holm(given))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.5))
def test_holm_steps_down(p_values: list[float], alpha: float) -> None:
    """The step-down procedure rejects exactly those whose adjusted p-value is at most alpha."""
    rejected = set()
    for rank, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        if (len(p_values) - rank) * p_values[number] > alpha:
            break
        rejected.add(number)
    assert rejected == {number for number, p in enumerate(holm(p_values)) if p <= alpha}
