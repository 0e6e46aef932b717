"""Mentions as strings → mentions at character offsets: exact, folded, fuzzy or failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Hashable, List, NamedTuple, Sequence, Tuple, Union

from .fuzzy import LEAST_DENSITY, LEAST_OVERLAP, fuzzy_occurrences, tokens_of
from .occurrences import FAILED, Occurrence, SearchedText, covered_by
from .order import place_in_order

NOWHERE = -1  # start and end of a mention that failed


class Grounded(NamedTuple):
    """A mention and where it stands.

    start, end (int): in characters of the text, end exclusive; both -1 where it failed.
    type (str): its type, as given; "" for none.
    status (str): "exact" as written, "folded" but for case, white space, dashes, quotes and accents, "fuzzy" most of its words,
        "failed" nowhere; "propagated" for a further occurrence that nobody listed.
    overlap (float): share of its words that stand there; below 1 only where it is fuzzy, 0 where it failed.
    text (str): the mention as given.
    """

    start: int
    end: int
    type: str
    status: str
    overlap: float
    text: str


@dataclass(frozen=True)
class GroundingSettings:
    """How mentions are placed.

    overlap (float): least share of a mention's words, above 0 and at most 1, for a fuzzy match.
    density (float): least share of the stretch that is the mention's, above 0 and at most 1, for a fuzzy match.
    propagate (bool): whether further occurrences are marked where `propagate.is_safe` says so.
    RAISES (ValueError): for a share outside its range.
    """

    overlap: float = LEAST_OVERLAP
    density: float = LEAST_DENSITY
    propagate: bool = True

    def __post_init__(self) -> None:
        for name in ("overlap", "density"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"The {name} of a fuzzy match cannot be {getattr(self, name):g}; use more than 0, at most 1.")


DEFAULTS = GroundingSettings()


def ground(
    text: str,
    mentions: Sequence[Union[str, Tuple[str, str]]],
    settings: GroundingSettings = DEFAULTS,
) -> List[Grounded]:
    """Find the offsets of mentions.

    text (str): what they were found in.
    mentions (sequence): each the mention's words, or these and its type, in the order in which they were listed.
    settings (GroundingSettings): when a fuzzy match is good enough; nothing is propagated here.
    RETURNS (list): one for each, in the same order. `text[start:end]` is the mention itself where the status is exact. Each mention
        that stands in the text is placed; those listed several times get places of their own as far as there are any.
    """
    listed = [(each, "") if isinstance(each, str) else (each[0], each[1]) for each in mentions]
    surfaces = [surface.strip() for surface, _ in listed]
    candidates = _candidates(text, surfaces, [kind for _, kind in listed], settings)
    placed = [number for number, found in enumerate(candidates) if found]
    groups: List[Hashable] = [(surfaces[number], listed[number][1]) for number in placed]
    chosen = place_in_order([[each.start for each in candidates[number]] for number in placed], groups)
    grounded = [Grounded(NOWHERE, NOWHERE, kind, FAILED, 0.0, surface) for surface, kind in listed]
    for number, place in zip(placed, chosen, strict=True):
        start, end, status, overlap = candidates[number][place]
        grounded[number] = Grounded(start, end, listed[number][1], status, overlap, listed[number][0])
    return grounded


def _candidates(
    text: str, surfaces: Sequence[str], types: Sequence[str], settings: GroundingSettings
) -> List[List[Occurrence]]:
    """RETURNS (list): of each mention the occurrences that it may be put at, by start."""
    searched = SearchedText(text)
    copies: Dict[Tuple[str, str], int] = {}
    for group in zip(surfaces, types, strict=True):
        copies[group] = copies.get(group, 0) + 1
    is_covered = covered_by([span for surface in sorted(set(surfaces)) for span in searched.whole_spans(surface)])
    text_tokens = None
    found: Dict[Tuple[str, str], List[Occurrence]] = {}
    for surface, kind in copies:
        occurrences = searched.occurrences(surface, copies[surface, kind], is_covered)
        if not occurrences and surface:
            text_tokens = tokens_of(text) if text_tokens is None else text_tokens
            occurrences = fuzzy_occurrences(text_tokens, tokens_of(surface), settings.overlap, settings.density)
        found[surface, kind] = occurrences
    return [found[group] for group in zip(surfaces, types, strict=True)]
