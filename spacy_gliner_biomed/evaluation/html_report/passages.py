"""A passage with its gold mentions drawn above the words and its predictions below, as pieces for the page.

The text is cut at every end of a span. Each piece carries the lines that run over it: a shorter span lies closer to
the words than the one it is nested in, and each outcome has a line of its own pattern.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..metrics.errors import pair

Span = Tuple[int, int, str]

#: Each outcome with the sign it is marked with: told apart without colour.
SIGNS: Dict[str, str] = {
    "correct": "✓",
    "missed": "−",
    "spurious": "+",
    "wrong label": "≠",
    "wrong boundary": "↔",
    "wrong label and boundary": "≠↔",
}
LINE = 4  # px a line takes
STEP = 6  # px from one line to the next


class Tag(NamedTuple):
    """What is said where a span starts: on which side ("gold" or "predicted"), its outcome, sign and label."""

    side: str
    outcome: str
    sign: str
    label: str
    hint: str


class Piece(NamedTuple):
    """A stretch of text.

    text (str): the text.
    tags (tuple): of the spans that start here, outer first.
    style (str): CSS that draws the lines; empty where no span runs.
    hint (str): what the spans are, in words.
    """

    text: str
    tags: Tuple[Tag, ...] = ()
    style: str = ""
    hint: str = ""


class MarkedPassage(NamedTuple):
    """A passage ready for the page.

    id (str): its id.
    pieces (tuple): its text.
    padding (str): CSS variables for the room that the lines need.
    differences (tuple): (outcome, sign, sentence) of each error, in text order.
    correct (int): how many mentions were found as annotated.
    """

    id: str
    pieces: Tuple[Piece, ...]
    padding: str
    differences: Tuple[Tuple[str, str, str], ...]
    correct: int

    def counted(self) -> List[Tuple[str, str, int]]:
        """RETURNS (list): (sign, sentence, how often) of the differences, each once, where it first comes."""
        return [(sign, sentence, number) for (_, sign, sentence), number in Counter(self.differences).items()]


class _Drawn(NamedTuple):
    side: str
    span: Span
    outcome: str
    hint: str


def mark(example: Mapping[str, Any]) -> MarkedPassage:
    """Mark gold mentions and predictions in a passage.

    example (Mapping): `id`, `text`, `gold`, `predicted` as in a result's worst passages; spans are cut at the text.
    RETURNS (MarkedPassage): the pieces, which together are the text.
    """
    text = example["text"]
    gold, predicted = _inside(example["gold"], text), _inside(example["predicted"], text)
    findings = sorted(pair(list(gold), list(predicted)), key=lambda finding: finding[1] or finding[2] or (0, 0, ""))
    drawn = [one for finding in findings for one in _both_sides(*finding, predicted)]
    levels = {side: _levels([one.span for one in drawn if one.side == side]) for side in ("gold", "predicted")}
    rooms = {side: STEP * (1 + max(inner.values(), default=0)) for side, inner in levels.items()}
    pieces = _pieces(text, drawn, levels)
    differences = [(one[0], SIGNS[one[0]], _sentence(*one, text)) for one in findings if one[0] != "correct"]
    padding = f"--above:{rooms['gold']}px;--below:{rooms['predicted']}px"
    return MarkedPassage(example["id"], pieces, padding, tuple(differences), len(findings) - len(differences))


def _inside(spans: Sequence[Sequence[Any]], text: str) -> Dict[Span, Optional[float]]:
    """Each span once, cut at the ends of the text, with the score it may have."""
    clipped = ((max(0, int(one[0])), min(len(text), int(one[1])), str(one[2]), *one[3:]) for one in spans)
    return {one[:3]: one[3] if len(one) > 3 else None for one in clipped if one[0] < one[1]}


def _both_sides(
    outcome: str, gold: Optional[Span], predicted: Optional[Span], scores: Mapping[Span, Optional[float]]
) -> List[_Drawn]:
    drawn = []
    if gold:
        drawn.append(_Drawn("gold", gold, outcome, f"gold: {gold[2]} ({outcome})"))
    if predicted:
        score = scores[predicted]
        told = predicted[2] if score is None else f"{predicted[2]}, score {score:.2f}"
        drawn.append(_Drawn("predicted", predicted, outcome, f"predicted: {told} ({outcome})"))
    return drawn


def _levels(spans: Sequence[Span]) -> Dict[Span, int]:
    """The line each span is drawn on: 0 is nearest to the text; spans that overlap take different ones."""
    crossing: Dict[Span, List[Span]] = {}
    running: List[Span] = []
    for span in sorted(set(spans)):
        running = [other for other in running if other[1] > span[0]]
        crossing[span] = list(running)
        for other in running:
            crossing[other].append(span)
        running.append(span)
    placed: Dict[Span, int] = {}
    for span in sorted(crossing, key=lambda span: (span[1] - span[0], span)):
        taken = {placed[other] for other in crossing[span] if other in placed}
        placed[span] = next(level for level in range(len(taken) + 1) if level not in taken)
    return placed


def _pieces(text: str, drawn: Sequence[_Drawn], levels: Mapping[str, Dict[Span, int]]) -> Tuple[Piece, ...]:
    cuts = sorted({0, len(text), *(end for one in drawn for end in one.span[:2])})
    highest = {side: max(inner.values(), default=0) for side, inner in levels.items()}
    starting: Dict[int, List[int]] = {}
    for place, one in enumerate(drawn):
        starting.setdefault(one.span[0], []).append(place)
    pieces = []
    places: List[int] = []
    for start, end in pairwise(cuts):
        places = sorted([place for place in places if drawn[place].span[1] > start] + starting.get(start, []))
        running = [drawn[place] for place in places]
        begun = sorted((one for one in running if one.span[0] == start), key=lambda one: -one.span[1])
        tags = tuple(_tag(one) for one in begun if not (one.side == "predicted" and one.outcome == "correct"))
        pieces.append(
            Piece(text[start:end], tags, _style(running, end, levels, highest), "; ".join(one.hint for one in running))
        )
    return tuple(pieces)


def _tag(one: _Drawn) -> Tag:
    return Tag(one.side, one.outcome.replace(" ", "-"), SIGNS[one.outcome], one.span[2], one.hint)


def _style(
    running: Sequence[_Drawn], end: int, levels: Mapping[str, Dict[Span, int]], highest: Mapping[str, int]
) -> str:
    """CSS of the lines over one piece: an image, a place and a size for each."""
    if not running:
        return ""
    images, places, sizes = [], [], []
    for one in running:
        depth = highest[one.side] - levels[one.side][one.span]
        images.append(f"var(--line-{one.outcome.replace(' ', '-')})")
        places.append(f"left 0 {'top' if one.side == 'gold' else 'bottom'} {depth * STEP}px")
        # A gap after the last letter keeps two spans that touch apart.
        sizes.append(f"{'calc(100% - 3px)' if one.span[1] == end else '100%'} {LINE}px")
    return f"background-image:{','.join(images)};background-position:{','.join(places)};background-size:{','.join(sizes)}"


def _sentence(outcome: str, gold: Optional[Span], predicted: Optional[Span], text: str) -> str:
    """What went wrong, for who does not see the lines."""
    if gold is None or predicted is None:
        return f"{outcome} {_told(gold or predicted, text)}"
    if outcome == "wrong label":
        return f"wrong label: predicted {predicted[2]}, gold {_told(gold, text)}"
    return f"{outcome}: predicted {_told(predicted, text)}, gold {_told(gold, text)}"


def _told(span: Optional[Span], text: str) -> str:
    return f"{span[2]} “{text[span[0] : span[1]]}”" if span else ""
