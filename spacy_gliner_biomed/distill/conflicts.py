"""Mentions that contradict each other: two types on one span, and spans that cross.

| policy on one span | what stays |
|---|---|
| `frequent` | the type that the data set has most often; the default |
| `specific` | the type that it has least often |
| `first` | the type that was listed first |
| `all` | every type: the span has several labels |
| `drop` | none |

Before any of the first two, what was placed better goes first: exact, folded, fuzzy, propagated.

| overlap | what stays |
|---|---|
| `nested` | spans inside others stay; of two that cross, the better placed one, then the longer, then the first; the default |
| `flat` | no two spans share a character; the better placed one stays, then the longer, then the first |
| `all` | everything |
"""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

from .grounding.occurrences import STATUSES
from .grounding.place import Grounded

POLICIES = ("frequent", "specific", "first", "all", "drop")
OVERLAPS = ("nested", "flat", "all")


class Resolved(NamedTuple):
    """What is left of the mentions of a passage.

    kept (list): sorted by start, end and type; no mention twice.
    dropped (list): what contradicted them.
    reasons (Counter): "same mention twice", "two types on one span", "crosses another": how many went for it.
    """

    kept: List[Grounded]
    dropped: List[Grounded]
    reasons: Counter[str]


def check_policies(policy: str, overlap: str) -> None:
    """RAISES (ValueError): for a word that is none of `POLICIES` or `OVERLAPS`."""
    for word, known in ((policy, POLICIES), (overlap, OVERLAPS)):
        if word not in known:
            raise ValueError(f"There is no policy '{word}'; use one of {', '.join(known)}.")


def resolve(
    mentions: Sequence[Grounded], frequency: Mapping[str, int], policy: str = "frequent", overlap: str = "nested"
) -> Resolved:
    """Settle what contradicts.

    mentions (sequence): the placed mentions of a passage, in the order they were listed, with the types of the data set.
    frequency (mapping): type → mentions in the whole data set.
    policy (str): one of `POLICIES`. overlap (str): one of `OVERLAPS`.
    RETURNS (Resolved): what stays and what goes.
    RAISES (ValueError): for another policy.
    """
    check_policies(policy, overlap)
    reasons: Counter[str] = Counter()
    dropped: List[Grounded] = []
    by_span: Dict[Tuple[int, int], Dict[str, Grounded]] = {}
    for each in mentions:
        own = by_span.setdefault((each.start, each.end), {})
        if each.type in own:
            reasons["same mention twice"] += 1
            if _rank(each) < _rank(own[each.type]):
                own[each.type] = each
        else:
            own[each.type] = each
    staying: List[Grounded] = []
    for own in by_span.values():
        kept = _choose(list(own.values()), frequency, policy)
        gone = [each for each in own.values() if each not in kept]
        reasons["two types on one span"] += len(gone)
        dropped += gone
        staying += kept
    if overlap != "all":
        staying, gone = _untangle(staying, overlap)
        reasons["crosses another"] += len(gone)
        dropped += gone
    return Resolved(sorted(staying), sorted(dropped), +reasons)


def _choose(own: List[Grounded], frequency: Mapping[str, int], policy: str) -> List[Grounded]:
    if len(own) == 1 or policy == "all":
        return own
    if policy == "drop":
        return []
    if policy == "first":
        return own[:1]
    sign = -1 if policy == "frequent" else 1
    return [min(own, key=lambda each: (_rank(each), sign * frequency.get(each.type, 0), each.type))]


def _untangle(mentions: List[Grounded], overlap: str) -> Tuple[List[Grounded], List[Grounded]]:
    """The best first; what crosses (or, when flat, overlaps) one before it goes. Types of one span stay or go together."""
    kept: List[Grounded] = []
    gone: List[Grounded] = []
    for each in sorted(mentions, key=lambda each: (_rank(each), each.start - each.end, each.start, each.type)):
        clashes = any(_clash(each, other, overlap) for other in kept)
        (gone if clashes else kept).append(each)
    return kept, gone


def _clash(one: Grounded, other: Grounded, overlap: str) -> bool:
    if one.end <= other.start or other.end <= one.start or (one.start, one.end) == (other.start, other.end):
        return False
    if overlap == "flat":
        return True
    inside = (one.start <= other.start and other.end <= one.end) or (other.start <= one.start and one.end <= other.end)
    return not inside


def _rank(each: Grounded) -> int:
    return STATUSES.index(each.status)
