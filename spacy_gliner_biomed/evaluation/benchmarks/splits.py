"""Random splits that come out the same on every machine and on every day.

The paper's own scripts shuffle what `os.listdir` or a set of strings happens to give, so that their CADEC and TAC splits
differ from run to run. Here documents are put into alphabetical (or file) order first and then shuffled with seed 42.
Parts of one document never part: what shares a document's name (a trial's inclusion and exclusion criteria, a drug
label's sections) goes to the same side.
"""

from __future__ import annotations

import random
from typing import FrozenSet, Iterable, List, Optional

from .entry import Share

SEED = 42


def order(documents: Iterable[str], seed: int = SEED) -> List[str]:
    """The order that shares are cut from.

    documents (Iterable[str]): names in a settled order; repeats count once.
    seed (int): of the shuffle, which is Python's `random.Random(seed).shuffle`, the same in every version since 3.2.
    RETURNS (List[str]): the names, shuffled.
    """
    names = list(dict.fromkeys(documents))
    random.Random(seed).shuffle(names)
    return names


def members(documents: Iterable[str], share: Share) -> Optional[FrozenSet[str]]:
    """The documents of a share.

    documents (Iterable[str]): all documents of its source, in a settled order.
    share (Share): which hundredths to take.
    RETURNS (FrozenSet[str]): the names; None where the share is the whole source.
    """
    if (share.start, share.end) == (0, 100):
        return None
    names = order(documents)
    return frozenset(names[len(names) * share.start // 100 : len(names) * share.end // 100])
