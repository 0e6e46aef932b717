"""Answers to ground."""

from __future__ import annotations

from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.answers import Answer, Extraction

TEXT = "Aspirin eased the fever. Aspirin was well tolerated; the patient had breast cancer and ALL."


def passage(id: str = "p1", text: str = TEXT, source: str = "own") -> Passage:
    """A passage of our own."""
    return Passage(id=id, text=text, source=source, document=f"d-{id}")


def answer(
    of: Passage,
    *entities: tuple[str, str],
    relations: tuple[tuple[int, int, str], ...] = (),
    part: tuple[int, int] | None = None,
    annotator: str = "teacher",
    first_id: int = 0,
    descriptions: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """An answer whose entities are numbered from `first_id` in steps of three."""
    row = {
        "entities": [{"id": first_id + 3 * n, "text": text, "type": kind} for n, (text, kind) in enumerate(entities)],
        "relations": [{"head": head, "tail": tail, "type": kind} for head, tail, kind in relations],
        "descriptions": [{"type": kind, "description": text} for kind, text in descriptions],
    }
    return Answer(of, Extraction.model_validate(row), annotator, "", part or (0, len(of.text)))
