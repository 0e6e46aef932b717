"""scipy's sparse matrices, which near-duplicates need and the rest of the package does not, and what numpy lacks for them."""

from __future__ import annotations

from typing import Any, Iterator, Tuple

import numpy as np

try:
    from scipy import sparse
except ImportError:
    raise ImportError("Finding near-duplicates needs the extra 'corpus': pip install 'spacy-gliner-biomed[corpus]'.") from None

Matrix = Any  # scipy.sparse.csr_matrix, which has no type hints

__all__ = ["Matrix", "row_blocks", "row_numbers", "row_sums", "sparse"]


def row_numbers(matrix: Matrix) -> np.ndarray:
    """RETURNS (ndarray): the row of every stored entry. *Shape:* `(nnz,)`."""
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))


def row_sums(values: np.ndarray, indptr: np.ndarray) -> np.ndarray:
    """Add up values row by row.

    values (ndarray): one for every stored entry. *Shape:* `(nnz,)`.
    indptr (ndarray): where rows start and end, as scipy stores it. *Shape:* `(n_rows + 1,)`.
    RETURNS (ndarray): *Shape:* `(n_rows,)`, float64; an empty row has 0.
    """
    sums = np.zeros(len(indptr) - 1)
    filled = np.diff(indptr) > 0
    if filled.any():
        sums[filled] = np.add.reduceat(values, indptr[:-1][filled], dtype=np.float64)
    return sums


def row_blocks(work: np.ndarray, limit: int) -> Iterator[Tuple[int, int]]:
    """Cut rows into runs of bounded work.

    work (ndarray): what each row costs. *Shape:* `(n_rows,)`.
    limit (int): what a run may cost; a row that costs more is a run of its own.
    YIELDS (tuple): first row, and the row after the last.
    """
    total = np.concatenate([[0], np.cumsum(work, dtype=np.int64)])
    start = 0
    while start < len(work):
        end = int(np.searchsorted(total, total[start] + limit, side="right")) - 1
        end = max(end, start + 1)
        yield start, end
        start = end
