"""A self-contained HTML page of annotated documents, drawn by displaCy.

displaCy's two styles take turns: `ent` for stretches whose entities lie apart, `span` where they nest or overlap. Long
documents are drawn in blocks, as displaCy's time grows with tokens times spans.
"""

from __future__ import annotations

import zlib
from html import escape
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from spacy.displacy import EntityRenderer, SpanRenderer
from spacy.tokens import Doc

from .entities import Entity

STYLE_SHEET = Path(__file__).with_name("page.css")
BLOCK_TOKENS = 400
ENTITY_TEMPLATE = '<mark style="background: {bg}">{text}<small>{label} <i>{score}</i></small></mark>'


class HtmlPage:
    """Writes a page piece by piece: `header`, `sections` of each document, `footer`."""

    def __init__(self, title: str = "Biomedical entities") -> None:
        self.title = title
        self._ents = EntityRenderer({"template": ENTITY_TEMPLATE})
        self._spans = SpanRenderer()

    def header(self) -> str:
        """RETURNS (str): the page up to the first document, with its style sheet."""
        style = STYLE_SHEET.read_text(encoding="utf-8")
        title = escape(self.title)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        )

    def sections(self, name: str, doc: Doc, entities: Sequence[Entity]) -> Iterator[str]:
        """Draw one document.

        name (str): its heading.
        doc (Doc): the document.
        entities (Sequence[Entity]): what to mark in it.
        YIELDS (str): pieces of HTML, in order; text and labels are escaped.
        """
        yield f"<h2>{escape(name)}</h2>\n"
        for first, end, inside in _blocks(doc, entities):
            for entity in inside:
                self._colour(entity.label)
            if _lie_apart(inside):
                yield self._ents.render([_as_ents(doc, first, end, inside)])
            else:
                yield self._spans.render([_as_spans(doc, first, end, inside)])

    def footer(self) -> str:
        """RETURNS (str): the end of the page."""
        return "</body>\n</html>\n"

    def _colour(self, label: str) -> None:
        """Give a label that has no registered colour one of its own, the same on every page.

        displaCy writes labels as they are, so it gets them escaped, and looks their colours up in upper case.
        """
        colours, key = self._ents.colors, escape(label).upper()
        if key not in colours:
            colours[key] = colours.get(label.upper(), f"hsl({zlib.crc32(label.encode()) % 360}, 65%, 82%)")
        self._spans.colors[key] = colours[key]


def _blocks(doc: Doc, entities: Sequence[Entity]) -> Iterator[Tuple[int, int, List[Entity]]]:
    """Cut a document at line ends, or else after `BLOCK_TOKENS` tokens, never inside an entity.

    YIELDS (Tuple[int, int, List[Entity]]): first token, end token (exclusive), the entities between.
    """
    ordered = sorted(entities, key=lambda entity: (entity.first_token, entity.end_token))
    first, taken, reach = 0, 0, 0
    for index, token in enumerate(doc, start=1):
        while taken < len(ordered) and ordered[taken].first_token < index:
            reach = max(reach, ordered[taken].end_token)
            taken += 1
        full = index - first >= BLOCK_TOKENS or "\n" in token.text
        if index == len(doc) or (full and reach <= index):
            inside = [e for e in ordered[:taken] if e.first_token >= first]
            yield first, index, inside
            ordered, taken, first = ordered[taken:], 0, index


def _lie_apart(entities: Sequence[Entity]) -> bool:
    reach = 0
    for entity in sorted(entities, key=lambda entity: entity.start):
        if entity.start < reach:
            return False
        reach = max(reach, entity.end)
    return True


def _as_ents(doc: Doc, first: int, end: int, entities: Sequence[Entity]) -> Dict[str, Any]:
    origin = doc[first].idx
    text = doc[first:end].text
    ents = [
        {
            "start": max(entity.start - origin, 0),
            "end": min(entity.end - origin, len(text)),
            "label": escape(entity.label),
            "params": {"score": f"{entity.score:.2f}"},
        }
        for entity in sorted(entities, key=lambda entity: entity.start)
    ]
    return {"text": text, "ents": ents}


def _as_spans(doc: Doc, first: int, end: int, entities: Sequence[Entity]) -> Dict[str, Any]:
    spans = [
        {
            "start_token": entity.first_token - first,
            "end_token": entity.end_token - first,
            "label": escape(entity.label),
        }
        for entity in entities
    ]
    return {"tokens": [token.text for token in doc[first:end]], "spans": spans}
