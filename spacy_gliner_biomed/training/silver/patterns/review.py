"""Mentions drawn at random, in their context, for a person to read: how precise a rule is, nobody else can say."""

from __future__ import annotations

import random
from typing import Dict, Iterable, List, NamedTuple

from ....corpus.passage import Mention
from .teacher import PatternTeacher

AROUND = 50  # characters of context to each side


class Drawn(NamedTuple):
    """A mention with what is around it.

    before, mention, after (str): the text.
    source (str): where it is from.
    """

    before: str
    mention: str
    after: str
    source: str


def draw_mentions(
    texts: Iterable[tuple[str, str]], teacher: PatternTeacher, number: int = 25, seed: int = 0
) -> Dict[str, List[Drawn]]:
    """Draw mentions of each type, each equally likely (reservoir sampling).

    texts (iterable): pairs of a source's name and a text; read once.
    teacher (PatternTeacher): the rules.
    number (int): mentions of a type.
    seed (int): other seeds draw others.
    RETURNS (dict): label → its mentions, fewer where there are no more.
    """
    generator = random.Random(seed)
    drawn: Dict[str, List[Drawn]] = {kind.label: [] for kind in teacher.types}
    n_met = dict.fromkeys(drawn, 0)
    for source, text in texts:
        for mention in teacher.annotate(text):
            kept = drawn[mention.label]
            n_met[mention.label] += 1
            if len(kept) < number:
                kept.append(_in_context(text, mention, source))
                continue
            place = generator.randrange(n_met[mention.label])
            if place < number:
                kept[place] = _in_context(text, mention, source)
    return drawn


def review_sheet(drawn: Dict[str, List[Drawn]]) -> str:
    """RETURNS (str): tab-separated lines: label, source, text with the mention in double square brackets."""
    lines = ["label\tsource\ttext"]
    for label, mentions in drawn.items():
        lines += [f"{label}\t{one.source}\t{one.before}[[{one.mention}]]{one.after}" for one in mentions]
    return "\n".join(lines) + "\n"


def _in_context(text: str, mention: Mention, source: str) -> Drawn:
    pieces = text[max(0, mention.start - AROUND) : mention.start], text[mention.start : mention.end]
    after = text[mention.end : mention.end + AROUND]
    before, own, rest = (piece.replace("\n", " ").replace("\t", " ") for piece in (*pieces, after))
    return Drawn(before, own, rest, source)
