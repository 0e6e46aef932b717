"""What a pipeline found in a document, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from spacy.tokens import Doc


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
    RETURNS (List[Entity]): in the group's order: by start, end, label.
    """
    group = doc.spans[spans_key]
    return [
        Entity(int(start), int(end), span.label_, float(score), span.start, span.end)
        for span, score, (start, end) in zip(group, group.attrs["scores"], group.attrs["offsets"], strict=True)
    ]
