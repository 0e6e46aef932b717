"""From counts to precision, recall and F1, each with the interval that resampled documents give."""

from __future__ import annotations

from typing import Dict, List, Optional, Union

import numpy as np

NAMES = ("precision", "recall", "f1")
INTERVAL = (2.5, 97.5)  # percentiles of the resamples: 95 %

Figure = Dict[str, Optional[float]]
Number = Union[int, float]


def ratios(counts: np.ndarray) -> np.ndarray:
    """Precision, recall and F1; NaN where there is nothing to divide by.

    counts (np.ndarray): true positives, false positives, false negatives. Shape: (..., 3)
    RETURNS (np.ndarray): 0 to 1. Shape: (..., 3)
    """
    right, false, missed = np.moveaxis(counts, -1, 0)
    parts = np.stack([right, right, 2 * right], axis=-1)
    wholes = np.stack([right + false, right + missed, 2 * right + false + missed], axis=-1)
    return np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0)


def macro(counts: np.ndarray) -> np.ndarray:
    """Means over the labels that occur among the gold mentions or the predictions.

    Of such a label a ratio with nothing to divide by is 0, as in `spacy.scorer.PRFScore`. F1 is the mean of the labels' F1.

    counts (np.ndarray): true positives, false positives, false negatives. Shape: (..., n_labels, 3)
    RETURNS (np.ndarray): precision, recall and F1, 0 to 1; NaN where no label occurs. Shape: (..., 3)
    """
    occurs = counts.any(axis=-1).sum(axis=-1)[..., np.newaxis]
    sums = np.nan_to_num(ratios(counts)).sum(axis=-2)
    return np.divide(sums, occurs, out=np.full(sums.shape, np.nan), where=occurs > 0)


def figures(values: np.ndarray) -> Dict[str, Figure]:
    """Precision, recall and F1 as they are written.

    values (np.ndarray): the measured ratios, then those of each resample; a resample without a value (NaN) says nothing.
        Shape: (1 + n_resamples, 3)
    RETURNS (dict): of each ratio its value, 0 for NaN, and the ends of its 95 % percentile interval, None without a resample
        that has a value.
    """
    return {name: _figure(values[:, column]) for column, name in enumerate(NAMES)}


def scores(counts: np.ndarray) -> Dict[str, object]:
    """Figures and counts of a group of mentions as they are written.

    counts (np.ndarray): measured, then in each resample. Shape: (1 + n_resamples, 3)
    RETURNS (dict): `figures`, and `tp`, `fp`, `fn` and `support`, the number of gold mentions, as measured.
    """
    right, false, missed = (float(count) for count in counts[0])
    numbers = {"tp": right, "fp": false, "fn": missed, "support": right + missed}
    return {**figures(ratios(counts)), **{name: plain_number(number) for name, number in numbers.items()}}


def plain_number(number: float) -> Number:
    """RETURNS (int or float): a count that is whole as an integer; halves and thirds to six digits."""
    rounded = round(number, 6)
    return int(rounded) if rounded.is_integer() else rounded


def _figure(values: np.ndarray) -> Figure:
    known: List[float] = values[1:][~np.isnan(values[1:])]
    low, high = np.percentile(known, INTERVAL) if len(known) else (None, None)
    value = 0.0 if np.isnan(values[0]) else float(values[0])
    return {"value": value, "low": _plain(low), "high": _plain(high)}


def _plain(end: Optional[float]) -> Optional[float]:
    return None if end is None else float(end)
