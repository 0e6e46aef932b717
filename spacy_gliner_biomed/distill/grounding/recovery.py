"""How well grounding works: gold mentions stripped of their offsets, put back, and compared.

Three ways to strip an annotated passage:

all: every gold mention is listed, in text order. Where the gold annotates every occurrence of its words, each position can be
    recovered, and must be.
once: words and type are listed once, as a language model lists them; the rest is left to propagation. A propagated mention
    that is gold is right.
shuffled: as `once`, in an order drawn by a seed: what the order of the list is worth.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from ...corpus.passage import AnnotatedPassage, Mention
from ..propagate import propagate
from ..stages import plain
from .occurrences import FAILED, PROPAGATED, SearchedText
from .place import DEFAULTS, Grounded, GroundingSettings, ground

WAYS = ("all", "once", "shuffled")


@dataclass
class Recovery:
    """Counts of one way to strip the gold.

    listed (int): mentions given without offsets.
    gold (int): gold mentions, each (start, end, label) once. recovered (int): of these, found again.
    complete (int): gold mentions of whose words the passage holds no whole-word occurrence that is not gold.
    complete_recovered (int): of these, found again.
    placed (int): mentions placed where they were listed. placed_right (int): of these, gold.
    propagated (int): further occurrences marked. propagated_right (int): of these, gold.
    statuses (Counter): what became of the mentions listed.
    """

    listed: int = 0
    gold: int = 0
    recovered: int = 0
    complete: int = 0
    complete_recovered: int = 0
    placed: int = 0
    placed_right: int = 0
    propagated: int = 0
    propagated_right: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        return plain(self)


def measure(
    passages: Iterable[AnnotatedPassage], settings: GroundingSettings = DEFAULTS, seed: int = 0
) -> Dict[str, Recovery]:
    """Strip gold of its offsets, ground it, and compare.

    passages (iterable): annotated passages; mentions in pieces are not looked at.
    settings (GroundingSettings): as for `ground`; without `propagate` nothing is propagated.
    seed (int): of the order of `shuffled`.
    RETURNS (dict): the counts of each of `WAYS`.
    """
    counts = {way: Recovery() for way in WAYS}
    draw = random.Random(seed)
    for passage in passages:
        gold = sorted(set(passage.mentions))
        listed = [(passage.text[start:end], label) for start, end, label in gold]
        once = list(dict.fromkeys(listed))
        shuffled = draw.sample(once, len(once))
        complete = _complete(passage, gold)
        for way, given in zip(WAYS, (listed, once, shuffled), strict=True):
            grounded = ground(passage.text, given, settings)
            further = propagate(passage.text, grounded) if settings.propagate else []
            _count(counts[way], gold, complete, grounded, further)
    return counts


def _count(
    counts: Recovery,
    gold: Sequence[Mention],
    complete: Sequence[Mention],
    grounded: Sequence[Grounded],
    further: Sequence[Grounded],
) -> None:
    placed = {_key(each) for each in grounded if each.status != FAILED}
    propagated = {_key(each) for each in further if each.status == PROPAGATED} - placed
    wanted = set(map(tuple, gold))
    counts.listed += len(grounded)
    counts.gold += len(gold)
    counts.recovered += len(wanted & (placed | propagated))
    counts.complete += len(complete)
    counts.complete_recovered += sum(tuple(mention) in placed | propagated for mention in complete)
    counts.placed += len(placed)
    counts.placed_right += len(placed & wanted)
    counts.propagated += len(propagated)
    counts.propagated_right += len(propagated & wanted)
    counts.statuses.update(each.status for each in grounded)


def _key(each: Grounded) -> Tuple[int, int, str]:
    return each.start, each.end, each.type


def _complete(passage: AnnotatedPassage, gold: Sequence[Mention]) -> List[Mention]:
    """The gold mentions whose words are gold, of the same label, wherever they stand as whole words."""
    searched = SearchedText(passage.text)
    spans = set(map(tuple, gold))
    return [
        mention
        for mention in gold
        if all(
            (each.start, each.end, mention.label) in spans
            for each in searched.exact(passage.text[mention.start : mention.end].strip())[0]
        )
    ]
