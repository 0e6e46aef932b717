"""The wordings of the types that rules find: complete, distinct, and none the name of a label that tests ask for."""

from __future__ import annotations

import json
from typing import List, Set

import pytest

from spacy_gliner_biomed.evaluation.benchmarks import BENCHMARKS
from spacy_gliner_biomed.label_sets import Wording, load_inventories, load_wordings, read_paraphrases
from spacy_gliner_biomed.label_sets.wordings import PATTERN_WORDINGS_FILE
from spacy_gliner_biomed.training.silver.patterns.rules import load_types
from tests.label_sets.test_paraphrases import FILE as PARAPHRASES
from tests.label_sets.test_wordings import BENCHMARK_ONLY


@pytest.fixture(scope="module")
def own() -> List[Wording]:
    wordings = load_wordings()
    lines = PATTERN_WORDINGS_FILE.read_text(encoding="utf8").splitlines()
    return [wordings[json.loads(line)["label"]] for line in lines]


def names_of(wordings: List[Wording]) -> List[str]:
    """RETURNS (list): every short name, in lower case, each label's once."""
    return [name for wording in wordings for name in {name.casefold() for name in wording.names}]


def test_every_type_has_wordings(own: List[Wording]) -> None:
    """At least four synonyms and four descriptions each."""
    assert sorted(wording.label for wording in own) == sorted(kind.label for kind in load_types())
    for wording in own:
        assert len(wording.synonyms) >= 4 and len(wording.descriptions) >= 4, wording.label


def test_no_two_types_share_a_name(own: List[Wording]) -> None:
    """They are asked for in the same passage."""
    names = names_of(own)
    assert len(set(names)) == len(names)


def test_labels_of_tests_stay_unseen(own: List[Wording]) -> None:
    """Neither the labels of LCT, FRD and the eight benchmarks, nor their plurals, nor the paraphrases of measured labels."""
    inventories = load_inventories()
    unseen: Set[str] = {label for corpus in ("lct", "frd") for label in inventories[corpus]} | BENCHMARK_ONLY
    for benchmark in BENCHMARKS.values():
        unseen |= set(benchmark.labels)
    for label, paraphrases in read_paraphrases(PARAPHRASES).items():
        unseen |= {label, *paraphrases}
    unseen = {name.casefold() for name in unseen}
    assert {"numeric value", "comparison operator", "drug strength", "gender", "units"} <= unseen
    unseen |= {name + "s" for name in unseen}
    assert unseen.isdisjoint(names_of(own))
