"""What "the same entities" means: equal, but for flips that a near-tie explains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.parity.judge import SCORE_TOLERANCE, judge
from tests.parity.reference import Entity, Mode, Reading

Key = tuple[int, int, str]


def count_flips(
    reading: Reading,
    labels: Sequence[str],
    mode: Mode,
    found: Iterable[tuple[Key, float]],
    threshold: float | Sequence[float] = 0.5,
) -> int:
    """Assert that found entities are gliner's, apart from flips that a near-tie explains.

    reading (Reading): what gliner makes of the text, at `threshold`.
    found (iterable): key and score of each entity of ours.
    RETURNS (int): how many flipped.
    """
    found = list(found)
    theirs = {entity.key: entity.score for entity in reading.entities[mode]}
    for key, score in found:
        assert key not in theirs or abs(score - theirs[key]) <= SCORE_TOLERANCE
    if sorted(key for key, _ in found) == sorted(theirs):
        return 0
    verdict = judge(reading.logits, labels, mode, threshold)
    assert verdict.objections(theirs) == [], "the judge objects to gliner itself"
    assert verdict.objections(key for key, _ in found) == []
    return len({key for key, _ in found}.symmetric_difference(theirs))


def scored(entities: Iterable[Entity]) -> list[tuple[Key, float]]:
    """RETURNS (list): key and score of each."""
    return [(entity.key, entity.score) for entity in entities]
