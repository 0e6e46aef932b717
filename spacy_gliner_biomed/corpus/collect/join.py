"""All pairs of vectors whose cosine reaches a threshold, exactly, without comparing all pairs.

Three steps, each of which leaves out only pairs that cannot reach the threshold t:

1. Prefixes (the L2 bound of Anastasiu and Karypis, «L2AP: Fast Cosine Similarity Search With Prefix L-2 Norm Bounds», ICDE
   2014). Take of each vector as many of its rarest words as it needs for the rest to be shorter than t. Two vectors that
   have none of these words in common agree only in the rest of one of them, so that their cosine is at most its length,
   below t. Near-duplicates therefore share a rare word, and few other texts do: one sparse product finds them.
2. Sketches. Divide the words into 64 groups and keep the length of each vector in each group. By Cauchy and Schwarz in
   each group, the product of two sketches is never below the product of the vectors. It takes 64 multiplications.
3. The cosine itself, of the pairs that are left.

Which words count as rare changes the time only, never the result: an order of the columns from rare to common is best.

A worked example at t = 0.9, with three words from rare to common and weights whose squares are:

    x  0.10  0.30  0.60    rest after nothing 1, after the first 0.90, after the second 0.60 < 0.81: a prefix of two words
    y  0     0.30  0.70    rest after the first it has 0.70 < 0.81: a prefix of that word, which x has too: a candidate
    z  0     0     1       a prefix of its one word, which is in no other prefix: z·x = 0.77 and z·y = 0.84 are not computed
"""

from __future__ import annotations

from typing import Callable, Iterator, NamedTuple, Optional

import numpy as np
from tqdm import tqdm

from .sparse import Matrix, row_blocks, row_numbers, sparse

THRESHOLD = 0.9
GROUPS = 64
PRODUCTS = 2_000_000  # multiplications a block of the sparse product may take; its result has at most as many entries
AT_ONCE = 8192  # pairs compared at once
ROUNDING = 1e-12  # by which the cosine of two equal vectors may fall short of 1
SLACK = 1e-9  # for the sums of squares in prefixes
SKETCH_SLACK = 1e-4  # sketches are float32

Skip = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Pairs(NamedTuple):
    """Pairs of rows and their cosines. *Shape:* `(n_pairs,)` each; the first row of a pair is the smaller number."""

    rows: np.ndarray
    columns: np.ndarray
    cosines: np.ndarray


def similar_pairs(
    matrix: Matrix, threshold: float = THRESHOLD, skip: Optional[Skip] = None, progress: bool = False
) -> Iterator[Pairs]:
    """Find all pairs of rows whose cosine reaches a threshold.

    matrix (csr_matrix): vectors of length 1, or empty, without negative weights, entries sorted by column, as `tfidf` makes
        them. *Shape:* `(n_texts, n_words)`.
    threshold (float): above 0, at most 1.
    skip (callable): first and second rows of pairs → which of them need not be compared, *Shape:* `(n_pairs,)`, bool.
    progress (bool): a bar on stderr, where that is a terminal.
    YIELDS (Pairs): each pair once, in blocks.
    RAISES (ValueError): for a threshold out of range.
    """
    check_threshold(threshold)
    prefixes = _prefixes(matrix, threshold)
    by_word = prefixes.T.tocsr()
    sketches = Sketches(matrix)
    # A row costs one multiplication for every row that has one of its words in its prefix
    holders = np.diff(by_word.indptr)
    costs = np.concatenate([[0], np.cumsum(holders[prefixes.indices])])
    work = np.diff(costs[prefixes.indptr])
    with tqdm(total=matrix.shape[0], desc="compared", unit=" texts", disable=None if progress else True) as bar:
        for start, end in row_blocks(work, PRODUCTS):
            product = prefixes[start:end] @ by_word
            rows = row_numbers(product) + start
            once = rows < product.indices
            rows, columns = rows[once], product.indices[once]
            found = confirm(matrix, sketches, rows, columns, threshold, skip)
            if len(found.rows):
                yield found
            bar.update(end - start)


