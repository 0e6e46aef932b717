"""Sentences that the model did not copy letter by letter, and the splitter that finds their like."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.tasks import Tally
from spacy_gliner_biomed.distill.tasks.sentences import split_sentences
from spacy_gliner_biomed.distill.tasks.summarisation import nearest_sentence

from .making import TEXT, make_row, marked


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


def test_sentences() -> None:
    """Full stops inside abbreviations and numbers end nothing; line ends do."""
    text = 'We gave 2.5 mg (cf. Fig. 2). It "worked." See Smith et al. 2020!\nE. coli died? 30% of it'
    first = ["We gave 2.5 mg (cf. Fig. 2).", 'It "worked."', "See Smith et al. 2020!"]
    assert sentences(text) == [*first, "E. coli died?", "30% of it"]


@settings(deadline=None)
@given(st.text(alphabet="aB. \n?!\"')(1", max_size=60))
def test_sentences_hold_all_that_is_visible(text: str) -> None:
    """In order, without overlap, and nothing but white space between them."""
    spans = list(split_sentences(text))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(start < end and text[start:end].strip() == text[start:end] for start, end in spans)
    assert all(first[1] <= second[0] for first, second in zip(spans, spans[1:], strict=False))


def test_a_reworded_sentence_snaps_to_the_nearest() -> None:
    """By the Jaccard index of words, and it is counted."""
    tally = Tally()
    answer = {"instruction": "Summarise.", "answers": ["Aspirin has lowered fever in 12 people"]}
    assert marked(make_row("summarisation", answer, tally=tally)) == [("Aspirin lowered fever in 12 people.", "match")]
    assert tally.statuses == {"snapped": 1}


def test_without_a_near_sentence_there_is_none() -> None:
    """The seed takes the last sentence of the text, whatever it says."""
    tally = Tally()
    answer = {"instruction": "Summarise.", "answers": ["Nothing of this kind was ever written here"]}
    assert make_row("summarisation", answer, tally=tally) is None
    assert tally.statuses == {"failed": 1} and tally.dropped == {"nothing of the answer stands in the passage": 1}
    both = {"instruction": "Summarise.", "answers": [*answer["answers"], "Ibuprofen did not."]}
    row = make_row("summarisation", both)
    assert marked(row) == [("Ibuprofen did not.", "match")] and row is not None and row.partial


def test_the_threshold_is_half() -> None:
    """Half of the words in common is enough, less is not; of two as near the first counts."""
    assert nearest_sentence("One two. Three four.", "one") == (0, 8)
    assert nearest_sentence("One two. Three four.", "one five") is None
    assert nearest_sentence("One two. Two one.", "one two") == (0, 8)
    assert nearest_sentence("", "one") is None and nearest_sentence("...", "...") is None


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["red", "blue", "green"]), min_size=1, max_size=6), st.sets(st.sampled_from(["red", "blue", "grey"]))
)
def test_nearest_against_brute_force(words: list[str], wanted: set[str]) -> None:
    """The first of the sentences with the highest index."""
    text = " ".join(f"{word.capitalize()} {words[0]}." for word in words)
    scores = [(len({word, words[0]} & wanted) / len({word, words[0]} | wanted)) for word in words]
    found = nearest_sentence(text, " ".join(sorted(wanted)))
    if max(scores) < 0.5:
        assert found is None
    else:
        assert found == list(split_sentences(text))[scores.index(max(scores))]


def test_order_and_repetition() -> None:
    """Sentences stand in the order of the text, each once."""
    answers = ["Ibuprofen did not.", "Aspirin lowered fever in 12 people.", "Ibuprofen did not"]
    row = make_row("summarisation", {"instruction": "Summarise.", "answers": answers[:2]})
    assert [words for words, _ in marked(row)] == ["Aspirin lowered fever in 12 people.", "Ibuprofen did not."]
    assert TEXT.count("Ibuprofen") == 1
