"""The texts that a label goes by."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from spacy_gliner_biomed.label_sets import Wording
from spacy_gliner_biomed.training.settings import StreamSettings
from spacy_gliner_biomed.training.wording import FRAMES, ONE_FRAMES, Phrasing
from tests.training.tiny_training import BARE, WORDINGS

KINDS = {
    "name": {"drug"},
    "synonym": {"medicine", "pharmaceutical"},
    "plural": {"drugs"},
    "description": {"A substance given to treat a disease."},
    "name_and_description": {"drug: A substance given to treat a disease."},
}


def draws(settings: StreamSettings, label: str = "drug", wordings=WORDINGS, count: int = 400) -> Counter:
    """RETURNS (Counter): what a label was called."""
    phrasing, random = Phrasing(settings, wordings), np.random.default_rng(0)
    return Counter(phrasing.draw(label, random) for _ in range(count))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_alone(kind):
    """A kind with all of the probability is the only one."""
    settings = replace(BARE, **{**dict.fromkeys(KINDS, 0.0), kind: 2.0})
    assert set(draws(settings)) == KINDS[kind]


def test_probabilities():
    """Kinds come as often as they were asked for."""
    settings = replace(BARE, name=0.5, synonym=0.3, plural=0.1, description=0.06, name_and_description=0.04)
    found = draws(settings, count=4000)
    for kind, texts in KINDS.items():
        assert sum(found[text] for text in texts) / 4000 == pytest.approx(getattr(settings, kind), abs=0.03)
    assert found["medicine"] == pytest.approx(found["pharmaceutical"], rel=0.3)


def test_cases():
    """Short texts change their case, sentences don't."""
    found = draws(replace(BARE, description=1.0, case=0.8))
    assert {"drug", "DRUG", "Drug", "A substance given to treat a disease."} == set(found)


def test_cases_of_several_words():
    """Tag sets and column names join words with underscores."""
    wordings = {"drug dose": Wording("drug dose", (), "", (), ())}
    found = draws(replace(BARE, case=1.0), "drug dose", wordings)
    assert {"drug dose", "DRUG DOSE", "Drug Dose", "Drug dose", "DRUG_DOSE", "drug_dose"} == set(found)


def test_frames():
    """Words around a name; only a label's own name lends its plural to them."""
    found = set(draws(replace(BARE, frame=1.0), count=2000))
    assert found == {frame.format(one="drug", many="drugs") for frame in FRAMES}
    synonyms = set(draws(replace(BARE, name=0.0, synonym=1.0, frame=1.0), count=2000))
    assert synonyms == {frame.format(one=one) for frame in ONE_FRAMES for one in ("medicine", "pharmaceutical")}


def test_descriptions_have_no_frames():
    assert set(draws(replace(BARE, name=0.0, description=1.0, frame=1.0))) == KINDS["description"]


def test_unknown_labels_keep_their_name():
    """And so do labels that lack what was drawn."""
    everything = replace(BARE, name=0.0, synonym=1.0, plural=1.0, description=1.0, name_and_description=1.0)
    assert set(draws(everything, "mystery")) == {"mystery"}
    bare = {"drug": Wording("drug", (), "", (), ())}
    assert set(draws(everything, wordings=bare)) == {"drug"}


def test_withheld_texts_are_never_shown():
    """In no case of letters."""
    found = draws(replace(BARE, synonym=3.0, plural=1.0, case=0.5, withhold=("Medicine", "drugs")))
    assert not {"medicine", "drugs"} & {text.casefold() for text in found}
    assert "pharmaceutical" in found


def test_labels_that_meet_have_different_texts():
    """Two labels of a passage never share a text: the one with another wording takes its name again."""
    wordings = {
        "chemical": Wording("chemical", ("drug",), "", (), ()),
        "compound": Wording("compound", ("chemical",), "", (), ()),
    }
    labels = ["drug", "chemical", "compound"]
    phrasing = Phrasing(replace(BARE, name=0.0, synonym=1.0), wordings)
    random = np.random.default_rng(0)
    assert phrasing.draw_all(labels, [labels], random) == {"drug": ["drug"], "chemical": ["chemical"], "compound": ["compound"]}
    apart = phrasing.draw_all(labels, [["drug"], ["chemical"], ["compound"]], random)
    assert apart == {"drug": ["drug"], "chemical": ["drug"], "compound": ["chemical"]}


@pytest.mark.parametrize(
    "change", [{"case": 1.5}, {"name": -1.0}, {"name": 0.0}, {"batch_words": 0}, {"label_dropout": -0.1}, {"merge": 2.0}]
)
def test_settings_are_checked(change):
    """A probability is one, and something must be drawn."""
    with pytest.raises(ValueError, match="stream"):
        replace(BARE, **change)


def test_what_a_card_says():
    """Names, descriptions or both."""
    names = replace(BARE, synonym=1.0)
    assert names.trained_on == "names" and names.reads_wordings and not BARE.reads_wordings
    assert replace(BARE, description=1.0).trained_on == "both"
    assert replace(BARE, name=0.0, name_and_description=1.0).trained_on == "descriptions"
