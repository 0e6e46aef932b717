"""The three thousand passages of our own with nested and several types: whole annotations, and nothing that tests keep unseen."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from tests.label_sets.test_open_types import OPEN_TYPES, check_whole_words, held_labels

MORE_OPEN_TYPES = Path(__file__).parents[2] / "project" / "assets" / "more_open_types.jsonl.gz"


@pytest.fixture(scope="module")
def passages() -> List[AnnotatedPassage]:
    return list(read(MORE_OPEN_TYPES))


def test_types_are_many(passages: List[AnnotatedPassage]) -> None:
    """Over twenty thousand types, most of them met once or twice; every passage is asked for some that it does not hold."""
    types = {mention.label for passage in passages for mention in passage.mentions}
    assert len(passages) == 3200 and len(types) > 20_000
    assert len({passage.id for passage in passages}) == len({passage.text for passage in passages}) == len(passages)
    for passage in passages:
        own = {mention.label for mention in passage.mentions}
        assert own and passage.labels is not None and own < set(passage.labels), passage.id
        assert len(passage.labels) == len(set(passage.labels)), passage.id


def test_no_text_is_there_twice(passages: List[AnnotatedPassage]) -> None:
    """Not in the earlier passages either."""
    assert {passage.text for passage in passages}.isdisjoint(passage.text for passage in read(OPEN_TYPES))


def test_mentions_are_whole_words_that_nest(passages: List[AnnotatedPassage]) -> None:
    """No blanks at their edges, no cut words, none twice; two mentions lie apart or one in the other."""
    for passage in passages:
        mentions = [(mention.start, mention.end, mention.label) for mention in passage.mentions]
        assert len(mentions) == len(set(mentions)), passage.id
        check_whole_words(passage)
        for start, end, _ in mentions:
            for other_start, other_end, _ in mentions:
                assert not start < other_start < end < other_end, (passage.id, passage.text[start:end])


def test_labels_of_tests_stay_unseen(passages: List[AnnotatedPassage]) -> None:
    """As for the earlier passages."""
    assert held_labels().isdisjoint(label.casefold() for passage in passages for label in passage.labels or ())
