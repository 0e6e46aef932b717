"""Mentions as a model writes them → character offsets in the text, each with what became of it."""

from __future__ import annotations

from .occurrences import EXACT, FAILED, FOLDED, FUZZY, PROPAGATED, STATUSES
from .place import NOWHERE, Grounded, GroundingSettings, ground

__all__ = [
    "EXACT",
    "FAILED",
    "FOLDED",
    "FUZZY",
    "Grounded",
    "GroundingSettings",
    "NOWHERE",
    "PROPAGATED",
    "STATUSES",
    "ground",
]
