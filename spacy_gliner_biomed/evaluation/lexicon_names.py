"""How the lexicon matcher reads words and names: its tokens, a name's spellings, and when case counts."""

from __future__ import annotations

import re
from typing import Iterator, List, Set, Tuple

WORD = re.compile(r"\w+|[^\w\s]")
HYPHENS = frozenset("-‐‑–")
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        (
            "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon"
            " phi chi psi omega"
        ).split(),
        strict=True,
    )
)


def split_words(text: str) -> Tuple[List[str], List[int], List[int]]:
    """Words and punctuation marks; hyphens separate words and are left out, Greek letters are spelt out.

    So "IL-2" and "IL 2", "TNF-α" and "TNF alpha" are equal, whereas "IL2" is another name.

    text (str): a passage or a name.
    RETURNS (List[str], List[int], List[int]): the words, and where each starts and ends in `text`, in characters.
    """
    found = [match for match in WORD.finditer(text) if match.group() not in HYPHENS]
    words = [_spell_greek(match.group()) for match in found]
    return words, [match.start() for match in found], [match.end() for match in found]


def spellings(name: str) -> Iterator[str]:
    """The spellings a name is looked up by: as written, turned round at its commas, singular and plural.

    "Neoplasms, Breast" is MeSH's way to write "Breast Neoplasms".

    name (str): a name or synonym of the lexicon.
    YIELDS (str): each spelling; the name itself comes first.
    """
    turned = [" ".join(reversed(name.split(", ")))] if ", " in name and "(" not in name else []
    for spelling in [name, *turned]:
        yield spelling
        if len(spelling) > 4 and spelling[-1].isalpha() and spelling[-1].islower():
            if not spelling.endswith("s"):
                yield spelling + "s"
            elif not spelling.endswith(("ss", "is", "us")):
                yield spelling[:-1]
            if spelling.endswith("y"):
                yield spelling[:-1] + "ies"


def is_case_sensitive(name: str) -> bool:
    """Whether a name is matched as written: symbols are, or "cat" and "rest" would be the genes CAT and REST.

    A symbol is a name in capitals, or one of at most four characters with a capital in it. A single word of four
    characters or more with a digit is safe in any case: "Brca2" is how mouse "BRCA2" is written.

    name (str): a spelling.
    RETURNS (bool): True where case counts.
    """
    if len(name) >= 4 and " " not in name and any(character.isdigit() for character in name):
        return False
    return name == name.upper() or (len(name) <= 4 and name != name.lower())


def class_words(labels: Set[str]) -> Set[str]:
    """The names that only say a class ("disease", "proteins"), which most corpora leave unannotated.

    labels (Set[str]): the labels of the lexicon.
    RETURNS (Set[str]): the labels, their words, and the plurals of both, in lower case.
    """
    words = {"syndrome"}
    for label in labels:
        words.update([label.lower(), *label.lower().split()])
    return words | {word + "s" for word in words}


def _spell_greek(word: str) -> str:
    return word if word.isascii() else "".join(GREEK.get(character, character) for character in word)
