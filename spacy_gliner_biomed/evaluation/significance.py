"""Whether two systems differ on the same documents: paired approximate randomisation over documents.

Under the null hypothesis the two systems' answers to a document could be exchanged. So they are, for each document with
probability one half, in many rounds; the p-value is the share of rounds whose difference in F1 is at least as large as the
one observed. Counts add up, and each document's exchanges come from a generator keyed by its id: documents stream
through, and only sums are kept.

Sources: E. Noreen, Computer-intensive methods for testing hypotheses, Wiley 1989; A. Yeh, More accurate tests for the
statistical significance of result differences, COLING 2000; S. Holm, A simple sequentially rejective multiple test
procedure, Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .metrics.figures import INTERVAL, ratios
from .metrics.resampling import document_flips, document_weights

METHOD = "paired approximate randomisation over documents ({rounds:,} rounds), Holm-corrected"
DOCUMENTS_AT_A_TIME = 64
CLOSE = 1e-12  # differences closer than this are equal: sums in another order may differ in the last digit


class Difference(NamedTuple):
    """Two systems' F1 on the same documents.

    f1_a, f1_b (float): 0 to 1.
    difference (float): `f1_a - f1_b`; low, high (float): its 95 % interval, by a Poisson bootstrap over documents; None where
        fewer than two documents were seen, or in no draw both systems have an F1.
    p (float): two-sided.
    documents (int): batches of passages that share an id and came together count once.
    """

    f1_a: float
    f1_b: float
    difference: float
    low: Optional[float]
    high: Optional[float]
    p: float
    documents: int

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): `f1_a`, `f1_b`, `difference` with its interval, and `p`, ready for JSON."""
        figure = {"value": self.difference, "low": self.low, "high": self.high}
        return {"f1_a": self.f1_a, "f1_b": self.f1_b, "difference": figure, "p": self.p}


class PairedTest:
    """Compares two systems; passages are added in any order, those of one document under its id.

    Memory holds `(rounds + n_bootstrap) x 3` sums and at most 64 documents' counts, however many are added.

    rounds (int): rounds of the randomisation; p is never below `1 / (rounds + 1)`.
    n_bootstrap (int): rounds of the bootstrap behind the interval.
    seed (int): of both.
    """

    def __init__(self, rounds: int = 10_000, n_bootstrap: int = 1_000, seed: int = 0) -> None:
        self.rounds, self.n_bootstrap, self.seed = rounds, n_bootstrap, seed
        self._totals = np.zeros((2, 3))
        self._moved = np.zeros((rounds, 3))  # what an exchange moves from b to a
        self._drawn = np.zeros((2, n_bootstrap, 3))
        self._waiting: Dict[str, np.ndarray] = {}
        self._n_documents = 0
        self._first_document: Optional[str] = None
        self._several_documents = False

    def add(self, document_id: str, counts_a: Sequence[float], counts_b: Sequence[float]) -> None:
        """Count a passage.

        document_id (str): the document it belongs to.
        counts_a, counts_b (Sequence[float]): true positives, false positives and false negatives of each system, over
            the labels compared; a matching that gives half points gives halves.
        """
        counts = np.asarray([counts_a, counts_b], dtype=np.float64)
        if document_id in self._waiting:
            self._waiting[document_id] += counts
            return
        if len(self._waiting) == DOCUMENTS_AT_A_TIME:
            self._settle()
        self._waiting[document_id] = counts

    def result(self) -> Difference:
        """RETURNS (Difference): of everything added so far; more may be added afterwards."""
        self._settle()
        f1_a, f1_b = (float(value) for value in f1(self._totals))
        p = float(randomisation_p(self._totals[0], self._totals[1], self._moved))
        return Difference(f1_a, f1_b, f1_a - f1_b, *self._interval(), p, self._n_documents)

    def _interval(self) -> Tuple[Optional[float], Optional[float]]:
        drawn = ratios(self._drawn[0])[:, 2] - ratios(self._drawn[1])[:, 2]
        known = drawn[~np.isnan(drawn)]
        if not (self._several_documents and len(known)):  # draws of one document are all alike and would feign certainty
            return None, None
        low, high = np.percentile(known, INTERVAL)
        return float(low), float(high)

    def _settle(self) -> None:
        if not self._waiting:
            return
        documents = list(self._waiting)
        counts = np.stack(list(self._waiting.values()))  # (documents, 2, 3)
        self._waiting = {}
        self._n_documents += len(documents)
        if self._first_document is None:
            self._first_document = documents[0]
        self._several_documents |= any(document != self._first_document for document in documents)
        self._totals += counts.sum(axis=0)
        moved = counts[:, 1] - counts[:, 0]
        differ = np.flatnonzero(moved.any(axis=1))
        if len(differ):  # equal answers change nothing when they are exchanged
            flips = document_flips([documents[number] for number in differ], self.rounds, self.seed)
            self._moved += flips.T.astype(np.float64) @ moved[differ]
        weights = document_weights(documents, self.n_bootstrap, self.seed).T.astype(np.float64)
        for system in (0, 1):
            self._drawn[system] += weights @ counts[:, system]


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 from counts; 0 where there are none.

    counts (np.ndarray): true positives, false positives, false negatives on the last axis. Shape: (..., 3)
    RETURNS (np.ndarray): 0 to 1. Shape: (...)
    """
    doubled = 2 * counts[..., 0]
    below = doubled + counts[..., 1] + counts[..., 2]
    return np.divide(doubled, below, out=np.zeros_like(below, dtype=np.float64), where=below > 0)


def randomisation_p(total_a: np.ndarray, total_b: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The two-sided p-value of a difference in F1, with the observed arrangement counted as one of the rounds.

    total_a, total_b (np.ndarray): each system's counts over all documents. Shape: (..., 3)
    moved (np.ndarray): for each round, the sum of b's counts less a's over the exchanged documents. Shape: (..., rounds, 3)
    RETURNS (np.ndarray): (1 + rounds at least as far from 0) / (1 + rounds). Shape: (...)
    """
    observed = np.abs(f1(total_a) - f1(total_b))
    shuffled = np.abs(f1(total_a[..., None, :] + moved) - f1(total_b[..., None, :] - moved))
    return (1 + (shuffled >= observed[..., None] - CLOSE).sum(axis=-1)) / (1 + moved.shape[-2])


