"""Words are GLiNER's words, for any text."""

from __future__ import annotations

from gliner.data_processing.tokenizer import WhitespaceTokenSplitter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.scorer.words import split_words
from tests.support import texts

SPLITTER = WhitespaceTokenSplitter()
PIECES = st.sampled_from(
    [*texts.ODD, *texts.EMPTY, *texts.SPACES, *texts.OBJECTS, *texts.MEASURES, "-", "_", "--", "\x00"]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
@example("")
@example("a-b_c--d __ _-_ 1-2-")
@example("x\u2028y\x1cz\u3000\u180e\u200b\ufeff")
def test_split_words(text: str) -> None:
    """The same words at the same offsets as the library's splitter."""
    words, starts, ends = split_words(text)
    assert list(zip(words, starts.tolist(), ends.tolist(), strict=True)) == list(SPLITTER(text))


def test_the_generator_writes_exact_word_counts() -> None:
    """`make_text` keeps its promise, odd fragments included."""
    for seed in range(50):
        assert len(split_words(texts.make_text(seed, seed, odd=0.3, empty=0.3))[0]) == seed
