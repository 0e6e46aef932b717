"""Mentions of a passage → a training row in which nothing is said that is not known.

A training engine takes the labels of a partial row as known at its mentions: one that a mention lacks is a negative
there. The lexicon knows less. "Glucose" from MeSH is a chemical; whether it is also a drug MeSH does not say. So
labels come in families (`labels.tsv`): labels of other families cannot hold for a mention, those of its own may. A row
takes one label of each family, leaves out the mentions of which nobody knows whether they have it, and lists the
labels that all the others have. Which one is drawn by the number of its mentions, the same each time.

A family that a mention of another family may hold inside ("breast" in "breast cancer", or another reading of the same
name) is not listed either; where it has mentions of its own, the smaller side is left out.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Set, Tuple

from .finder import Found
from .labels import family, other_labels
from .passages import UnlabelledPassage
from .teacher import LexiconTeacher, SilverMention


@dataclass(frozen=True)
class KnownMention:
    """A mention and what is known of it.

    mention (SilverMention): the mention.
    labels (frozenset): the labels that it has: its own, finer and broader ones.
    family (str): of its own label.
    inside (frozenset): other families that may hold inside it, or for itself in another reading.
    """

    mention: SilverMention
    labels: FrozenSet[str]
    family: str
    inside: FrozenSet[str]


def lexicon_row(
    passage: UnlabelledPassage,
    mentions: Sequence[SilverMention],
    found: Sequence[Found],
    teacher: LexiconTeacher,
    kept: Sequence[str],
) -> Optional[Dict[str, Any]]:
    """The row of a passage.

    passage (UnlabelledPassage): the passage.
    mentions (sequence): what the teacher found.
    found (sequence): all names in the text.
    teacher (LexiconTeacher): knows their readings.
    kept (sequence): the labels that were looked for.
    RETURNS (Optional[dict]): in the uniform format, `partial`; None where no mention is left. A mention with several
        labels is several entities.
    """
    known = [_known(mention, passage.text, found, teacher) for mention in mentions]
    known, labels = choose(known, kept, passage.id)
    entities = [
        {"start": one.mention.start, "end": one.mention.end, "label": label, "kb": one.mention.kb_id}
        for one in known
        for label in sorted(one.labels & labels)
    ]
    if not entities:
        return None
    return {
        "id": passage.id,
        "doc_id": passage.document,
        "text": passage.text,
        "corpus": passage.corpus,
        "source": passage.source,
        "license": passage.license,
        "source_id": passage.source_id,
        "offset": passage.offset,
        "labels": sorted(labels),
        "entities": entities,
        "partial": True,
    }


def choose(
    mentions: Sequence[KnownMention], kept: Sequence[str], seed: str
) -> Tuple[List[KnownMention], FrozenSet[str]]:
    """Choose mentions and labels so that each label is known of each mention.

    mentions (sequence): of a passage.
    kept (sequence): the labels that were looked for.
    seed (str): the same choice for the same one.
    RETURNS (tuple): the mentions that stay, and the labels to list: those they have, and those of families that none
        of them can have.
    """
    left = _without_conflicts(list(mentions))
    chosen: List[KnownMention] = []
    labels: Set[str] = set()
    for name in sorted({one.family for one in left}):
        own = [one for one in left if one.family == name]
        having = Counter(label for one in own for label in sorted(one.labels))
        draw = random.Random(f"{seed} {name}")
        picked = draw.choices(list(having), weights=list(having.values()))[0]
        staying = [one for one in own if picked in one.labels]
        labels |= frozenset.intersection(*(one.labels for one in staying))
        chosen += staying
    taken = {one.family for one in left}.union(*(one.inside for one in chosen))
    labels |= {label for label in kept if family(label) not in taken}
    return sorted(chosen, key=lambda one: one.mention), frozenset(labels)


def _known(mention: SilverMention, text: str, found: Sequence[Found], teacher: LexiconTeacher) -> KnownMention:
    own = family(mention.label)
    inside = {
        family(candidate.label)
        for name in found
        if mention.start <= name.start and name.end <= mention.end
        for candidate in teacher.table.get(name.key, ())
        if teacher.evidence.probability(name.key, candidate) != 0
    }
    others = other_labels(mention.label, text[mention.start : mention.end])
    return KnownMention(mention, frozenset([mention.label, *others]), own, frozenset(inside - {own}))


def _without_conflicts(mentions: List[KnownMention]) -> List[KnownMention]:
    """Leave out the smaller side of every two that contradict each other."""
    while True:
        families = {one.family for one in mentions}
        conflicts = sorted({name for one in mentions for name in one.inside if name in families})
        if not conflicts:
            return mentions
        name = conflicts[0]
        own = [one for one in mentions if one.family == name]
        holders = [one for one in mentions if name in one.inside]
        dropped = own if len(own) < len(holders) else holders
        mentions = [one for one in mentions if one not in dropped]