class Sketches:
    """Short vectors whose product is never below the product of the long ones.

    matrix (csr_matrix): as in `similar_pairs`.
    n_groups (int): length of a sketch, 4 bytes each.
    """

    def __init__(self, matrix: Matrix, n_groups: int = GROUPS) -> None:
        self.lengths = np.zeros((matrix.shape[0], n_groups), dtype=np.float32)
        for start, end in row_blocks(np.diff(matrix.indptr), PRODUCTS):
            part = matrix[start:end]
            # Neighbouring columns, which are about equally common, are spread over the groups
            cells = row_numbers(part).astype(np.int64) * n_groups + part.indices % n_groups
            squares = np.bincount(cells, part.data**2, minlength=(end - start) * n_groups)
            self.lengths[start:end] = np.sqrt(squares).reshape(end - start, n_groups)

    def reach(self, rows: np.ndarray, columns: np.ndarray, threshold: float) -> np.ndarray:
        """RETURNS (ndarray): which pairs may reach the threshold. *Shape:* `(n_pairs,)`, bool."""
        may = np.zeros(len(rows), dtype=bool)
        for start in range(0, len(rows), AT_ONCE):
            at = slice(start, start + AT_ONCE)
            bounds = np.einsum("pg,pg->p", self.lengths[rows[at]], self.lengths[columns[at]])
            may[at] = bounds >= threshold - SKETCH_SLACK
        return may


def confirm(
    matrix: Matrix, sketches: Sketches, rows: np.ndarray, columns: np.ndarray, threshold: float, skip: Optional[Skip] = None
) -> Pairs:
    """Keep the pairs that reach the threshold.

    matrix, threshold, skip: as in `similar_pairs`.
    sketches (Sketches): of the matrix.
    rows, columns (ndarray): the pairs. *Shape:* `(n_pairs,)`.
    RETURNS (Pairs): those that do, in the same order.
    """
    if skip is not None:
        kept = ~skip(rows, columns)
        rows, columns = rows[kept], columns[kept]
    kept = sketches.reach(rows, columns, threshold)
    rows, columns = rows[kept], columns[kept]
    cosines = pair_cosines(matrix, rows, columns)
    kept = cosines >= threshold - ROUNDING
    return Pairs(rows[kept], columns[kept], cosines[kept])


def pair_cosines(matrix: Matrix, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): the product of each pair of rows. *Shape:* `(n_pairs,)`, float64."""
    cosines = np.zeros(len(rows))
    for start in range(0, len(rows), AT_ONCE):
        at = slice(start, start + AT_ONCE)
        cosines[at] = matrix[rows[at]].multiply(matrix[columns[at]]).sum(axis=1).A1
    return cosines


def check_threshold(threshold: float) -> None:
    """RAISES (ValueError): for a threshold that is not above 0 and at most 1."""
    if not 0 < threshold <= 1:
        raise ValueError(f"A cosine threshold of {threshold} is out of range; use a number above 0 and at most 1, as 0.9.")


def _prefixes(matrix: Matrix, threshold: float) -> Matrix:
    """The rarest words of each row, as far as its prefix goes, without those that are in one prefix only."""
    kept = np.zeros(matrix.nnz, dtype=bool)
    # In blocks, so that a running sum over many rows loses no digits
    for start, end in row_blocks(np.diff(matrix.indptr), AT_ONCE * 16):
        first, last = matrix.indptr[start], matrix.indptr[end]
        total = np.concatenate([[0.0], np.cumsum(matrix.data[first:last] ** 2)])
        starts = matrix.indptr[start:end] - first
        before = total[:-1] - np.repeat(total[starts], np.diff(matrix.indptr[start : end + 1]))
        kept[first:last] = before <= 1 - threshold**2 + SLACK
    holders = np.bincount(matrix.indices[kept], minlength=matrix.shape[1])
    kept &= holders[matrix.indices] > 1
    indptr = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])[matrix.indptr]
    return sparse.csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)
