"""Abbreviations that a text defines: "chronic obstructive pulmonary disease (COPD)".

The algorithm is Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text"
(Pacific Symposium on Biocomputing 2003): a short form in brackets, and before it the shortest run of words whose
letters hold those of the short form in order, the first letter at the beginning of a word.
"""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple, Optional

SHORT_FORM = re.compile(r"\(\s*([^()\[\];,:]{2,12}?)\s*[),;]")
SENTENCE_END = re.compile(r"[.!?;:]\s|\n|[()]")
WORD_START = re.compile(r"\S+")


class Definition(NamedTuple):
    """An abbreviation and what it stands for; offsets are characters of the text, ends exclusive."""

    short_start: int
    short_end: int
    long_start: int
    long_end: int


def find_definitions(text: str) -> Iterator[Definition]:
    """Find the abbreviations that a text defines.

    text (str): a passage.
    YIELDS (Definition): in text order.
    """
    for match in SHORT_FORM.finditer(text):
        short = match.group(1)
        if not _is_short_form(short):
            continue
        start = _reach(text, match.start(), short)
        long_start = find_long_form(short, text[start : match.start()])
        if long_start is not None:
            long_end = start + len(text[start : match.start()].rstrip())
            yield Definition(match.start(1), match.end(1), start + long_start, long_end)


def find_long_form(short: str, before: str) -> Optional[int]:
    """Find where the long form begins.

    short (str): the abbreviation.
    before (str): the text before its bracket.
    RETURNS (Optional[int]): the character of `before`, or None where its letters do not hold those of the short form.
    """
    place = len(before.rstrip())
    for number in range(len(short) - 1, -1, -1):
        wanted = short[number].lower()
        if not wanted.isalnum():
            continue
        place -= 1
        while place >= 0 and (
            before[place].lower() != wanted or (number == 0 and place > 0 and before[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return None
    # The whole word in which the first letter stands, so that "non-steroidal" is not cut, but without an opening quote.
    begin = before.rfind(" ", 0, place) + 1
    begin += len(before[begin:]) - len(before[begin:].lstrip("\"'“‘["))
    long_form = before[begin:].strip()
    return None if len(long_form) <= len(short) or short in long_form.split() else begin


def _is_short_form(short: str) -> bool:
    """The paper's conditions: 2 to 10 characters, at most two words, a letter in it, begins with a letter or digit."""
    return (
        2 <= len(short) <= 10
        and len(short.split()) <= 2
        and short[0].isalnum()
        and any(character.isalpha() for character in short)
        and any(character.isupper() for character in short)
    )


def _reach(text: str, bracket: int, short: str) -> int:
    """Where the search for the long form begins: min(n + 5, 2n) words back, and not in an earlier sentence."""
    n_letters = sum(character.isalnum() for character in short)
    window = text[max(0, bracket - 200) : bracket]
    offset = max(0, bracket - 200)
    ends = [match.end() for match in SENTENCE_END.finditer(window)]
    begin = ends[-1] if ends else 0
    words = [match.start() for match in WORD_START.finditer(window, begin)]
    wanted = min(n_letters + 5, 2 * n_letters)
    return offset + (words[-wanted] if len(words) > wanted else (words[0] if words else begin))
