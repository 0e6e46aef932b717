"""Finds the keys of names in text: two phrase matchers of spaCy's, one heeds case, one does not."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterable, Iterator, List, NamedTuple

import spacy
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from .names import EXACT, is_symbol, split

HEADING_LETTERS = 4  # a neighbour in capitals of so many letters makes a symbol part of a heading


class Found(NamedTuple):
    """A place where a name stands.

    start, end (int): characters, end exclusive.
    key (str): of the name.
    """

    start: int
    end: int
    key: str


class NameFinder:
    """Finds names by their keys.

    keys (iterable): as `names.name_table` makes them.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._vocab = spacy.blank("en").vocab
        self._exact = PhraseMatcher(self._vocab, attr="ORTH")
        self._lower = PhraseMatcher(self._vocab, attr="LOWER")
        for key in keys:
            exact = key.startswith(EXACT)
            words = key[len(EXACT) :].split(" ") if exact else key.split(" ")
            (self._exact if exact else self._lower).add("name", [Doc(self._vocab, words=words)])

    @contextmanager
    def forgetting(self) -> Iterator[None]:
        """While this lasts the vocabulary gathers new words; at its end it forgets them."""
        with self._vocab.memory_zone():
            yield

    def find(self, text: str) -> List[Found]:
        """Find all names in a text, those inside others as well.

        text (str): a passage.
        RETURNS (list): by start, then end. Names that run over a line's end are left out, and symbols in headings
            that are all capitals.
        """
        words, starts, ends = split(text)
        doc = Doc(self._vocab, words=words, spaces=[False] * len(words))
        found = []
        for prefix, matcher in ((EXACT, self._exact), ("", self._lower)):
            for _, first, end in matcher(doc):
                key = " ".join(words[first:end])
                key = prefix + key if prefix else key.lower()
                if prefix and is_symbol(key) and _in_heading(words, first):
                    continue
                if "\n" not in text[starts[first] : ends[end - 1]]:
                    found.append(Found(starts[first], ends[end - 1], key))
        return sorted(set(found))


def _in_heading(words: List[str], place: int) -> bool:
    if any(character.isdigit() for character in words[place]):
        return False
    neighbours = [words[other] for other in (place - 1, place + 1) if 0 <= other < len(words)]
    return any(
        word.isalpha() and word.isupper() and len(word) >= HEADING_LETTERS and len(words[place]) >= 2
        for word in neighbours
    )
