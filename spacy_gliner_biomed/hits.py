"""What the model found, before spaCy comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np


@dataclass(frozen=True)
class Hits:
    """What the model found in one document.

    start, end (ndarray): character offsets, end exclusive. *Shape:* `(n,)`, int64.
    label (ndarray): index of the label. *Shape:* `(n,)`, int64.
    score (ndarray): probability. *Shape:* `(n,)`, float32.
    names (tuple): the labels.
    """

    start: np.ndarray
    end: np.ndarray
    label: np.ndarray
    score: np.ndarray
    names: Tuple[str, ...]

    @classmethod
    def none(cls, names: Tuple[str, ...]) -> Hits:
        """RETURNS (Hits): no hit at all."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty, np.zeros(0, dtype=np.float32), names)
