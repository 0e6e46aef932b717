"""The label tables."""

from __future__ import annotations

import pytest

from spacy_gliner_biomed.training.silver.labels import common_words, label_table, other_labels, right_labels


def test_who_judges() -> None:
    """Labels of the inventory, except where a corpus annotates them only here and there."""
    assert right_labels("drug", "x.train", ["chemical", "disease"]) == {"chemical"}
    assert right_labels("organism", "lct.train", ["organism"]) == frozenset()
    assert right_labels("behaviour", "x", ["behaviour"]) == frozenset()


@pytest.mark.parametrize(
    ("label", "mention", "expected"),
    [
        ("disease", "small cell lung carcinomas", ["cancer", "disease or symptom"]),
        ("disease", "acute leukaemia", ["cancer", "disease or symptom"]),
        ("disease", "gout", ["disease or symptom"]),
        ("enzyme or coenzyme", "alkaline phosphatase", ["enzyme"]),
        ("gene", "database", ["gene or gene product"]),
        ("virus", "HIV-1", ["organism"]),
        ("drug", "influenza vaccine", ["vaccine", "chemical"]),
    ],
)
def test_other_labels(label: str, mention: str, expected: list[str]) -> None:
    """Finer by the last word, broader by the table."""
    assert other_labels(label, mention) == expected


def test_tables_are_whole() -> None:
    """Every label has a family, most have judges; the words are lower case."""
    assert all(row.family for row in label_table().values())
    assert sum(bool(row.judged_by) for row in label_table().values()) > 20
    assert all(word == word.lower() and word for word in common_words()) and "light" in common_words()
