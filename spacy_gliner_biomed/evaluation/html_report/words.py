"""Numbers and names as a reader meets them: per cent, intervals, p-values, kinds of figure, matchings."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional, Sequence

#: What a figure says, by how much of the corpus and its labels was in the training data; in reading order.
KINDS: Dict[str, str] = {
    "in-schema": "trained on this corpus' own annotation scheme",
    "unseen corpus": "labels it was trained on, in a corpus it was not",
    "unseen label": "labels it was never trained on",
    "unknown": "nothing is recorded about its training",
}

#: The ways to say that a prediction is right; in reading order.
MATCHINGS: Dict[str, str] = {
    "strict": "A prediction is right when its span and label are those of a gold mention.",
    "boundary": "A prediction is right when its span is that of a gold mention, whatever its label.",
    "partial": "A prediction is right when its span is that of a gold mention, and half right when the two overlap, whatever "
    "its label.",
    "relaxed": "A prediction is right when its label is that of a gold mention it overlaps with; mentions are paired one to one.",
    "surface": "A prediction is right when its words and label are those of some gold mention of the passage, wherever it stands.",
}

LEVEL = 0.05
MISSING = "–"


def percent(value: Optional[float], digits: int = 1) -> str:
    """RETURNS (str): a share of 0..1 as "74.5"; a dash for none."""
    return MISSING if _absent(value) else f"{100 * float(value or 0):.{digits}f}"


def interval(figure: Mapping[str, Any]) -> str:
    """RETURNS (str): "(73.1–75.9)", or nothing for a figure without an interval."""
    low, high = figure.get("low"), figure.get("high")
    return "" if _absent(low) or _absent(high) else f"({percent(low)}–{percent(high)})"


def with_interval(figure: Mapping[str, Any]) -> str:
    """RETURNS (str): "74.5 (73.1–75.9)"."""
    return f"{percent(figure['value'])} {interval(figure)}".rstrip()


def signed_points(value: Optional[float]) -> str:
    """RETURNS (str): a difference of shares as "+12.0" or "−3.1" points."""
    if _absent(value):
        return MISSING
    shown = f"{abs(100 * float(value or 0)):.1f}"
    return shown if float(shown) == 0 else ("+" if float(value or 0) > 0 else "−") + shown


def points(value: float) -> str:
    """RETURNS (str): "12 points", "0.4 points", "1 point"; without a sign."""
    shown = f"{abs(100 * value):.1f}".removesuffix(".0")
    return f"{shown} point{'' if shown == '1' else 's'}"


def p_value(p: float) -> str:
    """RETURNS (str): "p < 0.001" or "p = 0.03"."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.01 else f"p = {p:.2f}"


def adjusted_p(comparison: Mapping[str, Any]) -> float:
    """RETURNS (float): the p-value corrected for several comparisons, the plain one where none was corrected."""
    adjusted = comparison.get("p_adjusted")
    return float(comparison["p"] if adjusted is None else adjusted)


def count(value: Optional[float]) -> str:
    """RETURNS (str): a whole number with thousands apart."""
    return MISSING if _absent(value) else f"{float(value or 0):,.0f}"


def enumerate_words(words: Sequence[str], conjunction: str = "and", most: int = 4) -> str:
    """RETURNS (str): "a, b and c"; what is beyond `most` as "and 3 more"."""
    listed: List[str] = list(words)
    if len(listed) > most:
        return f"{', '.join(listed[: most - 1])} {conjunction} {len(listed) - most + 1} more"
    return f" {conjunction} ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def shortened(name: str, most: int = 24) -> str:
    """RETURNS (str): a name that fits into a plot: what is beyond `most` letters is cut from its middle."""
    return name if len(name) <= most else f"{name[: most // 2 - 1]}…{name[-(most // 2) :]}"


def plural(number: int, noun: str, several: Optional[str] = None) -> str:
    """RETURNS (str): "1 corpus", "3 corpora"."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def _absent(value: Optional[float]) -> bool:
    return value is None or math.isnan(value)
