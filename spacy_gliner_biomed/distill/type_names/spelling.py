"""One spelling for a type's name: blanks for underscores and camel case, lower case but for abbreviations.

    "Adverse_Drug_Event", "AdverseDrugEvent", "ADVERSE DRUG EVENT" → "adverse drug event";  "DNA", "mRNA", "HLA type" stay
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import FrozenSet, Tuple

# Three letters before a capital, or two after one: "mRNA", "MeSH" and "RNAs" are words as they are.
_CAMEL = re.compile(r"(?<=[a-z]{3})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_EDGES = " \t\n.,;:!?\"'`*#<>[]{}|\u201c\u201d\u2018\u2019"
_SHORTEST_SHOUT = 5  # letters from which a word in capitals alone is no abbreviation


def tidy(name: str) -> str:
    """Spell a type's name.

    name (str): as an annotator wrote it.
    RETURNS (str): one spelling for all that differ in case, underscores, camel case, white space and quotes around them; the
        name as it is where nothing would be left.
    """
    plain = unicodedata.normalize("NFKC", name).replace("_", " ")
    plain = " ".join(_CAMEL.sub(" ", plain).split()).strip(_EDGES)
    if not plain:
        return " ".join(name.split()) or name
    letters = [character for character in plain if character.isalpha()]
    shouted = bool(letters) and all(map(str.isupper, letters))
    return re.sub(r"[^\W_]+", lambda match: _spell(match[0], shouted), plain)


@lru_cache(maxsize=1)
def _known_words() -> Tuple[FrozenSet[str], FrozenSet[str]]:
    """RETURNS (tuple): the words of all names in `label_sets`: those in lower case, and abbreviations as they are."""
    from ...label_sets import load_wordings

    words = {
        word
        for wording in load_wordings().values()
        for name in wording.names
        for word in re.findall(r"[^\W_]+", name)
        if not name.isupper() or len(name) < _SHORTEST_SHOUT
    }
    return frozenset(word for word in words if word.islower()), frozenset(word for word in words if _is_abbreviation(word))


def _is_abbreviation(word: str) -> bool:
    n_capitals = sum(map(str.isupper, word))
    return n_capitals > 1 or (n_capitals == 1 and any(map(str.isdigit, word))) or (n_capitals == 1 and word[:1].islower())


def _spell(word: str, shouted: bool) -> str:
    if word.islower() or not _is_abbreviation(word):
        return word.casefold() if len(word) > 1 or not word.isupper() else word
    plain, abbreviations = _known_words()
    if not word.isupper():
        return word  # mRNA, miRNAs
    if word in abbreviations and word.casefold() not in plain:
        return word
    if any(map(str.isdigit, word)):
        return word
    if word.casefold() in plain:
        return word.casefold()
    return word.casefold() if shouted and len(word) >= _SHORTEST_SHOUT else word
