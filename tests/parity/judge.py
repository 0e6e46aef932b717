"""Do two scorers agree, given that floating point makes their logits differ a little?

Greedy decoding can turn a difference of 1e-6 into other entities: a candidate crosses the threshold, or two competitors
change places, and everything they push aside changes too. So "same entities" is judged by what every scorer must find
whose logits are within the slack of the reference's. A candidate is

    certain     if it is above the threshold by more than the slack, and each of its competitors surely ranks below it
                or is impossible
    impossible  if it is below the threshold by more than the slack, or a certain competitor surely ranks above it
    open        otherwise

All certain candidates must be found, no impossible one may be; only open ones may differ. The caller also bounds how
many are open, so that the judge can't wave everything through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.parity.reference import Mode

LOGIT_TOLERANCE = 1e-4  # between the two, for every span and label
SCORE_TOLERANCE = (
    LOGIT_TOLERANCE / 4
)  # between the probabilities of an entity that both find: a sigmoid's steepest slope


@dataclass(frozen=True)
class Verdict:
    """Keys `(first word, last word, label)` of the certain and the open candidates; all others are impossible."""

    certain: frozenset[tuple[int, int, str]]
    open: frozenset[tuple[int, int, str]]

    def objections(self, found: Iterable[tuple[int, int, str]]) -> list[str]:
        """RETURNS (list): what is wrong with a set of found entities, one sentence each; empty when nothing is."""
        found = list(found)
        wrong = [f"{key} was found twice" for key in set(found) if found.count(key) > 1]
        wrong += [f"{key} must be found and was not" for key in sorted(self.certain.difference(found))]
        wrong += [f"{key} can't be found and was" for key in sorted(set(found) - self.certain - self.open)]
        return wrong


def logit(probability: float) -> float:
    """RETURNS (float): the logit that a float32 sigmoid turns into `probability`."""
    probability = float(np.float32(probability))
    return float(np.log(probability / (1 - probability)))


def sigmoid(values: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): probabilities, float32 as both libraries have them."""
    return (1 / (1 + np.exp(-values.astype(np.float64)))).astype(np.float32)


def max_difference(reference: np.ndarray, ours: np.ndarray) -> float:
    """Largest difference of logits over valid spans; the invalid ones (NaN or -inf) must be the same in both."""
    valid = np.isfinite(reference)
    if ours.shape != reference.shape or not np.array_equal(valid, np.isfinite(ours)):
        return float("inf")
    return float(np.abs(reference[valid] - ours[valid]).max(initial=0.0))


def judge(
    logits: np.ndarray,
    labels: Sequence[str],
    mode: Mode,
    threshold: float | Sequence[float] = 0.5,
    slack: float = LOGIT_TOLERANCE,
) -> Verdict:
    """Work out what every scorer within `slack` of `logits` must find.

    logits (ndarray): the reference's. *Shape:* `(n_words, max_width, n_labels)`, NaN or -inf for invalid spans.
    labels (list): a name for each label index.
    threshold: one for all labels, or one for each.
    """
    limits = np.broadcast_to(np.vectorize(logit)(np.asarray(threshold, dtype=np.float32)), (logits.shape[2],))
    values = np.where(np.isfinite(logits), logits, -np.inf)
    start, width, label = np.nonzero(values + slack > limits)
    value = values[start, width, label]
    end = start + width
    above = value - slack > limits[label]
    # Rank is by probability in float32, where logits above 10 or so run together.
    low, high = np.nextafter(sigmoid(value - slack), 0), np.nextafter(sigmoid(value + slack), 2)
    conflict = conflicts(start, end, mode)
    # rival[i, j]: j conflicts with i and may rank above it; beats[i, j]: j conflicts with i and surely ranks above it
    rival = conflict & (high[None, :] >= low[:, None])
    beats = conflict & (low[None, :] > high[:, None])
    certain, impossible = np.zeros(len(value), dtype=bool), np.zeros(len(value), dtype=bool)
    while True:
        impossible_now = impossible | (beats & certain[None, :]).any(1)
        certain_now = above & ~impossible_now & ~(rival & ~impossible_now[None, :]).any(1)
        if np.array_equal(impossible_now, impossible) and np.array_equal(certain_now, certain):
            break
        certain, impossible = certain_now, impossible_now
    keys = [(int(s), int(e), labels[c]) for s, e, c in zip(start, end, label, strict=True)]
    return Verdict(
        frozenset(key for key, yes in zip(keys, certain, strict=True) if yes),
        frozenset(key for key, yes in zip(keys, ~certain & ~impossible, strict=True) if yes),
    )


def conflicts(start: np.ndarray, end: np.ndarray, mode: Mode) -> np.ndarray:
    """RETURNS (ndarray): pairs of spans that exclude each other (`gliner/decoding/utils.py`). *Shape:* `(n, n)`."""
    s, e = start[:, None], end[:, None]
    overlap = (s <= end[None, :]) & (start[None, :] <= e)
    if mode.overlap == "nested":
        inside = ((s <= start[None, :]) & (e >= end[None, :])) | ((start[None, :] <= s) & (end[None, :] >= e))
        overlap &= ~inside
    same = (s == start[None, :]) & (e == end[None, :])
    result = np.where(same, not mode.multi_label, overlap)
    np.fill_diagonal(result, False)
    return result
