"""Types: spelling and plural."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.type_names import singular, tidy
from spacy_gliner_biomed.label_sets import load_wordings


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Adverse_Drug_Event", "adverse drug event"),
        ("AdverseDrugEvent", "adverse drug event"),
        ("ADVERSE DRUG EVENT", "adverse drug event"),
        ("  'Drug'. ", "drug"),
        ("**Drug**", "drug"),
        ("DNA", "DNA"),
        ("mRNA", "mRNA"),
        ("miRNAs", "miRNAs"),
        ("HLA type", "HLA type"),
        ("MeSH Term", "MeSH term"),
        ("DRUG", "drug"),
        ("Vitamin D", "vitamin D"),
        ("COVID-19 Symptom", "COVID-19 symptom"),
        ("_", "_"),
    ],
)
def test_one_spelling(name: str, spelling: str) -> None:
    """Blanks, lower case, abbreviations as they are."""
    assert tidy(name) == spelling


@given(st.text(min_size=1, max_size=20))
def test_a_name_stays_a_name(name: str) -> None:
    """Tidying leaves something wherever there was something, and tidying twice changes nothing."""
    assert tidy(name) and (tidy(name).strip() or not name.strip())
    assert tidy(tidy(name)) == tidy(name) or not name.isascii()


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("adverse events", "adverse event"),
        ("genes and proteins", "gene and protein"),
        ("routes of administration", "route of administration"),
        ("therapies", "therapy"),
        ("analyses", "analysis"),
        ("diseases", "disease"),
        ("viruses", "virus"),
        ("bacteria", "bacterium"),
        ("patient classes", "patient class"),
        ("RNAs", "RNA"),
        ("species", "species"),
        ("diabetes", "diabetes"),
        ("genetics", "genetics"),
        ("arthritis", "arthritis"),
        ("causes", "cause"),
        ("drugs/chemicals", "drug/chemical"),
    ],
)
def test_singular(plural: str, one: str) -> None:
    """Heads of each part go into the singular; what only looks like a plural stays."""
    assert singular(plural) == one


def test_the_plurals_of_label_sets_are_undone() -> None:
    """Every label's plural becomes the label, or another of the same plural."""
    wordings = load_wordings()
    targets = {tidy(wording.label) for wording in wordings.values()}
    for wording in wordings.values():
        assert singular(tidy(wording.plural)) in targets


def test_labels_are_singular() -> None:
    """No rule breaks a label that is in the singular, but for those that are plurals themselves."""
    broken = [name for name in load_wordings() if singular(tidy(name)) != tidy(name)]
    assert len(broken) <= 0.05 * len(load_wordings()), broken
