"""Random numbers that belong to a document: the same wherever, whenever and in whatever company it is met.

A document's numbers come from the counter-based generator Philox, keyed by a hash of its id and the seed. So nothing has
to be remembered about the documents seen: passages of one document that come apart share their weights, two systems
share their resamples, and a resumed run draws what an uninterrupted one would have drawn. Only raw bits are taken from
numpy, whose streams are promised to stay the same from release to release.

Sources: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011 (Philox); N. Chamandy et al.,
Estimating uncertainty for massive data streams, Google technical report 2012 (Poisson bootstrap of a stream, keyed by a
hash of the unit).
"""

from __future__ import annotations

import hashlib
import math
from functools import cache
from typing import Sequence

import numpy as np

BITS = 16  # of each weight: its probabilities are Poisson's, rounded to multiples of 2 ** -16


def document_weights(document_ids: Sequence[str], n: int, seed: int = 0) -> np.ndarray:
    """How often each document is drawn in each round of a Poisson bootstrap.

    Weights are independent and Poisson distributed with mean 1: what drawing with replacement comes to when there are
    many documents.

    document_ids (Sequence[str]): the documents.
    n (int): number of rounds. Fewer rounds give the first columns of more.
    seed (int): other seeds give other weights.
    RETURNS (np.ndarray): uint8. Shape: (len(document_ids), n)
    """
    return _poisson_table()[_raw(document_ids, n, "<u2", seed, "weights")]


def document_flips(document_ids: Sequence[str], n: int, seed: int = 0) -> np.ndarray:
    """Whether each document's two answers change places in each round of a paired randomisation test.

    document_ids (Sequence[str]): the documents.
    n (int): number of rounds. Fewer rounds give the first columns of more.
    seed (int): other seeds give other flips; they are independent of the weights that the same seed gives.
    RETURNS (np.ndarray): bool, True with probability one half. Shape: (len(document_ids), n)
    """
    n_bytes = -(-n // 8)
    raw = _raw(document_ids, n_bytes, "u1", seed, "flips")
    return np.unpackbits(raw, axis=1, count=n, bitorder="little").view(np.bool_)


def _raw(document_ids: Sequence[str], n: int, dtype: str, seed: int, purpose: str) -> np.ndarray:
    """Random unsigned integers of a type, n a document, in the same order on every machine. Shape: (documents, n)"""
    n_words = -(-n * np.dtype(dtype).itemsize // 8)
    raw = np.empty((len(document_ids), n_words), dtype="<u8")
    generator = np.random.Philox(key=0)
    # A new generator would cost three times as much as taking an old one back to its first state under a new key.
    state = generator.state
    for row, document_id in zip(raw, document_ids, strict=True):
        name = f"{purpose}\n{seed}\n{document_id}".encode("utf-8", "surrogatepass")
        state["state"]["key"] = np.frombuffer(hashlib.blake2b(name, digest_size=16).digest(), dtype="<u8")
        generator.state = state
        row[:] = generator.random_raw(n_words)
    return raw.view(dtype)[:, :n]


@cache
def _poisson_table() -> np.ndarray:
    """The weight that each 16-bit number stands for. Shape: (65536,)"""
    below = np.cumsum([math.exp(-1) / math.factorial(weight) for weight in range(12)])
    numbers = (np.arange(2**BITS) + 0.5) / 2**BITS
    return np.searchsorted(below, numbers).astype(np.uint8)
