"""Precision on held-out halves."""

from __future__ import annotations

import pytest

from spacy_gliner_biomed.training.silver.finder import NameFinder
from spacy_gliner_biomed.training.silver.precision import (
    kept_labels,
    markdown,
    measure,
    weak_on_new_names,
    wilson_interval,
)
from tests.training.silver.support import found_in, gold, table


def results() -> dict:
    """RETURNS (dict): two right diseases, one near; a drug whose name is wrong in the other half."""
    passages = [
        gold("the breast cancer", ("breast cancer", "disease"), document="1", half=0),
        gold("a late breast cancer", ("late breast cancer", "disease"), document="2", half=0),
        gold("breast cancer", ("breast cancer", "disease"), document="3", half=1),
        gold("metformin", document="4", half=0),
        gold("metformin", ("metformin", "drug"), document="5", half=1),
        gold("aspirin", ("aspirin", "drug"), document="6", half=0),
        gold("aspirin", ("aspirin", "drug"), document="7", half=1),
    ]
    return measure(found_in(*passages), table(), NameFinder(table()))


def test_counts() -> None:
    """Each half is judged with what the other taught: metformin is wrong once, and dropped in the other half."""
    found = results()
    assert dict(found["disease"].judged) == {"right": 2, "near": 1}
    assert (found["disease"].strict, found["disease"].overlap) == (pytest.approx(2 / 3), 1.0)
    assert dict(found["drug"].judged) == {"right": 2, "wrong": 1}
    two_thirds = pytest.approx(2 / 3)
    assert found["drug"].to_dict()["corpora"]["c"] == {"mentions": 3, "strict": two_thirds, "overlap": two_thirds}


def test_labels_to_keep() -> None:
    """From the least overlap precision on; labels nobody judges by choice."""
    names = ["behaviour", "disease", "drug"]
    assert kept_labels(results(), names) == ["disease"]
    assert kept_labels(results(), names, 0.6, keep_unmeasured=True) == names


def test_weak_on_new_names() -> None:
    """Only labels with names without gold."""
    found = results()
    assert weak_on_new_names(found, 0.7) == []
    found["drug"].unseen.update({"wrong": 2, "right": 1})
    assert weak_on_new_names(found, 0.7) == ["drug"]


def test_the_table() -> None:
    """A line a label, also for those nobody judges."""
    text = markdown(results(), ["disease"], ["behaviour", "disease", "drug"], 0.7)
    assert "| disease | 3 | 66.7 | 100.0 |" in text and "| drug | 3 |" in text and "| behaviour | 0 |" in text
    assert text.count("| yes |") == 1


def test_wilson() -> None:
    """The textbook value, and nothing known for nothing seen."""
    assert wilson_interval(0.5, 10) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert wilson_interval(0.0, 0) == (0.0, 1.0)
