"""The entries: exact label strings and settled splits."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from spacy_gliner_biomed.evaluation.benchmarks import BENCHMARKS, PARTS, Share, get, load
from spacy_gliner_biomed.evaluation.benchmarks.splits import members, order
from tests.evaluation.benchmarks import releases

# The label strings that the paper's scripts give the model, as published
LABELS = {
    "ncbi_disease": "Disease",
    "bc5cdr": "Chemical, Disease",
    "biored": "Sequence variant, Gene or gene product, Cell line, Chemical entity, Disease or phenotype, Organism",
    "chia": "Qualifier, Temporal, Drug, Negation, Multiplier, Condition, Mood, Measurement, Procedure, Device, Scope, Value, "
    "Observation, Reference point, Visit, Person",
    "biomed_ner": "Chemical, Drug, Body substance, Anatomical structure, Cell or cell component, Gene or gene product, "
    "Intellectual property, Language, Regulation or law, Geographical area, Organism, Group, Person, Organization, Product, "
    "Location, Phenotype, Disorder, Signaling molecule, Event, Medical procedure, Activity, Function, Money, Finding",
    "cadec": "Disease, Adverse drug event, Drug, Symptom, Finding",
    "n2c2": "Drug form, Adverse drug event, Treatment duration, Drug dosage, Frequency of drug administration, Drug, "
    "Drug administration route, Reason for drug prescription, Drug strength",
    "tac": "Adverse drug event, Adverse drug event severity, Adverse drug event contextual modifier, Drug class, "
    "Adverse drug event negation cue, Animal model",
}


def test_label_strings_are_the_papers() -> None:
    """A model's score depends on a label's exact wording."""
    assert {name: set(labels.split(", ")) for name, labels in LABELS.items()} == {
        name: set(entry.labels) for name, entry in BENCHMARKS.items()
    }


@pytest.mark.parametrize("name", BENCHMARKS)
def test_entries_are_whole(name: str) -> None:
    """Three parts that share no document, and a sentence on how to get the data."""
    entry = BENCHMARKS[name]
    assert PARTS == tuple(entry.splits)
    assert entry.get.endswith(".") and entry.homepage.startswith("https://") and entry.licence
    taken = [
        (share.source, hundredth) for share in entry.splits.values() for hundredth in range(share.start, share.end)
    ]
    assert len(taken) == len(set(taken)) == 100 * len(entry.sources)


def test_biomed_ner_is_split_as_the_paper_splits_it() -> None:
    """`random.seed(42)`, one shuffle of the 4,840 rows, 80/10/10: a shuffle of the rows is a shuffle of their numbers."""
    numbers = [f"biomed_NER-{number}" for number in range(4840)]
    random.seed(42)
    shuffled = list(numbers)
    random.shuffle(shuffled)
    cuts = [members(numbers, share) for share in get("biomed_ner").splits.values()]
    assert [set(shuffled[:3872]), set(shuffled[3872:4356]), set(shuffled[4356:])] == cuts


def test_splits_are_settled(tmp_path: Path) -> None:
    """The very documents, written down: no hash seed, folder listing or new release of Python may change them."""
    releases.cadec(tmp_path / "cadec")
    releases.tac(tmp_path / "tac")
    taken = {
        (name, part): sorted({passage.document for passage in load(name, tmp_path / name, part)})
        for name, part in (("cadec", "dev"), ("cadec", "test"), ("tac", "dev"))
    }
    assert {
        ("cadec", "dev"): ["LIPITOR.11", "LIPITOR.16", "LIPITOR.6"],
        ("cadec", "test"): ["LIPITOR.1", "LIPITOR.12", "LIPITOR.17"],
        ("tac", "dev"): ["DRUG0", "DRUG11"],
    } == taken


def test_parts_of_a_document_stay_together(tmp_path: Path) -> None:
    """Both files of a trial, all sections of a drug label; and no document is in two parts."""
    for name, folder in (("chia", releases.chia(tmp_path / "c").parent), ("tac", releases.tac(tmp_path / "t"))):
        documents = [{passage.document for passage in load(name, folder, part)} for part in PARTS]
        ids = [passage.id for part in PARTS for passage in load(name, folder, part)]
        assert len(ids) == len(set(ids)) == 2 * len(set().union(*documents))
        assert sum(map(len, documents)) == len(set().union(*documents))


def test_order_does_not_depend_on_repeats() -> None:
    """A document with many passages counts once."""
    assert order(["a", "b", "c"]) == order(["a", "a", "b", "c", "c"])
    assert members(["a", "b"], Share("all")) is None


def test_unknown_names() -> None:
    """Say what there is."""
    with pytest.raises(ValueError, match="There is no benchmark 'mimic'; there are ncbi_disease, bc5cdr"):
        get("mimic")
    with pytest.raises(ValueError, match="TAC 2017 adverse drug reactions has no part 'val'; it has train, dev, test"):
        load("tac", Path("."), "val")
