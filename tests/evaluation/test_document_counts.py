"""Counts by document and label."""

from __future__ import annotations

import pytest

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.evaluation.document_counts import DocumentCounts, count_documents

PASSAGES = [
    AnnotatedPassage("1", "aspirin fever", (Mention(0, 7, "drug"), Mention(8, 13, "disease")), doc_id="d"),
    AnnotatedPassage("2", "tau", (Mention(0, 3, "gene"),)),
    AnnotatedPassage("3", "tau", (Mention(0, 3, "gene"),), doc_id="d", labels=("drug",)),
]
ANSWERS = [[(0, 7, "drug", 0.9), (0, 7, "disease", 0.6)], [], [(0, 3, "drug", 0.7), (0, 3, "gene", 0.7)]]


def test_passages_of_a_document_are_added_up() -> None:
    """A label that a passage was not annotated for counts on neither side."""
    found = count_documents(PASSAGES, ANSWERS, ["gene", "drug", "disease"])
    assert (found.documents, found.labels) == (("d", "2"), ("gene", "drug", "disease"))
    assert found.counts.tolist() == [[[0, 0, 0], [1, 1, 0], [0, 1, 1]], [[0, 0, 1], [0, 0, 0], [0, 0, 0]]]
    assert found.of(["drug", "disease"]).tolist() == [[1, 2, 1], [0, 0, 0]]
    again = DocumentCounts.from_dict(found.to_dict())
    assert again.documents == found.documents and (again.counts == found.counts).all()


def test_other_labels_and_missing_answers() -> None:
    """Are refused."""
    with pytest.raises(ValueError, match="'disease' was predicted but is not among the labels"):
        count_documents(PASSAGES, ANSWERS, ["drug", "gene"])
    with pytest.raises(ValueError):
        count_documents(PASSAGES, ANSWERS[:2], ["drug", "gene", "disease"])
    assert count_documents([], [], ["drug"]).of(["drug"]).shape == (0, 3)
