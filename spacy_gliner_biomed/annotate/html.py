"""A self-contained HTML page of annotated documents, in displaCy's colours.

Entities are marked within the text, one inside another where they nest, which displaCy's styles can't draw readably: one of
them knows no nesting, the other sets tokens apart and puts narrow labels under the line.
"""

from __future__ import annotations

import zlib
from html import escape
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

from spacy.displacy import EntityRenderer
from spacy.tokens import Doc

from .entities import Entity

STYLE_SHEET = Path(__file__).with_name("page.css")


class HtmlPage:
    """Writes a page piece by piece: `header`, `sections` of each document, `footer`."""

    def __init__(self, title: str = "Biomedical entities") -> None:
        self.title = title
        self._colours: Dict[str, str] = EntityRenderer().colors  # by the label in upper case

    def header(self) -> str:
        """RETURNS (str): the page up to the first document, with its style sheet."""
        style = STYLE_SHEET.read_text(encoding="utf-8")
        title = escape(self.title)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        )

    def sections(self, name: str, doc: Doc, entities: Sequence[Entity]) -> Iterator[str]:
        """Draw one document.

        name (str): its heading.
        doc (Doc): the document.
        entities (Sequence[Entity]): what to mark in it; they may nest, overlap, or cover the same characters.
        YIELDS (str): pieces of HTML, in order; text and labels are escaped.
        """
        yield f"<h2>{escape(name)}</h2>\n"
        if len(doc):
            yield '<div class="entities">'
            yield from self._marked(doc.text, entities)
            yield "</div>\n"

    def footer(self) -> str:
        """RETURNS (str): the end of the page."""
        return "</body>\n</html>\n"

    def _marked(self, text: str, entities: Sequence[Entity]) -> Iterator[str]:
        """The text, cut wherever an entity begins or ends. HTML can't cross marks: where entities cross, the later one is closed
        at the earlier one's end, and goes on behind it."""
        waiting = sorted(entities, key=lambda entity: (entity.start, -entity.end))[::-1]  # the next one last, outer before inner
        ends = sorted({*(entity.start for entity in entities), *(entity.end for entity in entities), len(text)})
        open_: List[Entity] = []
        here = 0
        for there in ends:
            yield escape(text[here:there], quote=False)
            here, cut = there, []
            while any(entity.end <= here for entity in open_):
                entity = open_.pop()
                yield f"{_label(entity)}</mark>" if entity.end <= here else "</mark>"
                if entity.end > here:
                    cut.append(entity)
            begun = []
            while waiting and waiting[-1].start <= here:
                begun.append(waiting.pop())
            for entity in [*reversed(cut), *begun]:
                open_.append(entity)
                yield f'<mark style="background: {self._colour(entity.label)}">'

    def _colour(self, label: str) -> str:
        """The colour that is registered for a label, or else one of its own, the same on every page."""
        return self._colours.get(label.upper()) or f"hsl({zlib.crc32(label.encode()) % 360}, 65%, 82%)"


def _label(entity: Entity) -> str:
    return f"<small>{escape(entity.label)} <i>{entity.score:.2f}</i></small>"
