"""Counts tokens, and cuts long passages into parts that fit into a request.

Parts follow each other without a gap and without an overlap, so that each character is annotated once. Cuts are made at the
end of a paragraph where there is one near, else of a sentence, else between words; the parts are about equally long, since
a short rest would be annotated without its context.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BYTES_A_TOKEN = 3  # of UTF-8; English prose has about 4.5 a token, so that the estimate is on the safe side
FRAME = 8  # tokens that a chat template puts around a turn, at most, as we count it
NEAR = 0.5  # a cut is looked for from half of an equal part on
_PARAGRAPH = re.compile(r"\n\s*\n\s*")
_SENTENCE = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
# The word before a sentence's stop: three letters or more, or a number, a bracket, or a unit behind a number. That leaves out
# "Dr.", "e.g." and "E. coli"
_LAST_WORD = re.compile(r"(?:[^\W\d_]{3}|[\d)\]%\"']|\d\s?[^\W\d_]{1,2})\Z")
_ABBREVIATIONS = ("fig", "figs", "ref", "refs", "vol", "sect", "spp", "subsp", "var", "approx", "resp", "incl", "prof")
_SPACE = re.compile(r"\s+")


class TokenCounter:
    """Counts tokens with a model's tokenizer, or estimates them where there is none.

    name (str): a `tokenizer.json`, a folder that holds one, or a name on the Hugging Face hub; empty for the estimate.
    RAISES (ValueError): where there is no such tokenizer.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._tokenizer: Optional[Tokenizer] = _load(name) if name else None

    @property
    def measured(self) -> bool:
        """Whether the counts are those of a tokenizer."""
        return self._tokenizer is not None

    def count(self, text: str) -> int:
        """RETURNS (int): the tokens of a text, without special ones."""
        if self._tokenizer is None:
            return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def count_messages(self, contents: Sequence[str]) -> int:
        """RETURNS (int): the tokens of a conversation, with what a chat template puts around its turns."""
        return sum(map(self.count, contents)) + FRAME * (len(contents) + 1)

    def starts(self, text: str) -> List[int]:
        """RETURNS (list): the character at which each token starts, rising; where tokens are estimated, one each few bytes."""
        if self._tokenizer is None:
            starts: List[int] = []
            size = 0
            for place, letter in enumerate(text):
                if size // BYTES_A_TOKEN >= len(starts):
                    starts.append(place)
                size += len(letter.encode("utf-8", "replace"))
            return starts
        return [start for start, _ in self._tokenizer.encode(text, add_special_tokens=False).offsets]


def split(text: str, most: int, counter: TokenCounter) -> List[Tuple[int, int]]:
    """Cut a text into parts of at most so many tokens.

    text (str): the text.
    most (int): tokens of a part.
    counter (TokenCounter): measures them.
    RETURNS (list): `(start, end)` in characters; together they are the whole text. A text that fits, as an empty one, is
        one part.
    RAISES (ValueError): for parts of less than one token, and where a single character has more.
    """
    if most < 1:
        raise ValueError(f"Parts of {most} tokens hold nothing; use 1 or more.")
    if counter.count(text) <= most:
        return [(0, len(text))]
    starts = counter.starts(text)
    parts: List[Tuple[int, int]] = []
    place = 0
    while place < len(text):
        first = bisect_left(starts, place)
        left = len(starts) - first
        aim = -(-left // -(-left // most)) if left else most  # equal parts
        parts.append((place, end := _end(text, place, first, aim, most, starts, counter)))
        place = end
    return parts


def _end(text: str, place: int, first: int, aim: int, most: int, starts: List[int], counter: TokenCounter) -> int:
    """Where the part that begins at `place` ends: no more than `most` tokens, about `aim`."""

    def character(tokens: int) -> int:
        return starts[first + tokens] if first + tokens < len(starts) else len(text)

    if character(most) == len(text) and counter.count(text[place:]) <= most:
        return len(text)
    tried, end = most, len(text)
    while tried > 0:
        end = _cut(text, place, character(min(aim, tried)), max(character(tried), place + 1))
        if counter.count(text[place:end]) <= most:
            return end
        tried -= max(1, tried // 20)  # a tokenizer may cut the part otherwise than the whole text
    return _halved(text, place, end, most, counter)


def _halved(text: str, place: int, end: int, most: int, counter: TokenCounter) -> int:
    """A single token of the whole text that has too many on its own: cut until it fits."""
    while end - place > 1 and counter.count(text[place:end]) > most:
        end = place + (end - place) // 2
    if counter.count(text[place:end]) > most:
        raise ValueError(f"The character {text[place]!r} alone has more than {most} tokens; allow larger parts.")
    return end


def _cut(text: str, place: int, goal: int, reach: int) -> int:
    """The best cut between `place` and `reach`: of the best kind that there is, the one nearest to `goal`."""
    if reach >= len(text) and goal >= len(text):
        return len(text)
    earliest = place + int((goal - place) * NEAR)
    for pattern in (_PARAGRAPH, _SENTENCE, _SPACE):
        ends = [match.end() for match in pattern.finditer(text, earliest, reach) if _is_cut(text, match, pattern)]
        if ends:
            return min(ends, key=lambda end: abs(end - goal))
    return reach


def _is_cut(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    if pattern is not _SENTENCE:
        return True
    before = text[max(0, match.start() - 12) : match.start()]
    return bool(_LAST_WORD.search(before)) and not before.lower().endswith(_ABBREVIATIONS)


def _load(name: str) -> Tokenizer:
    from tokenizers import Tokenizer

    path = Path(name)
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file() and (path.exists() or len(path.parts) > 2 or path.is_absolute()):
        raise ValueError(f"There is no tokenizer at '{name}'; name a tokenizer.json, its folder, or a model of the hub.")
    try:
        tokenizer = Tokenizer.from_file(str(file)) if file.is_file() else Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises plain exceptions
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"The tokenizer '{name}' can't be read ({reason}); name a folder that holds tokenizer.json.") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
