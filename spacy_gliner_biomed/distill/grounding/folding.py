"""A text without the differences that a language model makes when it copies: case, white space, dashes, quotes, accents.

    "The Renin \u2013 angiotensin  system"  and  "renin-angiotensin system"  fold to  "the renin-angiotensin system"  and its end

Every folded character remembers the characters it came from, so that a match in the folded text is a span of the text
itself. Letters are case-folded and stripped of their marks after compatibility decomposition
(NFKD: "\ufb01" is "fi", "\u00b2" is "2");
dashes become "-", quotes "'" or '"'; what has no width is left out; white space is one blank between two letters or digits, and
nothing beside any other character.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Iterator, List, Tuple

_SINGLE_QUOTES = frozenset("'`\u2018\u2019\u201a\u201b\u2032\u2035\u00b4\u02b9\u02bc\uff07\u2039\u203a")
_DOUBLE_QUOTES = frozenset('"\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\uff02')
_DASHES = frozenset("\u2212\u2043\u30fc\ufe63\uff0d")


@lru_cache(maxsize=1 << 14)
def fold_character(character: str) -> str:
    """RETURNS (str): what a character folds to: none, one or more characters; any white space to one blank."""
    if character in _SINGLE_QUOTES:
        return "'"
    if character in _DOUBLE_QUOTES:
        return '"'
    if character.isspace():
        return " "
    if character in _DASHES or unicodedata.category(character) == "Pd":
        return "-"
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(part for part in plain if not part.isspace() and unicodedata.category(part) not in ("Mn", "Me", "Cf"))


class FoldedText:
    """A text, folded, with the way back.

    text (str): any text.
    folded (str): what it folds to.
    starts, ends (list): of each folded character, the first character it came from and the end (exclusive) of the last, with the
        marks that follow it. *Shape:* `(len(folded),)`
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: List[int] = []
        self.ends: List[int] = []
        kept: List[str] = []
        blank: Tuple[int, int] | None = None
        for place, character in enumerate(text):
            folded = fold_character(character)
            if folded == " ":
                blank = (place, place + 1) if blank is None else (blank[0], place + 1)
                continue
            if not folded:
                if blank is None and self.ends and unicodedata.category(character) in ("Mn", "Me"):
                    self._extend(place)
                continue
            if blank is not None and kept and kept[-1].isalnum() and folded[0].isalnum():
                kept.append(" ")
                self.starts.append(blank[0])
                self.ends.append(blank[1])
            blank = None
            for part in folded:
                kept.append(part)
                self.starts.append(place)
                self.ends.append(place + 1)
        self.folded = "".join(kept)

    def find(self, surface: str) -> Iterator[Tuple[int, int]]:
        """Find a folded string.

        surface (str): folded already, as `fold` gives it.
        YIELDS (tuple): start and end (exclusive) in characters of the text itself; overlapping matches as well. A match that
            begins or ends within what one character folds to ("s" in "\u00df") is none.
        """
        at = self.folded.find(surface) if surface else -1
        while at >= 0:
            last = at + len(surface) - 1
            begins = at == 0 or self.starts[at - 1] < self.starts[at]
            closes = last + 1 == len(self.folded) or self.starts[last] < self.starts[last + 1]
            if begins and closes:
                yield self.starts[at], self.ends[last]
            at = self.folded.find(surface, at + 1)

    def _extend(self, place: int) -> None:
        """Give the mark at `place` to the character before it."""
        start = self.starts[-1]
        for number in range(len(self.starts) - 1, -1, -1):
            if self.starts[number] != start:
                break
            self.ends[number] = place + 1


def fold(text: str) -> str:
    """RETURNS (str): the text folded; a blank string where nothing is left."""
    return FoldedText(text).folded
