"""Words by GLiNER's rule, and sub-words through a tokenizer of our own."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.scorer import EncodedWords, Subwords
from spacy_gliner_biomed.scorer.prompt import Prompt
from spacy_gliner_biomed.scorer.published import find_markers, shift_words
from spacy_gliner_biomed.scorer.words import WORD_PATTERNS, split_words
from tests.scorer.tiny import tokenizer_json


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from(sorted(WORD_PATTERNS)))
def test_words_are_slices_of_the_text(text, splitter):
    """Each word is the text at its offsets, in order, and only white space lies between."""
    words, starts, ends = split_words(text, splitter)
    assert words == [text[start:end] for start, end in zip(starts, ends, strict=True)]
    assert starts.dtype == ends.dtype == np.int64
    position = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        assert position <= start < end
        assert not text[position:start].strip()
        position = end
    assert not text[position:].strip()


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab1-_/ ", max_size=30))
def test_finer_words_are_parts_of_gliners(text):
    """Whatever begins or ends a word of GLiNER's begins or ends a finer one."""
    _, starts, ends = split_words(text)
    _, finer_starts, finer_ends = split_words(text, "punctuation")
    assert set(starts.tolist()) <= set(finer_starts.tolist()) and set(ends.tolist()) <= set(finer_ends.tolist())


def test_finer_words_end_at_hyphens():
    """A mention that GLiNER's words hide can be marked."""
    assert split_words("paracetamol-induced a_b", "punctuation")[0] == ["paracetamol", "-", "induced", "a_b"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("IL-2R a_b--c", ["IL-2R", "a_b", "-", "-", "c"]),
        ("5-FU/EGFR+", ["5-FU", "/", "EGFR", "+"]),
        ("a\u3000b\u00a0c\r\nd", ["a", "b", "c", "d"]),
        ("x\u200by", ["x", "\u200b", "y"]),
        ("cafe\u0301", ["cafe", "\u0301"]),
        ("😀😀", ["😀", "😀"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words_by_example(text, expected):
    """GLiNER's words."""
    assert split_words(text)[0] == expected


@pytest.mark.parametrize("family", ["bert", "deberta-v2"])
def test_subwords_are_those_of_each_word(family, monkeypatch):
    """A list of words has the sub-words of its words, in batches of any size, and bounds that say whose they are."""
    subwords = Subwords(tokenizer_json(family))
    words = ["metformin", "IL-2/IL-6", "qqqq", "\u200b", "two words", "zz"]
    whole = subwords.encode(words)
    parts = [subwords.encode([word]).ids.tolist() for word in words]
    assert whole.ids.tolist() == [i for part in parts for i in part]
    assert np.diff(whole.bounds).tolist() == [len(part) for part in parts]
    monkeypatch.setattr(Subwords, "WORDS_AT_A_TIME", 2)
    again = subwords.encode(words)
    assert again.ids.tolist() == whole.ids.tolist() and again.bounds.tolist() == whole.bounds.tolist()
    assert len(subwords.encode([])) == 0
    middle = whole.part(1, 3)
    assert len(middle) == 2
    assert middle.ids.tolist() == parts[1] + parts[2]
    assert middle.bounds.tolist() == [0, len(parts[1]), len(parts[1]) + len(parts[2])]


def test_padding_and_truncation_are_switched_off():
    """A tokenizer.json that other libraries left padding and cutting does neither here."""
    values = json.loads(tokenizer_json("bert"))
    values["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    values["padding"] = {
        "strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "[PAD]",
    }  # fmt: skip
    subwords = Subwords(json.dumps(values))
    assert len(subwords.encode(["a"] * 10).ids) == 10
    assert len(subwords.encode(["a"]).ids) == 1


def test_special_tokens():
    """[CLS] and [SEP] come from the post-processor; ids and size from the vocabulary, added tokens included."""
    subwords = Subwords(tokenizer_json("bert", markers=True))
    assert (subwords.cls_id, subwords.sep_id) == (subwords.token_id("[CLS]"), subwords.token_id("[SEP]"))
    assert subwords.token_id("<<SEP>>") == len(subwords) - 1
    assert subwords.token_id("no such token") is None
    special = subwords.special_tokens
    assert special[subwords.cls_id] == "[CLS]" and special[subwords.token_id("<<ENT>>")] == "<<ENT>>"


def test_tokenizers_that_can_not_serve_are_refused():
    """No JSON, and no [CLS] and [SEP]."""
    with pytest.raises(ValueError, match="tokenizer.json can't be read"):
        Subwords("{}")
    bare = json.loads(tokenizer_json("bert"))
    bare["post_processor"] = None
    with pytest.raises(ValueError, match="puts 0 special tokens around a text"):
        Subwords(json.dumps(bare))


def test_a_tokenizer_in_which_words_change_their_neighbours_is_refused(monkeypatch):
    """Words are encoded once for all windows of a text, which such a tokenizer would not allow."""
    encode = Subwords.encode
    monkeypatch.setattr(Subwords, "encode", lambda self, words: encode(self, [*words, *["x"] * (len(words) - 1)]))
    with pytest.raises(ValueError, match="reads a word differently after another word"):
        Subwords(tokenizer_json("bert"))


def test_copies_and_pickles_encode_alike():
    """A tokenizer travels as its text."""
    subwords = Subwords(tokenizer_json("deberta-v2"))
    for twin in (copy.deepcopy(subwords), pickle.loads(pickle.dumps(subwords))):
        assert twin.json == subwords.json
        assert twin.encode(["tau"]).ids.tolist() == subwords.encode(["tau"]).ids.tolist()


def test_shift_as_gliner_counts():
    """Words without a sub-word move to the end, so that later words take their places."""
    shifted = shift_words(EncodedWords(np.asarray([5, 6, 7]), np.asarray([0, 1, 1, 3, 3])))
    assert shifted.ids.tolist() == [5, 6, 7]
    assert shifted.bounds.tolist() == [0, 1, 3, 3, 3]


def test_labels_without_subwords_shift_the_text_as_in_gliner():
    """As many words at the start as labels without a sub-word belong to nobody."""
    words = EncodedWords(np.asarray([5, 6, 7, 8]), np.asarray([0, 1, 3, 4]))
    shifted = shift_words(words, n_empty_labels=1)
    assert shifted.bounds.tolist() == [1, 3, 4, 4]
    assert shift_words(words, n_empty_labels=9).bounds.tolist() == [4, 4, 4, 4]


def test_markers_inside_labels_are_found_as_in_gliner():
    """The first places where the marker's id stands, not the places of the labels."""
    prompt = Prompt(np.asarray([9, 1, 9, 9, 2, 8]), np.asarray([0, 3]))  # the first label reads "1 <marker>"
    assert find_markers(prompt, 9, embed_marker=True).label_rows.tolist() == [0, 2]
    assert find_markers(prompt, 9, embed_marker=False).label_rows.tolist() == [1, 3]
