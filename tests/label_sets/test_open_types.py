"""The passages of our own with open types: whole annotations, and none of the labels that tests keep unseen."""

from __future__ import annotations

from pathlib import Path
from typing import List, Set

import pytest

from spacy_gliner_biomed.corpus.formats import read
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage
from spacy_gliner_biomed.evaluation.benchmarks import BENCHMARKS
from spacy_gliner_biomed.label_sets import load_inventories, read_paraphrases
from tests.label_sets.test_paraphrases import FILE as PARAPHRASES
from tests.label_sets.test_wordings import BENCHMARK_ONLY

OPEN_TYPES = Path(__file__).parents[2] / "project" / "assets" / "open_types.jsonl"


@pytest.fixture(scope="module")
def passages() -> List[AnnotatedPassage]:
    return list(read(OPEN_TYPES))


def test_types_are_many(passages: List[AnnotatedPassage]) -> None:
    """Far more than any corpus has, and each passage is asked for some that it does not hold."""
    types = {mention.label for passage in passages for mention in passage.mentions}
    assert len(passages) > 300 and len(types) > 2500
    assert len({passage.id for passage in passages}) == len({passage.text for passage in passages}) == len(passages)
    for passage in passages:
        own = {mention.label for mention in passage.mentions}
        assert own and passage.labels is not None and own < set(passage.labels), passage.id


def test_mentions_are_whole_words(passages: List[AnnotatedPassage]) -> None:
    """No blanks at their edges, no cut words, and no two on the same characters."""
    for passage in passages:
        spans = sorted((mention.start, mention.end) for mention in passage.mentions)
        assert all(first[1] <= second[0] for first, second in zip(spans, spans[1:], strict=False)), passage.id
        check_whole_words(passage)


def test_labels_of_tests_stay_unseen(passages: List[AnnotatedPassage]) -> None:
    """Neither labels that only benchmarks have, nor the paraphrases that measure a model, nor their plurals, nor JNLPBA's."""
    assert held_labels().isdisjoint(label.casefold() for passage in passages for label in passage.labels or ())


def check_whole_words(passage: AnnotatedPassage) -> None:
    """No mention has a blank at its edge, or begins or ends within a word."""
    for mention in passage.mentions:
        words = passage.text[mention.start : mention.end]
        assert words == words.strip() and words, (passage.id, words)
        around = passage.text[mention.start - 1 : mention.start] + "|" + passage.text[mention.end : mention.end + 1]
        assert not (words[0].isalnum() and around[0].isalnum()), (passage.id, words)
        assert not (words[-1].isalnum() and around[-1].isalnum()), (passage.id, words)


def held_labels() -> Set[str]:
    """RETURNS (set): what no passage of our own may be annotated for, casefolded."""
    own = {label.casefold() for labels in load_inventories().values() for label in labels}
    held = {name for names in read_paraphrases(PARAPHRASES).values() for name in names} | BENCHMARK_ONLY | {"DNA", "RNA"}
    held |= {label for benchmark in BENCHMARKS.values() for label in benchmark.labels if label.casefold() not in own}
    held = {name.casefold() for name in held}
    return held | {name + "s" for name in held}
