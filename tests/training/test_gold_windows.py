"""Gold characters → targets on the model's words, window by window."""

from __future__ import annotations

import warnings

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_gliner_biomed.scorer import SpanLoss, SpanScorer
from spacy_gliner_biomed.scorer.training import batch_loss
from spacy_gliner_biomed.training.examples import GoldReport, to_windows
from spacy_gliner_biomed.training.reader import to_example
from tests.scorer.tiny import make_scorer

NLP = spacy.blank("en")


@pytest.fixture(scope="module")
def scorer() -> SpanScorer:
    """Spans of up to four words, windows of 24."""
    return make_scorer("bi", pass_rate=0.0)


def example(text: str, *entities, labels=("a",)) -> Example:
    """RETURNS (Example): a passage; entities as (start, end, label)."""
    rows = [{"start": start, "end": end, "label": label} for start, end, label in entities]
    return to_example(NLP, {"text": text, "entities": rows, "labels": list(labels), "where": "x"}, {}, "gliner")


def windows_of(scorer, examples, window=24, labels=("fallback",), report=None):
    """RETURNS (list): the training windows."""
    read = {"a": "label a"}
    return to_windows(
        examples, scorer, lambda name: read.get(name, name), labels, "gliner", window, report or GoldReport()
    )


def test_spans_on_words(scorer):
    """First and last word, and the text that the model reads for the label."""
    report = GoldReport()
    [window] = windows_of(scorer, [example("the left ventricle was tested", (4, 18, "a"))], report=report)
    assert window.spans == [(1, 2, "label a")]
    assert list(window.labels) == ["label a"]
    assert len(window.words) == 5
    assert report == GoldReport(mentions=1)


def test_mentions_that_cut_words_are_widened_and_counted(scorer):
    """To whole words; two mentions of a label that meet there are one."""
    report = GoldReport()
    passage = example("IL-2R binds", (0, 4, "a"), (3, 5, "a"), (3, 5, "b"), labels=["a", "b"])
    [window] = windows_of(scorer, [passage], report=report)
    assert sorted(window.spans) == [(0, 0, "b"), (0, 0, "label a")]
    assert (report.mentions, report.widened) == (3, 3)


def test_mentions_that_cannot_be_learnt_give_one_warning(scorer):
    """However many there are."""
    report, wide = GoldReport(), example("one two three four five", (0, 23, "a"))
    with pytest.warns(UserWarning, match="wider than this model's 4 words or cross a window"):
        windows_of(scorer, [wide], report=report)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        windows_of(scorer, [wide], report=report)


def test_mentions_that_are_too_wide_are_counted(scorer):
    """They are no target; their label is still one that the passage has."""
    report = GoldReport()
    [window] = windows_of(scorer, [example("a b c d e f", (0, 9, "a"), (0, 7, "a"))], report=report)
    assert window.spans == [(0, 3, "label a")]
    assert report.too_wide == 1


def test_long_passages_are_cut_without_overlap(scorer):
    """A mention counts in the window it begins in, unless it leaves it."""
    report = GoldReport()
    words = [f"w{number}" for number in range(24)]
    text = " ".join(words)
    spans = [(text.index("w8"), text.index("w9") + 2, "a"), (text.index("w9"), text.index("w10") + 3, "a")]
    spans.append((text.index("w20"), len(text), "a"))
    found = windows_of(scorer, [example(text, *spans)], window=10, report=report)
    assert [len(window.words) for window in found] == [10, 10, 4]
    assert [window.spans for window in found] == [[(8, 9, "label a")], [], [(0, 3, "label a")]]
    assert report.across == 1


def test_labels_of_a_passage(scorer):
    """What it was annotated for and what it has; without a word about it, the component's labels."""
    one = example("x y", (0, 1, "b"), labels=["a", "c"])
    assert list(windows_of(scorer, [one])[0].labels) == ["label a", "c", "b"]
    doc = Doc(NLP.vocab, words=["x", "y"])
    doc.ents = [Span(doc, 0, 1, "L")]
    [window] = windows_of(scorer, [Example(doc.copy(), doc)])
    assert list(window.labels) == ["fallback", "L"] and window.spans == [(0, 0, "L")]


def test_texts_without_words_give_no_window(scorer):
    """Nothing to read."""
    assert windows_of(scorer, [example("  "), example("")]) == []


def test_mentions_between_words_are_left_out(scorer):
    """White space has no word; the other mentions stay."""
    doc = Doc(NLP.vocab, words=["x", "\n\n", "y"])
    doc.spans["gliner"] = [Span(doc, 1, 2, "a"), Span(doc, 2, 3, "a")]
    [window] = windows_of(scorer, [Example(doc.copy(), doc)])
    assert window.spans == [(1, 1, "label a")]


def test_a_word_longer_than_the_encoder_reads_is_cut(scorer):
    """Training goes on with its beginning, as reading does."""
    passage = example("x " + "-".join("q" * 400) + " y", (0, 1, "a"))
    found = windows_of(scorer, [passage])
    assert max(len(window.words.ids) for window in found) == scorer.room_for_words(["label a"])
    assert sum(len(window.words) for window in found) == 3
    assert batch_loss(scorer, found, SpanLoss()).requires_grad
