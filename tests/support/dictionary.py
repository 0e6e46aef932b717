"""A pipe that finds the names of a small dictionary: a stand-in for a model where what it finds must be known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_gliner_biomed.component import GlinerBiomed
from spacy_gliner_biomed.labels import LabelSet
from spacy_gliner_biomed.placement import Hits

#: name → (label, score)
NAMES = {
    "aspirin": ("drug", 0.96875),
    "fever": ("disease", 0.75),
    "breast cancer": ("disease", 0.875),
    "breast": ("anatomical structure", 0.625),
    "JAK2": ("gene", 0.5625),
}
LABELS = ("drug", "disease", "anatomical structure", "gene")


def find(text: str, labels: Iterable[str] = LABELS) -> list[tuple[int, int, str, float]]:
    """RETURNS (list): start, end, label and score of every name in the text, in the order of the names."""
    wanted = set(labels)
    found = []
    for name, (label, score) in NAMES.items():
        start = text.lower().find(name.lower())
        while start >= 0 and label in wanted:
            found.append((start, start + len(name), label, score))
            start = text.lower().find(name.lower(), start + 1)
    return found


def predict(pipe: GlinerBiomed, docs: Iterable[Doc], *, labels: Any = None, threshold: Any = None) -> list[Hits]:
    """What `GlinerBiomed.predict` does, by dictionary."""
    names = pipe.labels if labels is None else LabelSet.of(labels).names
    limit = pipe.threshold if threshold is None else threshold
    hits = []
    for doc in docs:
        rows = [row for row in find(doc.text, names) if row[3] > (limit if isinstance(limit, float) else 0.5)]
        start, end, label, score = zip(*rows, strict=True) if rows else ((), (), (), ())
        hits.append(
            Hits(
                np.asarray(start, dtype=np.int64),
                np.asarray(end, dtype=np.int64),
                np.asarray([names.index(name) for name in label], dtype=np.int64),
                np.asarray(score, dtype=np.float32),
                names,
            )
        )
    return hits


@pytest.fixture
def dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `gliner_biomed` pipe answers by dictionary; no weights are read."""
    monkeypatch.setattr(GlinerBiomed, "predict", predict)
