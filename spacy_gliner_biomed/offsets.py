"""The characters that a span group's spans were made from, as long as the spans are still the same."""

from __future__ import annotations

from typing import List, Optional, Tuple

from spacy.tokens import Span, SpanGroup


def own_offsets(group: SpanGroup) -> List[Optional[Tuple[int, int]]]:
    """What `attrs["offsets"]` says of each span. Whoever adds, moves or removes spans afterwards leaves it as it was, so that it is
    believed only where it falls on its span's tokens, and not at all where spans were removed.

    group (SpanGroup): of any document.
    RETURNS (list): first character and end of each span; None for a span that has no offsets of its own.
    """
    offsets = group.attrs.get("offsets")
    if offsets is None or len(offsets) > len(group):
        return [None] * len(group)
    found: List[Optional[Tuple[int, int]]] = [None] * len(group)
    n_characters = len(group.doc.text)
    for number, (span, (start, end)) in enumerate(zip(group, offsets, strict=False)):
        if 0 <= start < end <= n_characters and _falls_on(span, int(start), int(end)):
            found[number] = int(start), int(end)
    return found


def labelled_characters(group: SpanGroup) -> List[Tuple[int, int, str]]:
    """RETURNS (list): first character, end and label of each span, by `own_offsets` where it has some."""
    return [
        (*(own or (span.start_char, span.end_char)), span.label_)
        for span, own in zip(group, own_offsets(group), strict=True)
    ]


def _falls_on(span: Span, start: int, end: int) -> bool:
    if (start, end) == (span.start_char, span.end_char):  # spaCy leaves groups as they are where tokens are merged or split
        return True
    for mode in ("expand", "contract"):  # the pipe's alignment_mode; "strict" falls under both
        placed = span.doc.char_span(start, end, alignment_mode=mode)
        if placed is not None and (placed.start, placed.end) == (span.start, span.end):
            return True
    return False
