"""Types: synonyms by clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from spacy_gliner_biomed.distill.type_names.clusters import THRESHOLD, cluster, label_encoder, may_join, remembered

ANGLES = {"drug": 0, "medicine": 10, "remedy": 20, "pill": 30, "gene": 90, "locus": 85}


def by_angle(names: Sequence[str]) -> np.ndarray:
    """Vectors in the plane."""
    angles = np.radians([ANGLES[name] for name in names])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_clusters_do_not_chain() -> None:
    """Each type is like enough to the one that it becomes; a chain of neighbours is not one cluster."""
    joined = cluster(["drug", "medicine", "remedy", "pill", "gene", "locus"], by_angle, np.cos(np.radians(25)))
    assert {name: target for name, (target, _) in joined.items()} == {"medicine": "drug", "remedy": "drug", "locus": "gene"}
    assert joined["remedy"][1] == pytest.approx(np.cos(np.radians(20)), abs=1e-6)


def test_the_same_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing types in blocks changes nothing."""
    from spacy_gliner_biomed.distill.type_names import clusters

    rng = np.random.default_rng(0)
    names = [f"{a}{b}" for a in "klmnpqrstvwx" for b in "klmnpqrstvwx"]
    vectors = rng.normal(size=(len(names), 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table = dict(zip(names, vectors, strict=True))

    def embed(wanted: Sequence[str]) -> np.ndarray:
        return np.stack([table[name] for name in wanted])

    whole = cluster(names, embed, 0.8)
    monkeypatch.setattr(clusters, "_BLOCK", 7)
    parts = cluster(names, embed, 0.8)
    assert {name: target for name, (target, _) in parts.items()} == {name: target for name, (target, _) in whole.items()}
    assert whole
    leaders = [name for name in names if name not in whole]
    likeness = embed(leaders) @ embed(leaders).T - np.eye(len(leaders))
    assert likeness.max() < 0.8


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("type 1 diabetes", "type 2 diabetes"),
        ("procedure", "surgical procedure"),
        ("small molecule", "non small molecule"),
        ("gene", "disease"),
        ("vitamin D", "vitamin C"),
    ],
)
def test_what_vectors_do_not_decide(one: str, other: str) -> None:
    """Numbers, letters, negations, qualifiers and known differences keep types apart."""
    assert not may_join(one, other)
    assert may_join("drug name", "drugs of any type")


def test_thresholds_are_checked() -> None:
    """One sentence."""
    with pytest.raises(ValueError, match="cosine of 1.5"):
        cluster(["drug"], by_angle, 1.5)
    assert cluster([], by_angle) == {}


def test_the_embedded_model_knows_synonyms() -> None:
    """With the vectors that are shipped, plain synonyms join and different things do not."""
    encode = remembered(label_encoder())
    names = ["disease", "drug", "gene", "location", "cell line", "disorder", "medicine", "treatment", "therapy"]
    joined = {name: target for name, (target, _) in cluster(names, encode, THRESHOLD).items()}
    assert joined == {"disorder": "disease", "medicine": "drug", "therapy": "treatment"}
