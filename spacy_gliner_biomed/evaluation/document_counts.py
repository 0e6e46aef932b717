"""Strict matches of a corpus by document and label: small enough to keep, and all that F1, groups of labels and resampling need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

import numpy as np

from ..corpus.passage import AnnotatedPassage
from .metrics.matching import countable, strict


@dataclass(frozen=True)
class DocumentCounts:
    """documents (tuple): ids. labels (tuple): the labels asked for.
    counts (ndarray): true positives, false positives, false negatives. *Shape:* `(n_documents, n_labels, 3)`, int64.
    """

    documents: Tuple[str, ...]
    labels: Tuple[str, ...]
    counts: np.ndarray

    def of(self, labels: Sequence[str]) -> np.ndarray:
        """RETURNS (ndarray): the counts of some of the labels together. *Shape:* `(n_documents, 3)`."""
        return self.counts[:, [self.labels.index(label) for label in labels]].sum(axis=1)

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        return {"documents": list(self.documents), "labels": list(self.labels), "counts": self.counts.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DocumentCounts:
        """RETURNS (DocumentCounts): what `to_dict` wrote."""
        documents, labels = tuple(values["documents"]), tuple(values["labels"])
        counts = np.array(values["counts"], dtype=np.int64).reshape(len(documents), len(labels), 3)
        return cls(documents, labels, counts)


def count_documents(
    passages: Iterable[AnnotatedPassage], answers: Iterable[Iterable[Sequence[Any]]], labels: Sequence[str]
) -> DocumentCounts:
    """Count strict matches (start, end and label equal; see `metrics.matching`).

    passages (iterable): with their gold mentions. answers (iterable): the predictions of each, in the same order; each begins
        with start, end and label.
    labels (Sequence[str]): the labels that count; gold mentions of a label that a system cannot give are missed by it.
    RETURNS (DocumentCounts): documents in the order in which they were met.
    RAISES (ValueError): for a prediction of another label, and for more answers than passages or fewer.
    """
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    found: Dict[str, np.ndarray] = {}
    for passage, predicted in zip(passages, answers, strict=True):
        counts = found.setdefault(passage.document, np.zeros((len(places), 3), dtype=np.int64))
        for label, column, amount in strict(*countable(passage, predicted, places)):
            counts[places[label], column] += int(amount)
    rows: List[np.ndarray] = list(found.values())
    stacked = np.stack(rows) if rows else np.zeros((0, len(places), 3), dtype=np.int64)
    return DocumentCounts(tuple(found), tuple(places), stacked)
