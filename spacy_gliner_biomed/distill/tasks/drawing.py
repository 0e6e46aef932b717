"""Chance that depends on names only, so that a draw is the same in any order, on any machine, after any kill."""

from __future__ import annotations

from hashlib import sha256


def draw(seed: int, *names: str) -> float:
    """RETURNS (float): a number from 0 to below 1 that depends on nothing but the seed and the names."""
    digest = sha256("\x1f".join((str(seed), *names)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
