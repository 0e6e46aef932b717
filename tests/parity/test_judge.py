"""The judge itself: a plain greedy search over jittered logits never contradicts it, and wrong answers do."""

from __future__ import annotations

import numpy as np
import pytest

from tests.parity.judge import conflicts, judge, logit, max_difference
from tests.parity.reference import MODES, Mode

LABELS = ["a", "b", "c"]


def greedy(logits: np.ndarray, mode: Mode, threshold: float = 0.5) -> set[tuple[int, int, str]]:
    """The plain greedy search, quadratic."""
    start, width, label = np.nonzero(np.where(np.isfinite(logits), logits, -np.inf) > logit(threshold))
    value, end = logits[start, width, label], start + width
    conflict = conflicts(start, end, mode)
    kept: list[int] = []
    for i in np.argsort(-value, kind="stable"):
        if not conflict[i, kept].any():
            kept.append(int(i))
    return {(int(start[i]), int(end[i]), LABELS[label[i]]) for i in kept}


def random_logits(rng: np.random.Generator, n_words: int = 12, coarse: bool = False) -> np.ndarray:
    """Logits of a short text, many above 0; coarse ones are full of near-ties."""
    logits = rng.normal(-1.5, 1.5, (n_words, 4, 3))
    if coarse:
        logits = np.round(logits, 1) + rng.uniform(-1e-4, 1e-4, logits.shape)
    logits[np.arange(n_words)[:, None] + np.arange(4)[None, :] >= n_words] = np.nan
    return logits


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize("coarse", [False, True])
def test_jittered_scorers_are_never_objected_to(mode: Mode, coarse: bool) -> None:
    """Whatever a scorer within the slack finds, the judge accepts."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        logits = random_logits(rng, coarse=coarse)
        verdict = judge(logits, LABELS, mode, slack=1e-4)
        for _ in range(10):
            jittered = logits + rng.uniform(-1e-4, 1e-4, logits.shape)
            assert verdict.objections(greedy(jittered, mode)) == []


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_without_near_ties_nothing_is_open(mode: Mode) -> None:
    """Where values are far apart, the verdict is the greedy outcome."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        logits = random_logits(rng)
        verdict = judge(logits, LABELS, mode, slack=1e-9)
        assert verdict.open == frozenset()
        assert verdict.certain == greedy(logits, mode)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_true_changes_are_objected_to(mode: Mode) -> None:
    """An entity lost, invented, relabelled, moved or doubled is a fault."""
    rng = np.random.default_rng(2)
    for _ in range(40):
        logits = random_logits(rng)
        verdict, found = judge(logits, LABELS, mode), greedy(logits, mode)
        for key in found - verdict.open:
            start, end, label = key
            others = [name for name in LABELS if name != label]
            assert verdict.objections(found - {key})
            assert verdict.objections([*found, key])
            invented = {(start, end, other) for other in others} - found - verdict.open
            assert all(verdict.objections(found | {new}) for new in invented)
            moved = (start, end + 1, label)
            assert moved in found | verdict.open or verdict.objections(found - {key} | {moved})


def test_a_threshold_for_each_label() -> None:
    """Thresholds hold label by label, and are exclusive up to the slack."""
    logits = np.full((1, 1, 3), logit(0.6))
    verdict = judge(logits, LABELS, Mode("flat", True), threshold=[0.5, 0.7, 0.6])
    assert verdict.certain == {(0, 0, "a")}
    assert verdict.open == {(0, 0, "c")}


def test_invalid_spans_must_be_the_same() -> None:
    """A span that one side scores and the other does not is an infinite difference."""
    reference, ours = np.zeros((2, 2, 1)), np.zeros((2, 2, 1))
    reference[1, 1] = np.nan
    assert max_difference(reference, ours) == float("inf")
    ours[1, 1] = -np.inf
    assert max_difference(reference, ours) == 0.0
