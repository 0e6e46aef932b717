"""The HTML page."""

from __future__ import annotations

import re
import time
from html import unescape

import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_gliner_biomed.annotate.entities import Entity
from spacy_gliner_biomed.annotate.html import HtmlPage

NLP = spacy.blank("en")


def entity(doc: Doc, start: int, end: int, label: str = "disease", score: float = 0.5) -> Entity:
    span = doc.char_span(start, end, alignment_mode="expand")
    return Entity(start, end, label, score, span.start, span.end)


def draw(doc: Doc, *entities: Entity, name: str = "x") -> str:
    return "".join(HtmlPage().sections(name, doc, entities))


def test_entities_are_marked_in_the_text() -> None:
    """With label and score behind."""
    doc = NLP("Aspirin for fever.")
    drawn = draw(doc, entity(doc, 0, 7, "drug", 0.96875), entity(doc, 12, 17))
    assert ["Aspirin", "fever"] == re.findall(r"<mark[^>]*>(.*?)<small>", drawn)
    assert [("drug", "0.97"), ("disease", "0.50")] == re.findall(r"<small>(\w+) <i>(.*?)</i>", drawn)


def bare(drawn: str) -> str:
    """RETURNS (str): the marks of a drawing, without colours and scores."""
    return re.sub(r" <i>.*?</i>| style=\"[^\"]*\"", "", drawn.removeprefix("<h2>x</h2>\n"))


def test_nested_entities_are_marks_in_marks() -> None:
    """The outer one's label comes last; equal ones are in the order given."""
    doc = NLP("breast cancer")
    drawn = draw(doc, entity(doc, 0, 6, "anatomy"), entity(doc, 0, 13), entity(doc, 0, 13, "tumour"))
    inner = "<mark>breast<small>anatomy</small></mark>"
    outer = f"<mark><mark>{inner} cancer<small>tumour</small></mark><small>disease</small></mark>"
    assert f'<div class="entities">{outer}</div>\n' == bare(drawn)


def test_entities_that_cross() -> None:
    """The later one is drawn in two pieces, with one label."""
    doc = NLP("a b c")
    drawn = draw(doc, entity(doc, 0, 3, "one"), entity(doc, 2, 5, "two"))
    pieces = "<mark>a <mark>b</mark><small>one</small></mark><mark> c<small>two</small></mark>"
    assert f'<div class="entities">{pieces}</div>\n' == bare(drawn)


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
    """The same each time."""
    doc = NLP("breast cancer\nfever")
    new = "something new"
    drawn = draw(doc, entity(doc, 0, 13, new), entity(doc, 0, 6, new), entity(doc, 14, 19, new))
    [colour] = set(re.findall(r"background: (.*?)\"", drawn))
    assert colour.startswith("hsl(")
    assert colour not in draw(doc, entity(doc, 0, 13, "something else"))


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


def test_many_entities() -> None:
    """Tens of thousands of lines are drawn in a moment, each entity once."""
    doc = Doc(NLP.vocab, words=["fever", "\n"] * 20_000, spaces=[False] * 40_000)
    entities = [Entity(6 * line, 6 * line + 5, "disease", 0.5, 2 * line, 2 * line + 1) for line in range(20_000)]
    started = time.perf_counter()
    assert 20_000 == draw(doc, *entities).count("<small>")
    assert time.perf_counter() - started < 5


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.sampled_from(["fever", "β-cell", "😀", "<i>", "&", "\n", "a"]), min_size=1, max_size=30),
    spans=st.lists(st.tuples(st.integers(0, 29), st.integers(1, 5)), max_size=6),
)
def test_no_word_is_lost(words: list[str], spans: list[tuple[int, int]]) -> None:
    """Whatever is marked, the page holds every character of the text, and every entity once."""
    doc = Doc(NLP.vocab, words=words)
    entities = []
    for first, width in spans:
        span = doc[first : first + width]
        if span.text.strip():
            entities.append(Entity(span.start_char, span.end_char, "disease", 0.5, span.start, span.end))
    drawn = draw(doc, *entities)
    assert len(entities) == drawn.count("<small>") and drawn.count("<mark") == drawn.count("</mark>")
    drawn = re.sub(r"<small>.*?</small>", "", drawn, flags=re.S).removeprefix("<h2>x</h2>\n").removesuffix("\n")
    assert doc.text == unescape(re.sub(r"<[^>]+>", "", drawn))
