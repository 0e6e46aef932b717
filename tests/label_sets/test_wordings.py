"""The wordings of labels: complete, distinct, and silent about labels that only benchmarks know."""

from __future__ import annotations

from collections import Counter
from typing import Dict

import pytest

from spacy_gliner_biomed.label_sets import (
    UMLS_SEMANTIC_TYPES,
    Wording,
    hold_out,
    load_inventories,
    load_merges,
    load_wordings,
)
from spacy_gliner_biomed.labels import DEFAULT_LABELS

# The labels of the eight benchmarks of the GLiNER-BioMed paper that no training corpus has (lower case).
BENCHMARK_ONLY = frozenset(
    """qualifier; temporal; multiplier; condition; mood; measurement; procedure; device; scope; value; observation;
    reference point; visit; person; body substance; cell or cell component; intellectual property; regulation or law;
    geographical area; group; organization; product; phenotype; disorder; signaling molecule; event; activity; function;
    money; finding; adverse drug event; symptom; drug form; treatment duration; drug dosage; drug strength;
    frequency of drug administration; drug administration route; reason for drug prescription; drug class; animal model;
    adverse drug event severity; adverse drug event contextual modifier; adverse drug event negation cue""".replace(
        "\n", " "
    ).split("; ")
)


@pytest.fixture(scope="module")
def wordings() -> Dict[str, Wording]:
    return load_wordings()


def squeezed(name: str) -> str:
    return " ".join(name.split()).casefold()


def test_every_label_has_a_wording(wordings: Dict[str, Wording]) -> None:
    """Corpora, lexicon, default labels, UMLS types and merged labels."""
    wanted = {label for labels in load_inventories().values() for label in labels}
    wanted |= {*DEFAULT_LABELS, *UMLS_SEMANTIC_TYPES, *(merge.into for merge in load_merges())}
    assert wanted <= set(wordings)
    assert len(wanted) > 240


def test_no_label_is_listed_twice(wordings: Dict[str, Wording]) -> None:
    from spacy_gliner_biomed.label_sets.wordings import GENERAL_WORDINGS_FILE, PATTERN_WORDINGS_FILE, WORDINGS_FILE

    files = (WORDINGS_FILE, PATTERN_WORDINGS_FILE, GENERAL_WORDINGS_FILE)
    assert len(wordings) == sum(len(file.read_text(encoding="utf8").splitlines()) for file in files)
    assert all(label == wording.label for label, wording in wordings.items())


def test_corpus_labels_have_many_wordings(wordings: Dict[str, Wording]) -> None:
    """At least four synonyms and four descriptions, or three of each for UMLS types and merged labels."""
    own = {label for labels in load_inventories().values() for label in labels}
    for label, wording in wordings.items():
        least = 4 if label in own else 3
        assert len(wording.synonyms) >= least, label
        assert len(wording.descriptions) >= least, label


def test_descriptions_are_distinct_sentences(wordings: Dict[str, Wording]) -> None:
    """No sentence serves twice, be it within a label or between labels."""
    texts = [text for wording in wordings.values() for text in wording.descriptions]
    assert [text for text, count in Counter(map(squeezed, texts)).items() if count > 1] == []
    for text in texts:
        assert 5 <= len(text.split()) <= 25, text
        assert text[0].isupper() and text[-1] in ".?", text
        assert text == " ".join(text.split())


def test_names_are_short_and_distinct(wordings: Dict[str, Wording]) -> None:
    for wording in wordings.values():
        names = [wording.label, *wording.synonyms]
        assert len(set(map(squeezed, names))) == len(names), wording.label
        assert all(name == " ".join(name.split()) and name for name in wording.names), wording.label
        assert all(len(name.split()) <= 8 for name in wording.synonyms), wording.label


@pytest.mark.parametrize("corpus", [*load_inventories(), "umls"])
def test_no_two_labels_of_a_corpus_share_a_name(wordings: Dict[str, Wording], corpus: str) -> None:
    """Two labels of a passage worded the same could not be told apart."""
    labels = {**load_inventories(), "umls": UMLS_SEMANTIC_TYPES}[corpus]
    owner: Dict[str, str] = {}
    for label in labels:
        for name in {squeezed(name) for name in wordings[label].names}:
            assert name not in owner, f"{name!r}: {label!r} and {owner[name]!r}"
            owner[name] = label


def test_parents_have_wordings(wordings: Dict[str, Wording]) -> None:
    for wording in wordings.values():
        assert set(wording.parents) <= set(wordings), wording.label
        assert wording.label not in wording.parents


def test_parents_make_no_circle(wordings: Dict[str, Wording]) -> None:
    def climb(label: str, path: tuple[str, ...]) -> None:
        assert label not in path, " → ".join((*path, label))
        for parent in wordings[label].parents:
            climb(parent, (*path, label))

    for label in wordings:
        climb(label, ())


def test_labels_of_benchmarks_stay_unseen(wordings: Dict[str, Wording]) -> None:
    """The strings that only benchmarks use as labels are no names here, except where the UMLS names a type so."""
    umls_names = {squeezed(name) for name in UMLS_SEMANTIC_TYPES}
    for wording in wordings.values():
        others = wording.synonyms if wording.label in UMLS_SEMANTIC_TYPES else (wording.label, *wording.synonyms)
        assert BENCHMARK_ONLY.isdisjoint(map(squeezed, others)), wording.label
        if wording.label not in UMLS_SEMANTIC_TYPES:
            assert squeezed(wording.plural) not in {name + "s" for name in BENCHMARK_ONLY}
    assert len(BENCHMARK_ONLY) == 44
    assert BENCHMARK_ONLY & umls_names == {
        "activity", "body substance", "event", "finding", "group", "organization", "regulation or law"
    }  # fmt: skip


def test_hold_out_leaves_no_trace_in_names(wordings: Dict[str, Wording]) -> None:
    """A held-out label and its plural are gone as label, synonym, plural and parent, in any case of letters."""
    held = ["tissue", "medical condition", "drug", "disease"]
    left = hold_out(wordings, held)
    gone = {*held, "tissues", "medical conditions", "drugs", "diseases"}
    for label, wording in left.items():
        assert gone.isdisjoint(name.casefold() for name in (label, *wording.names, *wording.parents))
    assert set(wordings) - set(left) == {"tissue", "Tissue", "medical condition", "drug", "disease"}
    assert "drug" in wordings["Pharmacologic Substance"].synonyms
    assert left["organ"] == wordings["organ"]


def test_hold_out_of_nothing_changes_nothing(wordings: Dict[str, Wording]) -> None:
    assert hold_out(wordings, []) == wordings
