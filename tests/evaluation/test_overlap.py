"""What a benchmark shares with training texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation import overlap
from spacy_gliner_biomed.evaluation.overlap import TrainingTexts

THIRTEEN = "one two three four five six seven eight nine ten eleven twelve thirteen"


def compare(training: list[str], texts: list[str], n: int = 13) -> overlap.Overlap:
    """RETURNS (Overlap): of texts with training texts."""
    known = TrainingTexts(n)
    for text in training:
        known.add(text)
    return known.compare(AnnotatedPassage(str(number), text) for number, text in enumerate(texts))


def test_thirteen_words_in_a_row_are_shared() -> None:
    """Whatever their case and punctuation, and what stands around them; twelve are not."""
    found = compare(
        [f"Before, {THIRTEEN} and after."],
        [f"Else: {THIRTEEN.upper().replace(' ', ', ')}!", THIRTEEN.removesuffix(" thirteen") + " others", "Nothing."],
    )
    assert (3, 1, 1) == (found.passages, found.passages_shared, found.passages_too_short)
    assert 2 + 1 + 0 == found.n_grams and 1 == found.n_grams_shared
    assert [("0", THIRTEEN)] == found.examples
    assert 1 / 3 == found.share == found.to_dict()["share"]
    assert "1 of 3 passages (33.3 %) share 13 words in a row with the training texts; 0 belong" in found.sentence()
    assert "1 are shorter than 13 words" in found.sentence()


def test_order_counts() -> None:
    """The same words in another order are another text."""
    assert 0 == compare([THIRTEEN], [" ".join(reversed(THIRTEEN.split()))]).passages_shared


def test_short_texts_are_compared_whole() -> None:
    """With short training texts, not with parts of longer ones; and fewer than five words say nothing."""
    short = "Aspirin helps against fever, too."
    assert 1 == compare([short], [short.upper()]).passages_shared
    assert 0 == compare([f"{short} {THIRTEEN}"], [short]).passages_shared
    assert 0 == compare(["Aspirin helps against fever."], ["Aspirin helps against fever."]).passages_shared


def test_documents_of_the_same_name() -> None:
    """Only names that mean the same everywhere: a PubMed id does, a row's number does not."""
    known = TrainingTexts()
    known.add_passages(
        [AnnotatedPassage("a", "x y", doc_id="10192393"), AnnotatedPassage("12", "z"), AnnotatedPassage("NCT00050349", "q")]
    )
    benchmark = [
        AnnotatedPassage("b", "u", doc_id="10192393"),
        AnnotatedPassage("12", "v"),
        AnnotatedPassage("c", "w", doc_id="NCT00050349"),
    ]
    assert 2 == known.compare(benchmark).passages_of_known_documents


def test_nothing_shares_with_nothing() -> None:
    """Empty texts, no texts, no training."""
    assert 0.0 == compare([], []).share
    assert 0 == compare([], [THIRTEEN]).passages_shared
    assert 0 == compare(["", "..."], ["", "!"]).passages_shared
    with pytest.raises(ValueError, match="An n-gram of 0 words"):
        TrainingTexts(0)


TEXTS = st.lists(st.text(alphabet="ab .,Bé_", max_size=30), max_size=8)


@settings(deadline=None)
@given(training=TEXTS, texts=TEXTS, n=st.integers(1, 7), block=st.integers(1, 20))
def test_a_plain_set_of_n_grams_agrees(training: list[str], texts: list[str], n: int, block: int) -> None:
    """However often the hashes are merged."""

    def n_grams(text: str) -> list[tuple[str, ...]]:
        words = re.findall(r"[^\W_]+", text.casefold())
        n_windows = len(words) - n + 1 if len(words) >= n else int(len(words) >= 5)
        return [tuple(words[i : i + n]) for i in range(n_windows)]

    known = {gram for text in training for gram in n_grams(text)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlap, "BLOCK", block)
        found = compare(training, texts, n)
    assert sum(any(gram in known for gram in n_grams(text)) for text in texts) == found.passages_shared
    assert sum(gram in known for text in texts for gram in n_grams(text)) == found.n_grams_shared
    assert sum(len(n_grams(text)) for text in texts) == found.n_grams
    texts_known = TrainingTexts(n)
    for text in training:
        texts_known.add(text)
    assert len(known) == len(texts_known)
