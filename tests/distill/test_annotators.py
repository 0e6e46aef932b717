"""A lexicon and a component answer as a teacher does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.annotate.pipeline import build_pipeline
from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.distill.annotators import answers_of, component_answers, lexicon_answers
from spacy_gliner_biomed.distill.answers import MOST_ENTITIES
from spacy_gliner_biomed.training.silver.evidence import learn
from spacy_gliner_biomed.training.silver.finder import NameFinder
from spacy_gliner_biomed.training.silver.names import LexiconRow, name_table
from spacy_gliner_biomed.training.silver.teacher import LexiconTeacher
from tests.distill.asking import passages


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 9)), max_size=700))
def test_every_mention_is_in_an_answer_about_its_part(found: list) -> None:
    """However many there are; parts are the whole text, in order."""
    text = "abcdefghij" * 100
    mentions = sorted((start, start + length, "label") for start, length in found)
    answers = list(answers_of(Passage("p", text, "own", "d"), mentions, "lexicon"))
    assert answers[0].part[0] == 0 and answers[-1].part[1] == len(text)
    assert all(one.part[1] == other.part[0] for one, other in zip(answers, answers[1:], strict=False))
    written = [entity.text for answer in answers for entity in answer.extraction.entities]
    assert written == [text[start:end] for start, end, _ in mentions]


def test_a_passage_without_mentions_has_an_empty_answer() -> None:
    """It was annotated, and nothing was found."""
    (answer,) = answers_of(Passage("p", "", "own", "d"), [], "lexicon")
    assert answer.part == (0, 0) and answer.extraction.entities == [] and MOST_ENTITIES == 200


def test_a_mention_too_long_for_an_answer_ends_no_run() -> None:
    """It is left out and counted where somebody counts, and else an error."""
    passage, found = Passage("p", "word " * 50, "own", "d"), [(0, 4, "label"), (5, 249, "label")]
    left_out: Counter[str] = Counter()
    (answer,) = answers_of(passage, found, "component", left_out)
    assert [entity.text for entity in answer.extraction.entities] == ["word"]
    assert left_out == {"longer than 200 characters": 1}
    with pytest.raises(ValueError, match="Passage 'p': an answer can't hold a mention"):
        list(answers_of(passage, found, "component"))


def test_a_lexicon_answers() -> None:
    """With its names' labels; an abbreviation holds in the whole document."""
    table = name_table([LexiconRow("D:1", "disease", "MeSH", ("tuberculosis", "phthisis"))])
    finder = NameFinder(table)
    found = LexiconTeacher(table, finder, learn([], table))
    given = [Passage("1", "Tuberculosis (TB) is rare.", "own", "d"), Passage("2", "TB was treated.", "own", "d")]
    answers = list(lexicon_answers(given, found))
    assert [[entity.text for entity in answer.extraction.entities] for answer in answers] == [["Tuberculosis", "TB"], ["TB"]]
    assert {answer.annotator for answer in answers} == {"lexicon"}


def test_a_component_answers() -> None:
    """Each passage in its order, with what the pipeline finds in it."""
    nlp = build_pipeline("mini", labels=["disease", "drug"], threshold=0.3)
    texts = ["Aspirin relieves headache in adults with influenza.", "", "Ibuprofen treats fever."]
    answers = list(component_answers(passages(*texts), nlp, "mini", batch_size=2))
    assert [answer.passage.text for answer in answers] == texts
    for answer in answers:
        doc = nlp(answer.passage.text)
        assert [entity.text for entity in answer.extraction.entities] == [
            doc.text[start:end] for start, end in doc.spans["gliner"].attrs["offsets"]
        ]
    assert any(answer.extraction.entities for answer in answers)
