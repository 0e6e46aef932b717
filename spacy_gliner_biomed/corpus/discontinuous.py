"""Mentions in several pieces ("hepatic [and renal] failure"): one policy, chosen by the caller and counted.

| policy | what becomes of the mention |
|---|---|
| `drop` | it is left out: neither finding it nor missing it counts, though a prediction on its place counts as wrong |
| `hull` | one mention from its first character to its last, with what lies between |
| `fragments` | every piece a mention of its own |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Union

from .passage import AnnotatedPassage, Mention

POLICIES = ("drop", "hull", "fragments")


@dataclass
class Tally:
    """How many mentions in pieces were met, and how many mentions the policy made of them.

    count (int): mentions in pieces.
    added (int): mentions made of them that were not there already.
    """

    count: int = 0
    added: int = 0

    def to_dict(self, policy: str) -> Dict[str, Union[str, int]]:
        """RETURNS (dict): with the policy's name, ready for JSON."""
        return {"policy": policy, "count": self.count, "added": self.added}


def check_policy(policy: str) -> str:
    """RETURNS (str): the policy.

    RAISES (ValueError): where it is none of `POLICIES`.
    """
    if policy not in POLICIES:
        raise ValueError(f"There is no policy {policy!r} for mentions in pieces; take one of {', '.join(POLICIES)}.")
    return policy


def resolve(passage: AnnotatedPassage, policy: str = "drop", tally: Optional[Tally] = None) -> AnnotatedPassage:
    """Decide about a passage's mentions in pieces.

    passage (AnnotatedPassage): a passage.
    policy (str): one of `POLICIES`.
    tally (Tally): counts what was met; None counts nothing.
    RETURNS (AnnotatedPassage): the same passage without mentions in pieces. A mention that a policy would make but that
        is annotated already, with the same span and label, is not made twice.
    RAISES (ValueError): for another policy.
    """
    check_policy(policy)
    if not passage.discontinuous:
        return passage
    present = set(passage.mentions)
    made: List[Mention] = []
    for fragments, label in passage.discontinuous:
        if policy == "hull":
            wanted = [(min(start for start, _ in fragments), max(end for _, end in fragments))]
        else:
            wanted = list(fragments) if policy == "fragments" else []
        for start, end in wanted:
            mention = Mention(start, end, label)
            if mention not in present:
                present.add(mention)
                made.append(mention)
    if tally is not None:
        tally.count += len(passage.discontinuous)
        tally.added += len(made)
    return replace(passage, discontinuous=()).with_mentions((*passage.mentions, *made))
