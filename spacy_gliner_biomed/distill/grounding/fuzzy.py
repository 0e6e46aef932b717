"""A mention that doesn't stand in the text word for word: the stretch that shares most of its words, in their order.

As in LangExtract (`resolver.py`): the longest common subsequence of tokens must hold at least 3/4 of the mention's tokens
(overlap) and fill at least 1/3 of the stretch (density). Tokens are runs of letters and runs of digits, folded, without a
plural's s; articles and prepositions are no tokens. Beyond LangExtract, what tells one entity from its sister must be there:
numbers, single letters and Roman numerals. "Type 1 diabetes mellitus" is not in a text on type 2.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from .folding import fold
from .occurrences import FUZZY, Occurrence

LEAST_OVERLAP = 0.75
LEAST_DENSITY = 1 / 3
MOST_TOKENS = 60  # in a mention; the answers' longest has 200 characters
STOP_WORDS = frozenset("a an and are as at by for from in is its of on or the their this to was were with".split())
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_ROMAN = re.compile(r"x{0,3}(ix|iv|v?i{0,3})")
_NEVER = -1  # no common subsequence
_NOTHING_YET = 1 << 40  # none of the mention's tokens was matched, and none had to be


class Token(NamedTuple):
    """A run of letters or of digits.

    key (str): what is compared.
    start, end (int): in characters, end exclusive.
    telling (bool): whether it tells one entity from another: a number, a single letter or a Roman numeral.
    """

    key: str
    start: int
    end: int
    telling: bool


def tokens_of(text: str) -> List[Token]:
    """RETURNS (list): the tokens of a text, in order, but for stop words. A capital A is a letter, no article."""
    tokens = []
    for match in _TOKEN.finditer(text):
        key = fold(match.group())
        if not key or (key in STOP_WORDS and match.group() != "A"):
            continue
        telling = key.isdigit() or len(key) == 1 or _ROMAN.fullmatch(key) is not None
        tokens.append(Token(key if telling else _singular(key), match.start(), match.end(), telling))
    return tokens


def fuzzy_occurrences(
    tokens: Sequence[Token],
    mention: Sequence[Token],
    least_overlap: float = LEAST_OVERLAP,
    least_density: float = LEAST_DENSITY,
) -> List[Occurrence]:
    """Find the stretches of a text that are most like a mention.

    tokens (sequence): of the text.
    mention (sequence): of the mention; one with more than `MOST_TOKENS` is not looked for.
    least_overlap (float): share of the mention's tokens that must be there.
    least_density (float): share of the stretch's tokens that must be the mention's.
    RETURNS (list): the stretches with the most of its tokens, among them the shortest, in text order, none overlapping; empty
        where none is like enough.
    """
    if not mention or len(mention) > MOST_TOKENS:
        return []
    matched, windows = best_windows(tokens, mention, least_overlap, least_density)
    found: List[Occurrence] = []
    for first, last in windows:
        if not found or tokens[first].start >= found[-1].end:
            found.append(Occurrence(tokens[first].start, tokens[last].end, FUZZY, matched / len(mention)))
    return found


def best_windows(
    tokens: Sequence[Token], mention: Sequence[Token], least_overlap: float, least_density: float
) -> Tuple[int, List[Tuple[int, int]]]:
    """The windows that hold most of a mention's tokens in order, among them the shortest.

    RETURNS (tuple): how many of the mention's tokens they hold, and their first and last tokens, by last token; 0 and none
        where none reaches the two limits with all telling tokens.
    """
    n = len(mention)
    keys = {token.key for token in mention}
    # starts[i, c]: the latest first token of a common subsequence of c tokens among the mention's first i
    starts = np.full((n + 1, n + 1), _NEVER, dtype=np.int64)
    starts[0, 0] = _NOTHING_YET
    for i, token in enumerate(mention, start=1):
        starts[i, 0] = _NEVER if token.telling else starts[i - 1, 0]
    may_end = [not any(token.telling for token in mention[i:]) for i in range(n + 1)]
    best: Tuple[int, int] = (0, 0)
    windows: List[Tuple[int, int]] = []
    for j, token in enumerate(tokens):
        if token.key not in keys:
            continue
        before = starts
        starts = before.copy()
        for i, own in enumerate(mention, start=1):
            if not own.telling:
                np.maximum(starts[i], starts[i - 1], out=starts[i])
            if own.key != token.key:
                continue
            ended = np.minimum(before[i - 1, :-1], j)  # begins here, where nothing was matched before
            np.maximum(starts[i, 1:], ended, out=starts[i, 1:])
            if not may_end[i]:
                continue
            for matched in range(n, 0, -1):
                first = int(ended[matched - 1])
                if matched < least_overlap * n:
                    break
                width = j - first + 1
                if first == _NEVER or matched < least_density * width:
                    continue
                quality = (matched, -width)
                if quality > best:
                    best, windows = quality, []
                if quality == best and (first, j) not in windows[-1:]:
                    windows.append((first, j))
                break
    return best[0], windows


def _singular(key: str) -> str:
    if len(key) > 4 and key.endswith("ies"):
        return key[:-3] + "y"
    if len(key) > 3 and key.endswith("s") and not key.endswith(("ss", "us", "is")):
        return key[:-1]
    return key
