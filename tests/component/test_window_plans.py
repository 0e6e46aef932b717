"""Long texts: every word owned once, no window too long, nothing at an edge lost or found twice."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.windows import check_window, plan_windows
from tests.component.pipelines import assert_same, folder_nlp, found, phrase_nlp, scorer_of, spans
from tests.support import texts


def bounds_of(counts) -> np.ndarray:
    """RETURNS (ndarray): sub-word bounds of words with these many sub-words."""
    return np.concatenate([[0], np.cumsum(np.asarray(counts, dtype=np.int64))])


plans = st.tuples(
    st.lists(st.integers(0, 6) | st.integers(0, 60), max_size=120),  # sub-words of each word
    st.integers(1, 6),  # max_width
    st.integers(1, 40),  # words of a window beyond two span widths
    st.integers(0, 100),  # of the stride
    st.integers(1, 80),  # sub-words of a window
)


@settings(max_examples=400, deadline=None)
@given(plans)
@example(([1] * 40, 6, 20, 0, 8))
@example(([3, 60, 60, 3, 3], 2, 5, 0, 50))
def test_plans(plan):
    """Windows cover the text in order, within both limits, and own every word once."""
    counts, max_width, extra, offset, room = plan
    window = 2 * max_width + extra
    stride = check_window(window, 1 + offset % extra, max_width)
    windows = plan_windows(bounds_of(counts), window, stride, room, max_width)
    owned = [word for w in windows for word in range(w.own_start, w.own_end)]
    assert owned == list(range(len(counts)))
    for number, w in enumerate(windows):
        assert w.start <= w.own_start <= w.own_end <= w.end
        assert 1 <= w.end - w.start <= window
        assert sum(counts[w.start : w.end]) <= room or w.end - w.start == 1
        assert number == 0 or w.start > windows[number - 1].start
    if all(sum(counts[i : i + max_width + 1]) <= room for i in range(len(counts))):
        for w in windows[:-1]:
            assert w.own_end == w.own_start or w.own_end - 1 + max_width <= w.end


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.integers(1, 12), st.integers(1, 100))
def test_plans_of_short_words(n_words, max_width, extra):
    """Where the window's words decide, windows begin a stride apart, and both sides of an edge have context to spare."""
    window = 2 * max_width + extra
    stride = check_window(window, None, max_width)
    assert 1 <= stride <= extra
    windows = plan_windows(bounds_of([1] * n_words), window, stride, 10_000, max_width)
    assert [w.start for w in windows] == [number * stride for number in range(len(windows))]
    for one, other in zip(windows, windows[1:], strict=False):
        assert one.own_end == other.own_start
        assert one.end - one.own_end >= max_width - 1
        assert other.own_start - other.start >= max_width - 1
    assert not windows or windows[-1].own_end == n_words


def test_plans_without_overlap():
    """In training windows share no word."""
    windows = plan_windows(bounds_of([1] * 25), 10, 10, 100)
    assert [(w.start, w.end, w.own_start, w.own_end) for w in windows] == [
        (0, 10, 0, 10),
        (10, 20, 10, 20),
        (20, 25, 20, 25),
    ]


def test_windows_that_do_not_overlap_enough_are_refused():
    """By two span widths; the messages say what goes."""
    assert check_window(384, None, 12) == 288
    assert check_window(30, None, 12) == 6
    assert check_window(30, 6, 12) == 6
    with pytest.raises(
        ValueError, match="A window of 24 words is too short: .* 12 words wide, so it needs more than 24"
    ):
        check_window(24, None, 12)
    with pytest.raises(ValueError, match="A stride of 7 words does not fit a window of 30: .* from 1 to 6"):
        check_window(30, 7, 12)
    with pytest.raises(ValueError, match="A stride of 0 words"):
        check_window(30, 0, 12)


