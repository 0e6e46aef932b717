"""Where a mention's words stand in a text: as written, or folded; as whole words, or inside longer ones.

The better kinds come first, and a worse kind only counts where the better ones are fewer than the mentions that want a place: a
"renin" that is listed once is not put into "prorenin" while the text has a "renin" or a "Renin".
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from .folding import FoldedText, fold

EXACT, FOLDED, FUZZY, PROPAGATED, FAILED = "exact", "folded", "fuzzy", "propagated", "failed"
#: What may become of a mention, best first.
STATUSES = (EXACT, FOLDED, FUZZY, PROPAGATED, FAILED)


class Occurrence(NamedTuple):
    """A place in a text.

    start, end (int): in characters, end exclusive.
    status (str): one of `STATUSES`.
    overlap (float): the share of the mention's words that stand there, 1.0 but for fuzzy matches.
    """

    start: int
    end: int
    status: str
    overlap: float = 1.0


class SearchedText:
    """A text in which mentions are looked for; it is folded once, and only where that is asked for.

    text (str): any text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._exact: Dict[str, Tuple[List[Occurrence], List[Occurrence]]] = {}
        self._folded: Dict[str, Tuple[List[Occurrence], List[Occurrence]]] = {}

    @cached_property
    def folded_text(self) -> FoldedText:
        """The text, folded."""
        return FoldedText(self.text)

    def exact(self, surface: str) -> Tuple[List[Occurrence], List[Occurrence]]:
        """RETURNS (tuple): where a string stands as written: as whole words, and inside words. In text order."""
        if surface not in self._exact:
            self._exact[surface] = self._by_border(_find(self.text, surface), EXACT)
        return self._exact[surface]

    def folded(self, surface: str) -> Tuple[List[Occurrence], List[Occurrence]]:
        """RETURNS (tuple): where it stands but for folding, and not as written; as `exact`."""
        if surface not in self._folded:
            spans = {(each.start, each.end) for found in self.exact(surface) for each in found}
            others = (span for span in self.folded_text.find(fold(surface)) if span not in spans)
            self._folded[surface] = self._by_border(others, FOLDED)
        return self._folded[surface]

    def whole_spans(self, surface: str) -> List[Tuple[int, int]]:
        """RETURNS (list): start and end where a string stands as whole words: as written, or else folded."""
        return [(each.start, each.end) for each in self.exact(surface)[0] or self.folded(surface)[0]]

    def occurrences(
        self, surface: str, copies: int, is_covered: Callable[[Occurrence], bool] = lambda each: False
    ) -> List[Occurrence]:
        """The occurrences that a mention may be put at.

        surface (str): its words, without white space around them.
        copies (int): how many mentions of these words want a place.
        is_covered (callable): whether an occurrence lies inside one of a longer mention, which it then is probably part of.
        RETURNS (list): in text order. Kinds are added until there are enough, of each those first that lie free: whole words as
            written; whole words folded; inside words as written; inside words folded. Where the words stand as written and whole,
            but too seldom, and where they hold a capital or a digit, the middle two change places: "Bmp2" is rather in "Bmp2C"
            than in "BMP2".
        """
        exact, inside = self.exact(surface)
        kinds: List[Callable[[], List[Occurrence]]] = [lambda: self.folded(surface)[0], lambda: inside]
        if exact or any(character.isupper() or character.isdigit() for character in surface):
            kinds.reverse()
        taken: List[Occurrence] = []
        for kind in (lambda: exact, *kinds, lambda: self.folded(surface)[1]):
            for covered in (False, True):
                if len(taken) < copies:
                    taken += [each for each in kind() if is_covered(each) is covered]
        return sorted(taken)

    def _by_border(self, spans: Iterable[Tuple[int, int]], status: str) -> Tuple[List[Occurrence], List[Occurrence]]:
        whole: List[Occurrence] = []
        inside: List[Occurrence] = []
        for start, end in spans:
            (whole if is_whole(self.text, start, end) else inside).append(Occurrence(start, end, status))
        return whole, inside


def is_whole(text: str, start: int, end: int) -> bool:
    """RETURNS (bool): whether a span begins and ends at the border of a word: between two characters that are not both letters
    or digits."""
    return not (
        (start > 0 and _joined(text[start - 1], text[start])) or (end < len(text) and _joined(text[end - 1], text[end]))
    )


def covered_by(spans: Sequence[Tuple[int, int]]) -> Callable[[Occurrence], bool]:
    """RETURNS (callable): whether an occurrence lies in one of the spans (start and end in characters) and is shorter than it."""
    ordered = sorted(spans)
    begins = [start for start, _ in ordered]
    reach = list(accumulate((end for _, end in ordered), max))  # how far the first 1, 2, … spans go

    def is_covered(each: Occurrence) -> bool:
        earlier, until = bisect_left(begins, each.start), bisect_right(begins, each.start)
        return bool(earlier and reach[earlier - 1] >= each.end) or bool(until and reach[until - 1] > each.end)

    return is_covered


def _joined(left: str, right: str) -> bool:
    return left.isalnum() and (right.isalnum() or unicodedata.category(right) in ("Mn", "Me"))


def _find(text: str, surface: str) -> Iterator[Tuple[int, int]]:
    at = text.find(surface) if surface else -1
    while at >= 0:
        yield at, at + len(surface)
        at = text.find(surface, at + 1)
