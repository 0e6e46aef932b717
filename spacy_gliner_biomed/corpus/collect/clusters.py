"""From pairs of similar texts to clusters with one text to keep.

A cluster starts as a connected component of the graph of similar pairs; the most central of its texts is kept, the one
with the highest mean cosine to all of them, as the paper does. A component may be a long chain, though, whose ends have
nothing to do with each other. Here only the texts whose own cosine to the kept one reaches the threshold go with it; those
that are left of the component are clustered again by themselves, until none is left. In the end every text that goes is
similar to one that stays, and no two that stay are similar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Tuple

import numpy as np

from .join import ROUNDING, Pairs, Skip, pair_cosines, similar_pairs
from .sparse import Matrix, row_numbers, row_sums, sparse

PENDING = 1 << 16  # edges gathered before components are worked out anew
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
TIE = 9  # decimals in which two mean cosines must differ; below that the earlier text is kept

FindPairs = Callable[[Matrix, float, Skip], Iterator[Pairs]]


@dataclass(frozen=True)
class Cluster:
    """Texts of which one is enough.

    kept (int): the number of the text to keep.
    members (tuple): the numbers of all texts, the kept one among them, rising; two or more.
    cosines (tuple): of each member to the kept one, in the order of the members.
    """

    kept: int
    members: Tuple[int, ...]
    cosines: Tuple[float, ...]


class Components:
    """The connected components of a graph whose edges arrive in blocks; memory does not grow with the edges.

    n_nodes (int): the nodes, 0 to n_nodes - 1.
    """

    def __init__(self, n_nodes: int) -> None:
        self._labels = np.arange(n_nodes, dtype=np.int32)
        self._pending: List[Tuple[np.ndarray, np.ndarray]] = []
        self._n_pending = 0

    def add(self, rows: np.ndarray, columns: np.ndarray) -> None:
        """Add edges. *Shape:* `(n_edges,)` each."""
        self._pending.append((rows, columns))
        self._n_pending += len(rows)
        if self._n_pending >= PENDING:
            self._merge()

    def joined(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """RETURNS (ndarray): which pairs are known to be in one component; edges of late may not count yet.
        *Shape:* `(n_pairs,)`, bool."""
        return self._labels[rows] == self._labels[columns]

    def labels(self) -> np.ndarray:
        """RETURNS (ndarray): the component of each node. *Shape:* `(n_nodes,)`."""
        self._merge()
        return self._labels

    def _merge(self) -> None:
        if self._pending:
            rows = np.concatenate([self._labels[rows] for rows, _ in self._pending])
            columns = np.concatenate([self._labels[columns] for _, columns in self._pending])
            n_labels = int(self._labels.max()) + 1
            graph = sparse.coo_matrix((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(n_labels, n_labels))
            self._labels = sparse.csgraph.connected_components(graph, directed=False)[1][self._labels]
            self._pending, self._n_pending = [], 0


def find_clusters(matrix: Matrix, threshold: float, split: bool = True, find_pairs: FindPairs = similar_pairs) -> List[Cluster]:
    """Cluster vectors.

    matrix (csr_matrix): as in `similar_pairs`; a row without entries is similar to none, not even to another such row.
    threshold (float): cosine from which two rows are similar.
    split (bool): cut components as described above; without, a cluster is a whole component, as in the paper.
    find_pairs (callable): finds the similar pairs of the matrix's distinct rows.
    RETURNS (list): the clusters of two rows or more, by the number of the kept row.
    RAISES (ValueError): as `find_pairs` does.
    """
    first, groups = distinct_rows(matrix)
    rows, matrix = first, matrix[first]
    weights = np.bincount(groups, minlength=len(first))
    kept = np.arange(len(first))
    cosines = np.ones(len(first))
    labels = _components(matrix, threshold, find_pairs)
    remaining = np.flatnonzero(np.bincount(labels)[labels] > 1)
    labels = labels[remaining]
    while len(remaining):
        part = matrix[remaining]
        centres = _centres(part, labels, weights[remaining])
        near = pair_cosines(part, np.arange(len(remaining)), centres)
        goes = near >= threshold - ROUNDING if split else np.ones(len(remaining), dtype=bool)
        kept[remaining[goes]], cosines[remaining[goes]] = remaining[centres[goes]], near[goes]
        remaining = remaining[~goes]
        # What belongs to different components has no pair in common, so that all are clustered at once
        labels = _components(matrix[remaining], threshold, similar_pairs)
    return _gather(rows[kept][groups], cosines[groups])


def distinct_rows(matrix: Matrix) -> Tuple[np.ndarray, np.ndarray]:
    """Find rows that are equal in every entry.

    matrix (csr_matrix): float64, sorted by column. *Shape:* `(n_rows, n_columns)`.
    RETURNS (tuple): the first row of each kind, rising, *Shape:* `(n_kinds,)`; and the kind of each row, *Shape:*
        `(n_rows,)`. Each row without entries is a kind of its own.
    """
    filled = np.flatnonzero(np.diff(matrix.indptr))
    entries = (matrix.indices.astype(np.uint64) + np.uint64(1)) * MULTIPLIER * (matrix.data.view(np.uint64) | np.uint64(1))
    hashes = np.add.reduceat(entries, matrix.indptr[filled]) if len(filled) else np.zeros(0, dtype=np.uint64)
    _, places, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    # Sums may agree by chance, so that rows whose sums do are compared byte by byte
    firsts = np.arange(matrix.shape[0])
    seen: Dict[Tuple[bytes, bytes], int] = {}
    for row in filled[counts[places] > 1].tolist():
        at = slice(matrix.indptr[row], matrix.indptr[row + 1])
        firsts[row] = seen.setdefault((matrix.indices[at].tobytes(), matrix.data[at].tobytes()), row)
    return np.unique(firsts, return_inverse=True)


def _components(matrix: Matrix, threshold: float, find_pairs: FindPairs) -> np.ndarray:
    components = Components(matrix.shape[0])
    for pairs in find_pairs(matrix, threshold, components.joined):
        components.add(pairs.rows, pairs.columns)
    return components.labels()


def _centres(matrix: Matrix, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The row of each row's component with the highest mean cosine to it, each row counted as often as its weight says.

    The mean of cosines to all is the product with the sum of all, so that nothing square is needed.
    """
    rows = row_numbers(matrix)
    cells = labels[rows].astype(np.int64) * matrix.shape[1] + matrix.indices
    _, cells = np.unique(cells, return_inverse=True)
    sums = np.bincount(cells, matrix.data * weights[rows])
    totals = np.bincount(labels, weights)
    means = row_sums(matrix.data * sums[cells], matrix.indptr) / totals[labels]
    order = np.lexsort((np.arange(len(labels)), -means.round(TIE), labels))
    best = order[np.unique(labels[order], return_index=True)[1]]
    centre = np.zeros(int(labels.max()) + 1, dtype=np.int64)
    centre[labels[best]] = best
    return centre[labels]


def _gather(kept: np.ndarray, cosines: np.ndarray) -> List[Cluster]:
    order = np.argsort(kept, kind="stable")
    starts = np.flatnonzero(np.diff(kept[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    several = np.flatnonzero(ends - starts > 1)
    clusters = []
    for start, end in zip(starts[several], ends[several], strict=True):
        members = order[start:end]
        clusters.append(Cluster(int(kept[members[0]]), tuple(members.tolist()), tuple(cosines[members].tolist())))
    return clusters
