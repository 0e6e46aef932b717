"""Grounding as a whole: every mention that stands in the text is placed, at offsets that say what they say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.grounding import FAILED, ground
from spacy_gliner_biomed.distill.grounding.folding import fold
from spacy_gliner_biomed.distill.grounding.occurrences import is_whole

TEXTS = st.text(st.sampled_from("aAbB1 -.\u00e9\u0301\u2013\u00df\n"), max_size=14)
MENTIONS = st.lists(st.tuples(st.text(st.sampled_from("aAbB1 -\u00e9\u00df"), max_size=4), st.sampled_from("xy")), max_size=6)


@given(TEXTS, MENTIONS)
def test_all_that_stands_there_is_placed(text: str, mentions: list[tuple[str, str]]) -> None:
    """Exact is exact to the letter, folded to the folding; a mention that the text holds never fails."""
    grounded = ground(text, mentions)
    assert [(each.text, each.type) for each in grounded] == mentions
    for each in grounded:
        surface, span = each.text.strip(), text[each.start : each.end]
        if each.status == FAILED:
            assert (each.start, each.end, each.overlap) == (-1, -1, 0.0)
            assert not surface or surface not in text
        else:
            assert 0 <= each.start < each.end <= len(text)
            assert span.strip()
        if each.status == "exact":
            assert span == surface
        if each.status == "folded":
            assert fold(span) == fold(surface) and span != surface


@given(TEXTS, MENTIONS)
def test_copies_take_places_of_their_own(text: str, mentions: list[tuple[str, str]]) -> None:
    """Mentions of the same words and type share a place only when the words stand nowhere else."""
    grounded = ground(text, mentions)
    for group in set(mentions):
        surface = group[0].strip()
        own = [each for each in grounded if (each.text, each.type) == group and each.status == "exact"]
        starts = [start for start in range(len(text)) if text.startswith(surface, start)] if surface else []
        whole = [start for start in starts if is_whole(text, start, start + len(surface))]
        assert len({each.start for each in own}) >= min(len(own), len(whole))


def test_a_word_rather_than_a_part_of_one() -> None:
    """Placed as a word, in any case, before it is placed inside one; inside one where there is no other place."""
    text = "Prorenin is cut. Renin rises, then renin falls; Bmp2C acts, BMP2 too."
    assert [(each.start, each.status) for each in ground(text, ["renin"])] == [(35, "exact")]
    assert [(each.start, each.status) for each in ground(text, ["renin", "renin"])] == [(3, "exact"), (35, "exact")]
    assert ground(text[:29], ["renin"])[0][3:4] == ("folded",)
    assert ground("prorenin", ["renin"])[0][:2] == (3, 8)
    assert ground(text, ["Bmp2"])[0][:2] == (48, 52)


def test_a_mention_inside_a_longer_one_goes_elsewhere() -> None:
    """ "diabetes" is not put into "type 2 diabetes", which was listed as well, while it stands by itself."""
    text = "Type 2 diabetes is the common diabetes."
    assert [each.start for each in ground(text, ["Type 2 diabetes", "diabetes"])] == [0, 30]
    assert [each.start for each in ground(text[:15], ["Type 2 diabetes", "diabetes"])] == [0, 7]


def test_two_types_may_share_a_place() -> None:
    """One span of two types is placed twice."""
    text = "aspirin and aspirin"
    grounded = ground(text, [("aspirin", "drug"), ("aspirin", "chemical"), ("aspirin", "drug"), ("aspirin", "chemical")])
    assert [each.start for each in grounded] == [0, 0, 12, 12]


def test_blank_mentions_fail() -> None:
    """The converter of the seed gives an empty mention a span whose start lies behind its end, between any two letters."""
    assert [each.status for each in ground("some text", ["", "  ", "\u200b"])] == [FAILED] * 3


def test_words_that_are_a_pattern_are_words() -> None:
    """Nothing in a mention is read as a pattern."""
    text = "IL-2R(alpha) [p < .05] a+b*c"
    assert [text[each.start : each.end] for each in ground(text, ["IL-2R(alpha)", "[p < .05]", "a+b*c"])] == [
        "IL-2R(alpha)",
        "[p < .05]",
        "a+b*c",
    ]


def test_a_long_text_takes_no_long_time() -> None:
    """A runaway list of a short word, in a text full of it, is placed in order."""
    text = "ab " * 2000
    grounded = ground(text, ["ab"] * 200)
    assert [each.start for each in grounded] == list(range(0, 600, 3))
