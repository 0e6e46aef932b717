"""The one error of this room."""

from __future__ import annotations


class CheckpointError(ValueError):
    """A model folder that can't be read, written or found: one sentence, with the offending value and the way out."""


def short(value: object, limit: int = 80) -> str:
    """RETURNS (str): a value for an error message, cut to `limit` characters whatever a hostile file put there."""
    try:
        text = repr(value)
    except Exception:  # an integer of thousands of digits, a broken __repr__
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def listed(names: object, limit: int = 5) -> str:
    """RETURNS (str): the first few of many names, sorted, for an error message."""
    ordered = sorted(names)  # type: ignore[call-overload]
    shown = ", ".join(short(name, 120) for name in ordered[:limit])
    return shown if len(ordered) <= limit else f"{shown} and {len(ordered) - limit} more"
