"""Labels that a passage can be said to lack: types of the data set that it was not given, and nothing near them.

An annotator that was asked for all entities of any type says something about a type that it did not use. But its types are
free text: "medication" is no negative where "drug" was used. So a negative is drawn from the whole data set's types, by their
frequency to the power of 3/4, and is none of what is near a type of the passage: equal in meaning
(`evaluation/label_synonyms.tsv`), broader or narrower (`label_sets`, or one name within the other), or with a vector that is
like it. Types of mentions that failed or were dropped count as types of the passage, those that the mapping of types leaves out
under their own names. The draw depends on the seed and the passage alone. The seed's pre-training rows have no negatives at all
(`convert_to_gliner_format.py`).
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import Collection, Dict, FrozenSet, List, Mapping, Optional

import numpy as np

from .type_names.clusters import EMPTY_WORDS, RELATED, Embed, broader, same_meaning

POWER = 0.75
MOST_LABELS = 25  # of a row: gliner's `max_types`, beyond which it leaves labels out by chance
_TRIES = 30  # draws for each negative that is wanted, before a passage gets fewer
_WORD = re.compile(r"[^\W_]+")


class Negatives:
    """Draws the negatives of passages.

    frequency (mapping): type → mentions in the whole data set.
    wanted (int): of a passage, 0 for none.
    seed (int): of the draw.
    embed (callable): the vectors of names; None goes by the words alone.
    others (collection): further types that passages have, which are never drawn.
    RAISES (ValueError): for fewer than 0.
    """

    def __init__(
        self,
        frequency: Mapping[str, int],
        wanted: int = 10,
        seed: int = 0,
        embed: Optional[Embed] = None,
        others: Collection[str] = (),
    ) -> None:
        if wanted < 0:
            raise ValueError(f"A passage cannot have {wanted} negatives; use 0 or more.")
        self.wanted, self.seed = wanted, seed
        self._types = sorted(name for name, count in frequency.items() if count > 0)
        self._sums = list(accumulate(frequency[name] ** POWER for name in self._types))
        names = [*self._types, *sorted(set(others).difference(self._types))]
        self._numbers: Dict[str, int] = {name: number for number, name in enumerate(names)}
        self._vectors: Optional[np.ndarray] = None
        if embed is not None and self._types:
            self._vectors = np.ascontiguousarray(embed(names), dtype=np.float32)

    def draw(self, passage_id: str, types: Collection[str]) -> List[str]:
        """Draw the negatives of a passage.

        passage_id (str): the same negatives for the same id, types and seed.
        types (collection): all types that were used in it, kept or not.
        RETURNS (list): at most as many as wanted, sorted; fewer where labels would pass `MOST_LABELS`, or where nearly all types
            are near those of the passage.
        """
        wanted = min(self.wanted, max(MOST_LABELS - len(set(types)), 0))
        if not wanted or not self._types:
            return []
        draw = random.Random(f"{self.seed} {passage_id}")
        found: Dict[str, None] = {}
        refused: set[str] = set()
        for _ in range(_TRIES * wanted):
            number = min(bisect_right(self._sums, draw.random() * self._sums[-1]), len(self._types) - 1)
            name = self._types[number]
            if name in found or name in refused:
                continue
            if any(self.is_near(name, own) for own in types):
                refused.add(name)
                continue
            found[name] = None
            if len(found) == wanted:
                break
        return sorted(found)

    def is_near(self, one: str, other: str) -> bool:
        """RETURNS (bool): whether one type may be meant where the other was used."""
        if one == other or same_meaning(one, other):
            return True
        words, others = _words(one), _words(other)
        if words and others and (words <= others or others <= words):
            return True
        if other.casefold() in broader(one) or one.casefold() in broader(other):
            return True
        if self._vectors is None or one not in self._numbers or other not in self._numbers:
            return False
        return float(self._vectors[self._numbers[one]] @ self._vectors[self._numbers[other]]) >= RELATED


@lru_cache(maxsize=1 << 16)
def _words(name: str) -> FrozenSet[str]:
    return frozenset(word.casefold() for word in _WORD.findall(name)) - EMPTY_WORDS
