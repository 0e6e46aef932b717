"""Text → mentions, by the rules."""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Sequence, Set

from ....corpus.passage import Mention
from ....scorer.words import split_words
from .rules import MENTION, PatternType, load_types

WIDEST = 12  # words; wider spans are no targets of the models here (`max_width`)


class PatternTeacher:
    """Finds what rules can find.

    labels (iterable): the types to find; None for all.
    RAISES (ValueError): for a label that has no rules.
    """

    def __init__(self, labels: Optional[Iterable[str]] = None) -> None:
        types = {kind.label: kind for kind in load_types()}
        for label in labels or ():
            if label not in types:
                raise ValueError(f"There are no patterns for {label!r}; choose from {', '.join(sorted(types))}.")
        wanted = set(types if labels is None else labels)
        self.types: Sequence[PatternType] = tuple(kind for kind in types.values() if kind.label in wanted)

    @property
    def full(self) -> List[str]:
        """Labels that are found so completely that other text is free of them."""
        return [kind.label for kind in self.types if kind.is_full]

    @property
    def partial(self) -> List[str]:
        """Labels of which more may be in a text than is found."""
        return [kind.label for kind in self.types if not kind.is_full]

    def annotate(self, text: str) -> List[Mention]:
        """Find the mentions of a passage.

        text (str): the passage.
        RETURNS (list): sorted. They begin and end where GLiNER's words do; mentions of one label share no characters,
            those of two may be nested or equal.
        """
        _, starts, ends = split_words(text)
        first = {int(start): number for number, start in enumerate(starts)}
        last = {int(end): number for number, end in enumerate(ends)}
        found: List[Mention] = []
        for kind in self.types:
            found += _of_type(kind, text, first, last)
        return sorted(found)


def _of_type(kind: PatternType, text: str, first: Dict[int, int], last: Dict[int, int]) -> List[Mention]:
    """Mentions of a type: of those that share characters the longest, then the earliest."""
    spans: Set[tuple[int, int]] = set()
    too_wide: List[tuple[int, int]] = []
    for pattern in kind.find:
        has_group = MENTION in pattern.groupindex
        for match in pattern.finditer(text):
            start, end = match.span(MENTION if has_group and match[MENTION] is not None else 0)
            if start in first and end in last:
                (spans.add if last[end] - first[start] < WIDEST else too_wide.append)((start, end))
    if not spans:
        return []
    taken: Set[int] = {place for span in too_wide for place in range(*span)}  # a piece of one would be wrong
    for pattern in kind.exclude:
        for match in pattern.finditer(text):
            named = [match.span(name) for name in pattern.groupindex if match[name] is not None]
            for span in named or [match.span()]:
                taken.update(range(*span))
    chosen: List[Mention] = []
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            chosen.append(Mention(start, end, kind.label))
    return chosen
