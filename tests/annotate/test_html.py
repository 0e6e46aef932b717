"""The HTML page."""

from __future__ import annotations

import re
from html import unescape

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_gliner_biomed.annotate import html
from spacy_gliner_biomed.annotate.entities import Entity
from spacy_gliner_biomed.annotate.html import HtmlPage

NLP = spacy.blank("en")


def entity(doc: Doc, start: int, end: int, label: str = "disease", score: float = 0.5) -> Entity:
    span = doc.char_span(start, end, alignment_mode="expand")
    return Entity(start, end, label, score, span.start, span.end)


def draw(doc: Doc, *entities: Entity, name: str = "x") -> str:
    return "".join(HtmlPage().sections(name, doc, entities))


def test_entities_that_lie_apart_are_marked_in_the_text() -> None:
    """displaCy's `ent` style, with the score beside the label."""
    doc = NLP("Aspirin for fever.")
    drawn = draw(doc, entity(doc, 0, 7, "drug", 0.96875), entity(doc, 12, 17))
    assert ["Aspirin", "fever"] == re.findall(r"<mark[^>]*>(.*?)<small>", drawn)
    assert [("drug", "0.97"), ("disease", "0.50")] == re.findall(r"<small>(\w+) <i>(.*?)</i>", drawn)


def test_nested_entities_are_underlined() -> None:
    """displaCy's `span` style, which can draw one inside another."""
    doc = NLP("breast cancer")
    drawn = draw(doc, entity(doc, 0, 13), entity(doc, 0, 6, "anatomical structure"))
    assert "<mark" not in drawn
    assert {"disease", "anatomical structure"} == set(re.findall(r"^\s+(disease|anatomical structure)$", drawn, re.M))


def test_styles_take_turns() -> None:
    """One nested stretch does not change how the next line is drawn."""
    doc = NLP("breast cancer\nfever")
    drawn = draw(doc, entity(doc, 0, 13), entity(doc, 0, 6, "anatomical structure"), entity(doc, 14, 19))
    assert 1 == drawn.count('class="spans"')
    assert 1 == drawn.count("<mark")


def test_text_label_and_name_are_escaped() -> None:
    """Nothing that a user or a text wrote becomes markup."""
    doc = NLP("<script>x</script> & fever\nbreast cancer")
    evil = "<b>&"
    entities = [entity(doc, 21, 26, evil), entity(doc, 27, 40, evil), entity(doc, 27, 33, evil)]
    drawn = draw(doc, *entities, name="<i>")
    assert "<script" not in drawn
    assert "<b>" not in drawn
    assert "<i>\n" not in drawn
    assert 3 == drawn.count("&lt;b&gt;&amp;")


def test_a_known_label_has_its_registered_colour() -> None:
    """The colours that the package registers for displaCy."""
    doc = NLP("fever")
    assert 'style="background: #f4a6a0"' in draw(doc, entity(doc, 0, 5, "disease"))


def test_an_unknown_label_has_a_colour_of_its_own() -> None:
    """The same each time, in both styles."""
    doc = NLP("breast cancer\nfever")
    new = "something new"
    drawn = draw(doc, entity(doc, 0, 13, new), entity(doc, 0, 6, new), entity(doc, 14, 19, new))
    assert 1 == len(set(re.findall(r"background: (hsl\(.*?\))", drawn)))
    assert "#ddd" not in drawn


def test_the_page_needs_no_other_file() -> None:
    """Its style sheet is inside, and nothing is fetched."""
    page = HtmlPage("A & B")
    whole = page.header() + page.footer()
    assert "<style>" in whole
    assert "<title>A &amp; B</title>" in whole
    assert not re.search(r"https?:|src=|href=", whole)


def test_an_empty_document() -> None:
    """It has a heading and nothing else."""
    assert "<h2>x</h2>\n" == draw(NLP(""))


def test_a_long_document_is_cut_between_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block ends at the first token past its size that no entity bridges."""
    monkeypatch.setattr(html, "BLOCK_TOKENS", 2)
    doc = NLP("a b c d e f")
    bridge = Entity(2, 7, "disease", 0.5, 1, 4)
    blocks = [(first, end, inside) for first, end, inside in html._blocks(doc, [bridge])]
    assert [(0, 4, [bridge]), (4, 6, [])] == blocks


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.sampled_from(["fever", "β-cell", "😀", "<i>", "&", "\n", "a"]), min_size=1, max_size=30),
    spans=st.lists(st.tuples(st.integers(0, 29), st.integers(1, 5)), max_size=6),
)
def test_no_word_is_lost(words: list[str], spans: list[tuple[int, int]]) -> None:
    """Whatever is marked, the page holds every character of the text that is not white space."""
    doc = Doc(NLP.vocab, words=words)
    entities = []
    for first, width in spans:
        span = doc[first : first + width]
        if span.text.strip():
            entities.append(Entity(span.start_char, span.end_char, "disease", 0.5, span.start, span.end))
    drawn = re.sub(r"<small>.*?</small>", "", draw(doc, *entities), flags=re.S)
    drawn = re.sub(r"<span[^>]*>\s*disease\s*</span>", "", drawn.removeprefix("<h2>x</h2>"))
    shown = unescape(re.sub(r"<[^>]+>", "", drawn))
    assert "".join(doc.text.split()) == "".join(shown.split())
