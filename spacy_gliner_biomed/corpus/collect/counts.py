"""What a step did with the passages of a shard, in numbers and a few examples; shards add up."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Iterable, List, Mapping

from .passages import Passage

EXAMPLES = 5  # dropped passages shown, of each reason
SHOWN = 400  # characters of an example
ByName = Dict[str, Dict[str, int]]


class Counts:
    """Counts of a step, by source.

    passages_in, passages_out, dropped (Counter): passages by source.
    reasons (dict): passages by reason and source; one that was dropped for two reasons counts under both.
    tallies (dict): whatever else a step counts: numbers by group and name.
    examples (dict): by reason, a few of the dropped passages.
    """

    def __init__(self) -> None:
        self.passages_in: Counter[str] = Counter()
        self.passages_out: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.reasons: Dict[str, Counter[str]] = {}
        self.tallies: Dict[str, Counter[str]] = {}
        self.examples: Dict[str, List[Dict[str, str]]] = {}

    def drop(self, passage: Passage, *reasons: str, note: str = "") -> None:
        """Say that a passage is not handed on.

        passage (Passage): the passage.
        reasons (str): why, at least one.
        note (str): more about it, for the example: as the id of the passage that stays in its place.
        """
        if not reasons:
            raise TypeError("A passage is dropped for a reason; name at least one.")
        self.dropped[passage.source] += 1
        for reason in reasons:
            self.reasons.setdefault(reason, Counter())[passage.source] += 1
            shown = self.examples.setdefault(reason, [])
            if len(shown) < EXAMPLES:
                shown.append({"id": passage.id, "source": passage.source, "text": passage.text[:SHOWN], "note": note})

    def tally(self, group: str, name: str, n: int = 1) -> None:
        """Count something else: `n` more of `name` in `group`."""
        self.tallies.setdefault(group, Counter())[name] += n

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON, names in order."""
        return {
            "in": _sorted(self.passages_in),
            "out": _sorted(self.passages_out),
            "dropped": _sorted(self.dropped),
            "reasons": {reason: _sorted(self.reasons[reason]) for reason in sorted(self.reasons)},
            "tallies": {group: _sorted(self.tallies[group]) for group in sorted(self.tallies)},
            "examples": {reason: self.examples[reason] for reason in sorted(self.examples)},
        }


def add_up(all_counts: Iterable[Mapping[str, Any]]) -> Dict[str, Any]:
    """RETURNS (dict): the sum of the `to_dict()` of several shards, in their order; examples are the first of each reason."""
    total = Counts()
    for counts in all_counts:
        total.passages_in.update(counts["in"])
        total.passages_out.update(counts["out"])
        total.dropped.update(counts["dropped"])
        for name, values in (("reasons", total.reasons), ("tallies", total.tallies)):
            for key, numbers in counts[name].items():
                values.setdefault(key, Counter()).update(numbers)
        for reason, shown in counts["examples"].items():
            kept = total.examples.setdefault(reason, [])
            kept += shown[: EXAMPLES - len(kept)]
    return total.to_dict()


def _sorted(counter: Mapping[str, int]) -> Dict[str, int]:
    return {name: counter[name] for name in sorted(counter)}
