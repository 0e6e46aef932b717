"""Further occurrences of a mention that was listed once. A stated rule says which mentions are safe to propagate.

A mention is carried to another place of the same text where all of this holds:

1. it was placed exactly, as whole words, and all mentions of these words in the passage have one type;
2. the other place has the very same letters, in the same case, as whole words, with no hyphen to another word on either side;
3. the other place touches no mention that is placed already;
4. the words can hardly mean anything else. A single word is not safe that has fewer than three characters ("T4", "mg"), is a
   common English word or stop word in any case ("cold", "lead", "ALL"), is a Roman numeral ("IV"), or is shorter than four letters
   without a digit ("MS"). Of several words one must be safe by itself, or not common and of four letters or more.

The seed's converter marks every place in any case of letters, as part of words as well (`convert_to_gliner_format.py`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Dict, FrozenSet, List, Sequence, Set, Tuple

from .grounding.occurrences import EXACT, PROPAGATED, SearchedText, is_whole
from .grounding.place import Grounded

_HYPHENS = "-\u2010\u2011\u2012\u2013/"
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_ROMAN = re.compile(r"(?i)x{0,3}(ix|iv|v?i{0,3})")
_SHORTEST_WORD, _SHORTEST_CODE = 4, 3


@lru_cache(maxsize=1)
def ordinary_words() -> FrozenSet[str]:
    """RETURNS (frozenset): common English words and stop words, in lower case: the list of `training.silver` and spaCy's."""
    from spacy.lang.en.stop_words import STOP_WORDS

    from ..training.silver.labels import common_words

    return frozenset(word.casefold() for word in (*common_words(), *STOP_WORDS))


def is_safe(surface: str) -> bool:
    """RETURNS (bool): whether a mention's words can hardly mean anything else in the same passage: rule 4."""
    words = _WORD.findall(surface)
    if len(words) == 1:
        return surface == words[0] and _is_telling(surface)
    return any(_is_telling(word) for word in words)


def propagate(text: str, grounded: Sequence[Grounded]) -> List[Grounded]:
    """Find the further occurrences of mentions.

    text (str): the text of their offsets.
    grounded (sequence): what was placed in it, failed ones too.
    RETURNS (list): the new ones, status "propagated", in text order; they overlap neither each other nor the given ones.
    """
    types: Dict[str, Set[str]] = {}
    for each in grounded:
        if each.start >= 0:
            types.setdefault(text[each.start : each.end], set()).add(each.type)
    sources = {
        each.text.strip(): each
        for each in grounded
        if each.status == EXACT and is_whole(text, each.start, each.end) and len(types[each.text.strip()]) == 1
    }
    taken = [(each.start, each.end) for each in grounded if each.start >= 0]
    searched = SearchedText(text)
    found: List[Grounded] = []
    for surface in sorted(sources, key=lambda surface: (-len(surface), surface)):
        if not is_safe(surface):
            continue
        for start, end, *_ in searched.exact(surface)[0]:
            if _hyphenated(text, start, end) or any(start < last and first < end for first, last in taken):
                continue
            found.append(Grounded(start, end, sources[surface].type, PROPAGATED, 1.0, surface))
            taken.append((start, end))
    return sorted(found)


def _is_telling(word: str) -> bool:
    if len(word) < _SHORTEST_CODE or word.casefold() in ordinary_words() or _ROMAN.fullmatch(word):
        return False
    if word.casefold().endswith("s") and word[:-1].casefold() in ordinary_words():
        return False
    n_letters = sum(map(str.isalpha, word))
    return n_letters >= _SHORTEST_WORD or (n_letters > 0 and any(map(str.isdigit, word)))


def _hyphenated(text: str, start: int, end: int) -> bool:
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    return (len(before) == 2 and before[1] in _HYPHENS and before[0].isalnum()) or (
        len(after) == 2 and after[0] in _HYPHENS and after[1].isalnum()
    )


def describe_rule() -> Tuple[str, ...]:
    """RETURNS (tuple): the rule's four conditions, for reports."""
    return (
        "placed exactly, as whole words, with one type in the passage",
        "the same letters in the same case, as whole words, without a hyphen to another word",
        "touching no mention that is placed already",
        "no common English word, Roman numeral or string of fewer than four letters (three characters with a digit)",
    )
