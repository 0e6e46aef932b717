"""Pairs of similar vectors by locality-sensitive hashing: for millions of texts, time linear in their number, a few missed.

Of a vector whose squared weights p add up to 1, draw the word where E/p is least; E is one exponential random number a
word, the same for all vectors (Moulton and Jiang, «Maximally Consistent Sampling and the Jaccard Index of Probability
Distributions», ICDM 2018). Two vectors draw the same word with a probability J that grows with their likeness. If their
cosine is 0.9, their squares differ by a total variation of at most √(1 - 0.9²) = 0.44, so that J is at least
(1 - 0.44) / (1 + 0.44) = 0.39; near-duplicates that differ in a few words have J from 0.7 up. Four draws in a row make a
band, and texts with an equal band are candidates; in 32 bands a pair with J = 0.5 is missed once in eight, with J = 0.6
once in 85, with J = 0.7 once in 6,000. Candidates are confirmed as in the exact join, so that no pair is wrong.
"""

from __future__ import annotations

from typing import Iterator, Optional

import numpy as np
from tqdm import tqdm

from .join import THRESHOLD, Pairs, Sketches, Skip, check_threshold, confirm
from .sparse import Matrix, row_blocks

BANDS = 32
DRAWS = 4  # a band
WINDOW = 16  # texts after it, among those of the same band, that a text is compared with
ENTRIES = 1 << 20  # stored entries worked on at once
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def minhash_pairs(
    matrix: Matrix,
    threshold: float = THRESHOLD,
    skip: Optional[Skip] = None,
    progress: bool = False,
    bands: int = BANDS,
    seed: int = 0,
) -> Iterator[Pairs]:
    """Find most pairs of rows whose cosine reaches a threshold.

    matrix, threshold, skip, progress: as in `join.similar_pairs`.
    bands (int): more find more, in as much more time.
    seed (int): of the draws.
    YIELDS (Pairs): a block for each band; a pair may come in several, unless `skip` knows it.
    RAISES (ValueError): for a threshold out of range, or no band.
    """
    check_threshold(threshold)
    if bands < 1:
        raise ValueError(f"With {bands} bands nothing is compared; use 1 or more, {BANDS} by default.")
    sketches = Sketches(matrix)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    for band in tqdm(range(bands), desc="compared", unit=" bands", disable=None if progress else True):
        random = np.random.Generator(np.random.Philox(key=[seed, band]))
        keys = band_keys(matrix, random)
        # Another order among equals each time, so that a crowded band does not hide the same pairs always
        shuffled = random.permutation(filled)
        ordered = shuffled[np.argsort(keys[shuffled], kind="stable")]
        for distance in range(1, WINDOW + 1):
            left, right = ordered[:-distance], ordered[distance:]
            equal = keys[left] == keys[right]
            if not equal.any():
                break
            rows, columns = np.minimum(left[equal], right[equal]), np.maximum(left[equal], right[equal])
            found = confirm(matrix, sketches, rows, columns, threshold, skip)
            if len(found.rows):
                yield found


def band_keys(matrix: Matrix, random: np.random.Generator) -> np.ndarray:
    """Hash the words that each row draws.

    matrix (csr_matrix): as in `join.similar_pairs`.
    random (Generator): where the exponential numbers come from.
    RETURNS (ndarray): *Shape:* `(n_rows,)`, uint64; rows that draw the same words have the same key. 0 for an empty row.
    """
    keys = np.zeros(matrix.shape[0], dtype=np.uint64)
    for _ in range(DRAWS):
        exponential = random.standard_exponential(matrix.shape[1], dtype=np.float32)
        for start, end in row_blocks(np.diff(matrix.indptr), ENTRIES):
            at = slice(matrix.indptr[start], matrix.indptr[end])
            columns = matrix.indices[at]
            # The bits of positive floats are in the order of the floats, so that one minimum finds value and word
            arrivals = (exponential[columns] / matrix.data[at].astype(np.float32) ** 2).view(np.uint32).astype(np.uint64)
            arrivals = (arrivals << np.uint64(32)) | columns.astype(np.uint64)
            filled = np.flatnonzero(np.diff(matrix.indptr[start : end + 1]))
            if len(filled):
                drawn = np.minimum.reduceat(arrivals, matrix.indptr[start:end][filled] - at.start)
                mixed = (keys[start + filled] ^ (drawn & np.uint64(0xFFFFFFFF))) * MULTIPLIER
                keys[start + filled] = mixed ^ (mixed >> np.uint64(32))
    return keys
