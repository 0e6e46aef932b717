"""Offsets for any text, with spaCy's tokens and with GLiNER's words."""

from __future__ import annotations

import unicodedata

import pytest
import spacy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.scorer.words import split_words
from spacy_gliner_biomed.word_tokenizer import WordsTokenizer
from tests.component.pipelines import LABELS, blank, folder_nlp, found, phrase_nlp, scorer_of, spans

# What real text holds besides letters: emoji with modifiers, combining marks, line ends, odd blanks, invisible and
# right-to-left characters, and what tokenizers drop.
ODD = (
    "😀", "👩🏽‍⚕️", "🧬", "e\u0301", "a\u0308\u0323", "\r\n", "\r", "\n\n", "\t", " ", "  ", "\u00a0", "\u3000", "\u2009",
    "\u200b", "\u200d", "\u00ad", "\ufeff", "\u202e", "خلية", "سرطان", "תא", "日本", "β-catenin", "IL-2R", "EGFR+", "...",
    "\x00", "\x01", "\u0085", "\u2028", "ﬁ", "𝔸", "\U0010ffff",
)  # fmt: skip
texts = st.lists(st.sampled_from(ODD) | st.text(max_size=4) | st.sampled_from(["drug", "of", "X"]), max_size=15).map(
    "".join
)
spoken = texts.filter(lambda text: not any(unicodedata.category(letter) == "Cs" for letter in text))


@settings(max_examples=300, deadline=None)
@given(text=spoken)
@example(text=" a  b ")
@example(text="a\r\nb")
@example(text="\u00a0a")
def test_words_tokenizer(text):
    """Tokens are GLiNER's words and the white space between them; the text comes back whole."""
    doc = TOKENIZER(text)
    assert doc.text == text
    words, starts, ends = split_words(text)
    tokens = [token for token in doc if token.text.strip()]
    assert [token.text for token in tokens] == words
    assert [token.idx for token in tokens] == starts.tolist()
    assert [token.idx + len(token) for token in tokens] == ends.tolist()
    assert all(token.text.isspace() for token in doc if not token.text.strip())


def test_words_tokenizer_in_a_pipeline(tmp_path):
    """Registered, streaming, and back from disk and bytes."""
    nlp = blank(words=True)
    assert [token.text for token in nlp("IL-2R (p<0.05)")] == ["IL-2R", "(", "p", "<", "0", ".", "05", ")"]
    assert [doc.text for doc in nlp.tokenizer.pipe(["a b", "c"])] == ["a b", "c"]
    nlp.to_disk(tmp_path / "words")
    for again in (spacy.load(tmp_path / "words"), blank(words=True).from_bytes(nlp.to_bytes())):
        assert isinstance(again.tokenizer, WordsTokenizer)
        assert [token.text for token in again("IL-2R+")] == ["IL-2R", "+"]


def test_finer_words_in_a_pipeline(tmp_path):
    """By the tokenizer's setting, kept on disk; another value is refused."""
    tokenizer = {"@tokenizers": "spacy_gliner_biomed.Words.v1", "words": "punctuation"}
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": tokenizer}})
    nlp.to_disk(tmp_path / "words")
    assert [token.text for token in spacy.load(tmp_path / "words")("IL-2R+")] == ["IL", "-", "2R", "+"]
    with pytest.raises(ValueError, match="words of the tokenizer is 'letters'; choose from"):
        spacy.blank("en", config={"nlp": {"tokenizer": {**tokenizer, "words": "letters"}}})


@pytest.mark.filterwarnings("ignore:.*share a token")
@settings(max_examples=150, deadline=None)
@given(text=spoken)
@example(text="a\u200b\u200bb 👩🏽‍⚕️ drug\r\n\r\nX")
@example(text="β-catenin\u200bβ-catenin")
def test_offsets_are_right_for_any_text(text):
    """Every word is a hit of a scorer that finds each word by itself: the group's offsets are those of the words, and spans
    cover them, whatever the pipeline's tokens; of two words that share a token, flat decoding keeps one and says so."""
    words, starts, ends = split_words(text)
    for nlp in (EVERY_WORD, EVERY_WORD_WORDS):
        doc = nlp(text)
        assert doc.text == text
        offsets = set(zip(starts.tolist(), ends.tolist(), strict=True))
        for start, end, _, (hit_start, hit_end) in found(doc):
            assert (hit_start, hit_end) in offsets
            assert start <= hit_start < hit_end <= end
            assert doc.text[hit_start:hit_end].strip()
        covered = {token.i for span in doc.spans["gliner"] for token in span}
        for start, end in offsets:  # each word is placed, or lost a token that it shares with another word
            tokens = doc.char_span(start, end, alignment_mode="expand")
            assert covered & set(range(tokens.start, tokens.end))
    doc = EVERY_WORD_WORDS(text)
    assert {token.i for span in doc.spans["gliner"] for token in span} == {token.i for token in doc if token.text.strip()}
    assert [offset for *_, offset in found(doc)] == list(zip(starts.tolist(), ends.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(text=spoken, labels=st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=3, unique=True))
def test_a_network_reads_any_text_with_any_labels(network, text, labels):
    """Whatever the text and the labels: spans that lie in the text, or one clear refusal of a label."""
    for nlp in network:
        try:
            doc = nlp(text, component_cfg={"gliner_biomed": {"labels": labels, "threshold": 0.1}})
        except ValueError as error:
            assert str(error).startswith(("The label", "The labels"))
            continue
        for start, end, label, (hit_start, hit_end) in found(doc):
            assert 0 <= start <= hit_start < hit_end <= end <= len(text)
            assert label in labels
            assert not text[hit_start].isspace() and not text[hit_end - 1].isspace()


@pytest.fixture(scope="module")
def network(request):
    """A bi- and a uni-encoder on spaCy's own tokens."""
    return [folder_nlp(request.getfixturevalue(name), labels=LABELS) for name in ("bi_folder", "uni_folder")]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("😀 drug", [(2, 6)]),
        ("cafe\u0301 drug", [(6, 10)]),
        ("a\r\n\r\ndrug\r\n", [(5, 9)]),
        ("a\u00a0drug\u00a0b", [(2, 6)]),
        ("\u200bdrug\u200b", [(1, 5)]),
        ("سرطان drug תא", [(6, 10)]),
        ("\u202edrug\u202c", [(1, 5)]),
        ("\ufeffdrug", [(1, 5)]),
        ("👩🏽‍⚕️drug", [(5, 9)]),
    ],
)
@pytest.mark.parametrize("words", [False, True])
def test_offsets_by_example(text, expected, words):
    """Characters are Unicode code points, as everywhere in spaCy."""
    nlp = phrase_nlp({"drug": {"L": 0.9}}, labels=["L"], words=words)
    doc = nlp(text)
    assert [offset for *_, offset in found(doc)] == expected
    assert all("drug" in span.text for span in doc.spans["gliner"])
    if words:
        assert spans(doc) == [("drug", "L")]


class _Everything(dict):
    """Finds every word by itself."""

    def get(self, phrase, default=None):
        return {"L": 0.9} if len(phrase) == 1 else {}


def _every_word(words: bool):
    nlp = phrase_nlp({}, labels=["L"], words=words)
    scorer_of(nlp).phrases = _Everything()
    return nlp


TOKENIZER = blank(words=True).tokenizer
EVERY_WORD, EVERY_WORD_WORDS = _every_word(False), _every_word(True)
