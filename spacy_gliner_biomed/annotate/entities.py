"""What a pipeline found in a document, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from spacy.tokens import Doc

from ..offsets import own_offsets
from ..placement import get_score


@dataclass(frozen=True)
class Entity:
    """A mention: `start` and `end` in characters as the model read it (end exclusive), `label`, `score` 0 to 1.

    `first_token` and `end_token` (exclusive) are the spaCy tokens it was placed on, which may reach further.
    """

    start: int
    end: int
    label: str
    score: float
    first_token: int
    end_token: int


def read_entities(doc: Doc, spans_key: str = "gliner") -> List[Entity]:
    """The spans a `gliner_biomed` pipe left in a document.

    doc (Doc): an annotated document.
    spans_key (str): the span group that holds the spans.
    RETURNS (List[Entity]): in the group's order: by start, end, label. A span that another component has put or moved there has
        its own characters, and for its score what `span._.score` says, or else 1.
    """
    group = doc.spans[spans_key]
    scores = group.attrs.get("scores", ())
    entities = []
    for number, (span, own) in enumerate(zip(group, own_offsets(group), strict=True)):
        start, end = own or (span.start_char, span.end_char)
        score = scores[number] if own and number < len(scores) else get_score(span)
        entities.append(Entity(start, end, span.label_, 1.0 if score is None else float(score), span.start, span.end))
    return entities
