"""Checks that all readers share: does a mention fit its text, and does the text there say what the file says?"""

from __future__ import annotations

import re
from typing import Iterable, List, Optional, Tuple, TypeGuard, Union

from ..passage import Discontinuous, Mention
from .problems import Problems

Annotation = Union[Mention, Discontinuous]
HALF_PAIR = re.compile("[\ud800-\udfff]")  # no character, and nothing that a file in UTF-8 could hold


def annotation(
    text: str,
    fragments: Iterable[Tuple[int, int]],
    label: object,
    surface: Optional[str],
    where: str,
    problems: Problems,
) -> Optional[Annotation]:
    """One annotation, checked against its text.

    Pieces with nothing but white space between them are one mention: that is how BRAT breaks a mention at a line's end.

    text (str): the text that the offsets count in.
    fragments (Iterable[Tuple[int, int]]): start and end of each piece in characters, end exclusive, in the order in which
        the file gives them.
    label (object): the label; anything but a text that is not blank is a problem.
    surface (str): what the file says the mention reads, compared but for white space; None where it says nothing.
    where (str): file and line.
    problems (Problems): told of what does not fit.
    RETURNS (Union[Mention, Discontinuous]): None where it does not fit.
    """
    given = list(fragments)
    # A piece without characters (CRAFT has one) says nothing as long as another piece does.
    pieces = [(start, end) for start, end in given if start != end] or given
    spans = ";".join(f"{start}–{end}" for start, end in pieces)
    if not label_fits(label, spans, where, problems):
        return None
    if not pieces or not all(0 <= start < end <= len(text) for start, end in pieces):
        problems.add(where, f"the mention {spans} ({label}) does not fit its text of {len(text)} characters.")
        return None
    found = [text[start:end] for start, end in pieces]
    if "".join(found).isspace():
        problems.add(where, f"the mention {spans} ({label}) holds nothing but white space.")
        return None
    if surface is not None and _without_blanks("".join(found)) != _without_blanks(surface):
        problems.add(
            where, f"the mention {spans} ({label}) reads {_short(' … '.join(found))} in the text, not {_short(surface)}."
        )
        return None
    joined = join_pieces(text, pieces)
    return Mention(*joined[0], label) if len(joined) == 1 else Discontinuous(tuple(joined), label)


def label_fits(label: object, spans: str, where: str, problems: Problems) -> TypeGuard[str]:
    """RETURNS (bool): whether a mention's label is a text that is not blank and can be written; `problems` is told where not."""
    if not isinstance(label, str) or not label.strip():
        problems.add(where, f"the label {label!r} of mention {spans} is blank.")
        return False
    if HALF_PAIR.search(label):
        problems.add(where, f"the label {label!r} of mention {spans} holds half a surrogate pair, which is no character.")
        return False
    return True


def running_ends(tokens: Iterable[str]) -> List[int]:
    """RETURNS (List[int]): the character after each token, in the text that has one blank between two."""
    ends, at = [], 0
    for token in tokens:
        ends.append(at + len(token))
        at += len(token) + 1
    return ends


def join_pieces(text: str, pieces: Iterable[Tuple[int, int]]) -> List[Tuple[int, int]]:
    """RETURNS (List[Tuple[int, int]]): the pieces in text order, those that touch, overlap or have nothing but white space
    between them joined.
    """
    joined: List[Tuple[int, int]] = []
    for start, end in sorted(pieces):
        if joined and (start <= joined[-1][1] or text[joined[-1][1] : start].isspace()):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def split_kinds(found: Iterable[Optional[Annotation]]) -> Tuple[Tuple[Mention, ...], Tuple[Discontinuous, ...]]:
    """RETURNS (tuple): mentions, sorted; and mentions in pieces, sorted. None is left out."""
    mentions: List[Mention] = []
    discontinuous: List[Discontinuous] = []
    for each in found:
        if isinstance(each, Mention):
            mentions.append(each)
        elif each is not None:
            discontinuous.append(each)
    return tuple(sorted(mentions)), tuple(sorted(discontinuous))


def _without_blanks(text: str) -> str:
    return "".join(text.split())


def _short(text: str, longest: int = 60) -> str:
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")