@pytest.mark.parametrize("options", [{}, {"window": 12, "stride": 1}, {"window": 9}, {"window": 300}])
@pytest.mark.parametrize("room", [1000, 13, 5])
def test_spans_at_any_edge_are_found_once(options, room):
    """A marked span at every place of a long text, under several windows, up to the widest span."""
    phrases = {"a": {"L": 0.9}, "a b": {"L": 0.8}, "a b c d": {"L": 0.7}}
    nlp = phrase_nlp(phrases, words=True, labels=["L"], scorer={"room": room}, **options)
    pipe = nlp.get_pipe("gliner_biomed")
    for place in range(60):
        text = " ".join(["x"] * place + ["a b c d"] + ["x"] * (60 - place))
        [hits] = pipe.predict([nlp.make_doc(text)])
        assert sorted((text[s:e], n) for s, e, n in zip(hits.start, hits.end, hits.score.round(2), strict=True)) == [
            ("a", np.float32(0.9)),
            ("a b", np.float32(0.8)),
            ("a b c d", np.float32(0.7)),
        ]


def test_many_spans_over_many_windows():
    """Every mention of a text of thousands of words, whatever the number of sub-words."""
    phrases = {"left ventricle": {"organ": 0.9}, "ventricle": {"organ": 0.6}}
    nlp = phrase_nlp(phrases, words=True, labels=["organ"], overlap="flat", scorer={"room": 30, "subwords": len})
    text = "the left ventricle of a ventricle . " * 700
    doc = nlp(text)
    assert spans(doc) == [("left ventricle", "organ"), ("ventricle", "organ")] * 700
    read = scorer_of(nlp).windows
    assert max(len(words) for words in read) <= 20 and max(sum(map(len, words)) for words in read) <= 30


def test_a_word_longer_than_a_window_warns():
    """Its beginning is read; the message says where it stands and how much of it is read."""
    nlp = phrase_nlp({"x": {"L": 0.9}, "x y": {"L": 0.8}}, labels=["L"], scorer={"room": 20, "subwords": len})
    text = f"x {'q' * 50} x y"
    with pytest.warns(UserWarning, match="The word at character 2 has 50 sub-words; this model reads its first 20."):
        doc = nlp(text)
    assert spans(doc) == [("x", "L"), ("x", "L"), ("x y", "L")]


def test_long_texts_through_a_network(folder):
    """A text of many windows: `nlp` and `nlp.pipe` agree, and every reported span is a slice of the text."""
    nlp = folder_nlp(folder, words=True)
    text = texts.make_text(8, 400, odd=0.2)
    doc = nlp(text)
    [again, _] = nlp.pipe([text, "short"], batch_size=2)
    assert_same(doc, again)
    assert len(doc.spans["gliner"]) > 5
    assert len({span[:3] for span in found(doc)}) == len(found(doc))


def test_windows_agree_with_one_big_window_away_from_edges(bi_folder):
    """The first window's own part is read as if the text ended with that window."""
    text = texts.make_text(9, 60)
    small = folder_nlp(bi_folder, words=True, window=24)
    doc = small(text)
    words = small.make_doc(text)
    cut = text[: words[23].idx + len(words[23])]
    own = [span for span in found(doc) if span[0] < words[18].idx]
    alone = [span for span in found(small(cut)) if span[0] < words[18].idx]
    assert own == alone


def test_memory_of_a_long_document_is_bounded():
    """Twice the text does not need twice the windows in memory: they are scored a few hundred at a time."""
    peaks = []
    for n_words in (20_000, 40_000):
        nlp = phrase_nlp({"tau": {"gene": 0.9}}, labels=["gene"], words=True, scorer={"max_len": 100})
        scorer = scorer_of(nlp)
        sizes = []
        score = scorer.score
        scorer.score = lambda windows, *rest, sizes=sizes, score=score: (
            sizes.append(len(windows)),
            score(windows, *rest),
        )[1]
        scorer.windows = Nothing()
        doc = nlp.make_doc("word " * (n_words - 1) + "tau")
        tracemalloc.start()
        [hits] = nlp.get_pipe("gliner_biomed").predict([doc])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(hits.start) == 1
        assert max(sizes) <= 256
    assert peaks[1] < 60_000_000


class Nothing(list):
    """Forgets what it is told."""

    def append(self, item) -> None:
        pass
