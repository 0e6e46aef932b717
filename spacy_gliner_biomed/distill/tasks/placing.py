"""Strings that a model copied out of a passage → spans of it. What does not stand there letter by letter is in no row.

Case, white space, dashes and quotes may differ ("folded"); nothing else may, since the row teaches that these words are the
answer. The seed puts answers unescaped into a regular expression, and never looks for the mentions of two of its tasks
(`generate_multitask_data.py`).
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple

from ...corpus.passage import Mention
from ..grounding import EXACT, FOLDED, Grounded, ground
from ..propagate import propagate
from .task import Tally

VERBATIM = (EXACT, FOLDED)


class Placed(NamedTuple):
    """What was found.

    mentions (tuple): spans in text order, one a stretch of text.
    lost (int): strings that stand nowhere.
    """

    mentions: Tuple[Mention, ...]
    lost: int


def place(text: str, listed: Sequence[Tuple[str, str]], tally: Tally, spread: bool = True) -> Placed:
    """Find strings in a text.

    text (str): the passage.
    listed (sequence): pairs of the string and its label, in the model's order.
    tally (Tally): counts what became of them.
    spread (bool): whether further occurrences are marked as well, where `propagate.is_safe` holds.
    RETURNS (Placed): the spans. Of two labels on one stretch the one listed first stays.
    """
    grounded = ground(text, listed)
    tally.statuses.update(each.status for each in grounded)
    kept = [each for each in grounded if each.status in VERBATIM]
    further: List[Grounded] = propagate(text, kept) if spread else []
    tally.statuses.update(each.status for each in further)
    labels: Dict[Tuple[int, int], str] = {}
    for each in (*kept, *further):
        first = labels.setdefault((each.start, each.end), each.type)
        if first != each.type:
            tally.left_out["another label on the same words"] += 1
    mentions = tuple(Mention(start, end, label) for (start, end), label in sorted(labels.items()))
    return Placed(mentions, len(grounded) - len(kept))
