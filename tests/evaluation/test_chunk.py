"""Chunks: within their budget, and no mention is cut or lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Discontinuous, Mention
from spacy_gliner_biomed.evaluation.chunk import Chunker, negatives, plan_borders, read_tokenizer
from spacy_gliner_biomed.scorer.words import split_words

WORDS = st.sampled_from(["a", "IL-2", "hyperkalaemia", "β", "(", "the  ", "\n", "supercalifragilistic", " ", "　"])


@st.composite
def passages(draw: st.DrawFn) -> AnnotatedPassage:
    """A text with mentions anywhere in it: nested, crossing, in pieces, beginning or ending in a blank."""
    text = " ".join(draw(st.lists(WORDS, min_size=1, max_size=40)))
    n_mentions = draw(st.integers(0, 6))
    position = st.integers(0, len(text))
    spans = [sorted(draw(st.tuples(position, position))) for _ in range(n_mentions)]
    mentions = sorted({Mention(start, end, "x") for start, end in spans if start < end})
    cuts = sorted(draw(st.sets(position, min_size=4, max_size=4))) if len(text) > 3 and draw(st.booleans()) else []
    pieces = (Discontinuous(((cuts[0], cuts[1]), (cuts[2], cuts[3])), "y"),) if cuts else ()
    return AnnotatedPassage("p", text, tuple(mentions), "d", "c", ("x", "y", "z"), pieces)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The embedded model's."""
    return read_tokenizer()


@pytest.fixture(scope="module")
def chunker(tokenizer: Tokenizer) -> Chunker:
    """Making one takes longer than a passage; the tests set its budget."""
    return Chunker(tokenizer)


@settings(deadline=None)
@given(passage=passages(), budget=st.integers(1, 12))
def test_nothing_is_lost(passage: AnnotatedPassage, budget: int, chunker: Chunker) -> None:
    """The chunks, joined, are the passage: its text, and each mention once, in its own words."""
    chunker.max_subwords = budget
    chunks = list(chunker.chunk(passage))
    assert passage.text == "".join(chunk.passage.text for chunk in chunks)
    assert [chunk.start for chunk in chunks] == [
        sum(len(earlier.passage.text) for earlier in chunks[:number]) for number in range(len(chunks))
    ]
    mentions = [
        (start + chunk.start, end + chunk.start, label)
        for chunk in chunks
        for start, end, label in chunk.passage.mentions
    ]
    assert sorted(passage.mentions) == sorted(mentions)
    in_pieces = [
        (tuple((start + chunk.start, end + chunk.start) for start, end in fragments), label)
        for chunk in chunks
        for fragments, label in chunk.passage.discontinuous
    ]
    assert list(passage.discontinuous) == in_pieces
    assert {"d"} == {chunk.passage.document for chunk in chunks}
    assert len(chunks) == len({chunk.passage.id for chunk in chunks})


@settings(deadline=None)
@given(passage=passages(), budget=st.integers(1, 12))
def test_borders_are_where_a_plain_search_puts_them(passage: AnnotatedPassage, budget: int, chunker: Chunker) -> None:
    """Word by word: a chunk takes words up to the last border within its budget, or to the first one where none is."""
    chunker.max_subwords = budget
    words, starts, _ = split_words(passage.text)
    sizes = [chunker.count(word) for word in words]
    spans = [(start, end) for start, end, _ in passage.mentions]
    spans += [(fragments[0][0], fragments[-1][1]) for fragments, _ in passage.discontinuous]

    def may_begin(word: int) -> bool:
        return not any(start < starts[word] < end for start, end in spans)

    expected, first = [], 0
    while sum(sizes[first:]) > budget:
        fitting = [w for w in range(first + 1, len(words)) if may_begin(w) and sum(sizes[first:w]) <= budget]
        beyond = [w for w in range(first + 1, len(words)) if may_begin(w) and sum(sizes[first:w]) > budget]
        if not fitting and not beyond:
            break
        first = fitting[-1] if fitting else beyond[0]
        expected.append(int(starts[first]))
    assert expected == [chunk.start for chunk in chunker.chunk(passage)][1:]


def test_the_worked_example() -> None:
    """The one in the module's docstring: 17 words of one sub-word each, a budget of 6."""
    starts = np.arange(17) * 2
    extents = [(6, 11), (20, 29), (24, 27)]  # words 3–5, 10–14, and 12–13 inside
    assert [12, 20, 32] == plan_borders(np.arange(18), starts, extents, 6)


def test_a_chain_longer_than_the_budget_stays_whole(tokenizer: Tokenizer) -> None:
    """Crossing mentions all through: one chunk, however long."""
    text = "word " * 49
    chain = tuple(Mention(start, start + 9, "x") for start in range(0, 240, 5))
    (chunk,) = Chunker(tokenizer, 4).chunk(AnnotatedPassage("p", text, chain))
    assert (text, 48) == (chunk.passage.text, len(chunk.passage.mentions))


def test_a_passage_that_fits_is_left_alone(tokenizer: Tokenizer) -> None:
    """Its id too."""
    passage = AnnotatedPassage("p", "Aspirin.", (Mention(0, 7, "drug"),))
    assert [(0, passage)] == list(Chunker(tokenizer).chunks([passage]))


def test_padding_and_truncation_of_the_callers_tokenizer_do_not_count() -> None:
    """Other libraries leave them switched on."""
    tokenizer = read_tokenizer()
    expected = Chunker(tokenizer).count("one two three four five")
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=64)
    assert expected == Chunker(tokenizer).count("one two three four five") >= 5


def test_negatives_are_counted_anew() -> None:
    """What was looked for and is not there; a mention in pieces is there."""
    passage = AnnotatedPassage("p", "a b c", (Mention(0, 1, "x"),), discontinuous=(Discontinuous(((0, 1), (4, 5)), "y"),))
    assert ("z", "w") == negatives(passage, ["x", "z", "y", "w"])
    assert () == negatives(AnnotatedPassage("p", "a", labels=()), ["x"])


def test_tokenizers_that_are_none(tmp_path: Path) -> None:
    """One sentence each."""
    with pytest.raises(FileNotFoundError, match="There is no tokenizer"):
        read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(ValueError, match="tokenizer.json' can't be read"):
        read_tokenizer(tmp_path)
    with pytest.raises(ValueError, match="A chunk of 0 sub-words"):
        Chunker(read_tokenizer(), 0)
