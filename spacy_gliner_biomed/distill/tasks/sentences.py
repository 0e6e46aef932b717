"""A text → its sentences, by rules: enough to put a sentence back in its place, without a model."""

from __future__ import annotations

import re
from typing import Iterator, Tuple

_END = re.compile(r"[.!?][\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])|\s*\n\s*")
_LAST_WORD = re.compile(r"[\w.]+$")
_ABBREVIATIONS = frozenset(
    "e.g i.e cf vs al etc approx resp no nos fig figs ref refs eq dr prof mr mrs ms st sp spp subsp var ca inc ltd".split()
)


def split_sentences(text: str) -> Iterator[Tuple[int, int]]:
    """Split a text at full stops, question and exclamation marks before a capital or digit, and at line ends.

    Not after an abbreviation ("e.g.", "Fig. 2").

    text (str): any text.
    YIELDS (tuple): first character and end of each sentence, without the white space around it.
    """
    begin = 0
    for match in _END.finditer(text):
        if "\n" not in match.group() and _abbreviates(text[begin : match.start()]):
            continue
        yield from _stripped(text, begin, match.end())
        begin = match.end()
    yield from _stripped(text, begin, len(text))


def _abbreviates(before: str) -> bool:
    """RETURNS (bool): whether the full stop after these words belongs to the last of them."""
    found = _LAST_WORD.search(before)
    return found is not None and found.group().lower() in _ABBREVIATIONS


def _stripped(text: str, start: int, end: int) -> Iterator[Tuple[int, int]]:
    part = text[start:end]
    if part.strip():
        yield start + len(part) - len(part.lstrip()), start + len(part.rstrip())