def holm(p_values: Sequence[float]) -> List[float]:
    """Correct p-values of several comparisons by Holm's step-down method.

    p_values (Sequence[float]): one a comparison.
    RETURNS (List[float]): adjusted, at most 1, in the same order: rejecting those below α keeps the chance of any false
        rejection below α.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[number]))
        adjusted[number] = highest
    return adjusted


def simulate_null(
    n_simulations: int = 2_000, n_documents: int = 60, rounds: int = 999, seed: int = 0, at_a_time: int = 50
) -> np.ndarray:
    """p-values of two systems that are equally good, to see that the test keeps its level.

    A document has 1 to 20 gold mentions and a difficulty of its own, so that the two systems' answers to it are alike
    without being equal; each finds every mention with the document's chance and adds wrong ones at the document's rate.

    n_simulations (int): number of comparisons.
    n_documents (int): documents in each.
    rounds (int): rounds of each test.
    seed (int): of the documents and the exchanges.
    at_a_time (int): simulations computed together; bounds the memory.
    RETURNS (np.ndarray): Shape: (n_simulations,)
    """
    generator = np.random.Generator(np.random.Philox(seed))
    found = []
    for first in range(0, n_simulations, at_a_time):
        n = min(at_a_time, n_simulations - first)
        gold = generator.integers(1, 21, (n, 1, n_documents))
        chance = generator.beta(4.0, 2.0, (n, 1, n_documents))
        right = generator.binomial(gold, chance, (n, 2, n_documents))
        wrong = generator.poisson(gold * (1 - chance), (n, 2, n_documents))
        counts = np.stack([right, wrong, gold - right], axis=-1).astype(np.float32)  # (simulations, 2, documents, 3)
        packed = generator.integers(0, 256, (n, rounds, -(-n_documents // 8)), dtype=np.uint8)
        flips = np.unpackbits(packed, axis=-1, count=n_documents).astype(np.float32)
        moved = flips @ (counts[:, 1] - counts[:, 0])  # (simulations, rounds, 3)
        totals = counts.sum(axis=2)
        found.append(randomisation_p(totals[:, 0], totals[:, 1], moved))
    return np.concatenate(found)
