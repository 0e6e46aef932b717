"""The passages of our own that were marked whole for wide types: one inventory a passage, none of what tests keep unseen."""

from __future__ import annotations

from typing import List

import pytest

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.label_sets import load_wordings
from tests.label_sets.test_more_open_types import MORE_OPEN_TYPES
from tests.label_sets.test_open_types import check_whole_words, held_labels

GENERAL_TYPES = MORE_OPEN_TYPES.with_name("general_types.jsonl.gz")
INVENTORIES = 4


@pytest.fixture(scope="module")
def passages() -> List[AnnotatedPassage]:
    return list(read(GENERAL_TYPES))


def test_a_passage_is_annotated_for_a_whole_inventory(passages: List[AnnotatedPassage]) -> None:
    """One of four, whether or not a type is met in it; each type has other names and descriptions."""
    inventories = {passage.labels for passage in passages}
    assert len(inventories) == INVENTORIES and all(14 <= len(labels or ()) <= 18 for labels in inventories)
    types = {label for labels in inventories for label in labels or ()}
    assert len(types) == sum(len(labels or ()) for labels in inventories) == 64
    assert types <= set(load_wordings())
    assert types == {mention.label for passage in passages for mention in passage.mentions}


def test_the_texts_are_those_with_open_types(passages: List[AnnotatedPassage]) -> None:
    """Every one of them, once."""
    texts = [passage.text for passage in passages]
    assert len(texts) == len(set(texts)) == len({passage.id for passage in passages})
    assert set(texts) == {passage.text for passage in read(MORE_OPEN_TYPES)}


def test_mentions_are_whole_words(passages: List[AnnotatedPassage]) -> None:
    """None twice, and none inside a wider one of its own type."""
    for passage in passages:
        check_whole_words(passage)
        mentions = [(mention.start, mention.end, mention.label) for mention in passage.mentions]
        assert len(mentions) == len(set(mentions)), passage.id
        for start, end, label in mentions:
            wider = [m for m in mentions if m[2] == label and m[0] <= start and end <= m[1] and m[:2] != (start, end)]
            assert not wider, (passage.id, passage.text[start:end], label)


def test_labels_of_tests_stay_unseen(passages: List[AnnotatedPassage]) -> None:
    """As for the other passages."""
    assert held_labels().isdisjoint(label.casefold() for passage in passages for label in passage.labels or ())
