"""Near-duplicates among texts: TF-IDF vectors, pairs of cosine 0.90 or more, clusters, one text of each to keep.

The steps are in files of their own: `tfidf` (texts to vectors), `join` (all similar pairs, exactly) or `minhash` (most of
them, for millions of texts), `clusters` (pairs to clusters).
"""

from __future__ import annotations

from functools import partial
from typing import Iterable, Iterator, List, Tuple

import numpy as np

from .clusters import Cluster, FindPairs, find_clusters
from .join import THRESHOLD, Pairs, check_threshold, similar_pairs
from .minhash import minhash_pairs
from .tfidf import tfidf

METHODS = ("auto", "exact", "minhash")
LARGE = 1_000_000  # texts above which "auto" takes MinHash

__all__ = ["Cluster", "METHODS", "THRESHOLD", "dropped", "find_duplicates", "find_pairs"]


def find_duplicates(
    texts: Iterable[str], threshold: float = THRESHOLD, method: str = "auto", split: bool = True, progress: bool = False
) -> List[Cluster]:
    """Find clusters of near-duplicates.

    texts (iterable): read once and not kept. Their vectors are: up to 45 bytes for each distinct word of each text.
    threshold (float): the cosine from which two texts are near-duplicates, above 0, at most 1.
    method (str): "exact", "minhash", or "auto", which is exact up to a million texts.
    split (bool): a text goes only with a kept text it is itself similar to; without, a whole connected component goes with
        its most central text, as in the paper.
    progress (bool): bars on stderr, where that is a terminal.
    RETURNS (list): the clusters of two texts or more, by the number of the kept text. Texts are numbered from 0.
    RAISES (ValueError): for a threshold or method that is none, or texts that are none.
    """
    check_threshold(threshold)
    if method not in METHODS:
        raise ValueError(f"There is no method '{method}' to find near-duplicates; choose from {', '.join(METHODS)}.")
    matrix = tfidf(texts, progress)
    exact = method == "exact" or (method == "auto" and matrix.shape[0] <= LARGE)
    finder: FindPairs = partial(similar_pairs if exact else minhash_pairs, progress=progress)
    return find_clusters(matrix, threshold, split, finder)


def find_pairs(texts: Iterable[str], threshold: float = THRESHOLD, progress: bool = False) -> Pairs:
    """Find all pairs of near-duplicates, exactly: the edges of the paper's graph.

    texts, threshold, progress: as in `find_duplicates`.
    RETURNS (Pairs): sorted by first and second text. There are m²/2 pairs among m texts that are the same.
    RAISES (ValueError): as `find_duplicates`.
    """
    check_threshold(threshold)
    blocks = list(similar_pairs(tfidf(texts, progress), threshold, progress=progress))
    empty = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros(0)
    rows, columns, cosines = map(np.concatenate, zip(empty, *blocks, strict=True))
    order = np.lexsort((columns, rows))
    return Pairs(rows[order], columns[order], cosines[order])


def dropped(clusters: Iterable[Cluster]) -> Iterator[Tuple[int, int, float]]:
    """YIELDS (tuple): number of a text that goes, number of the text kept for it, and their cosine."""
    for cluster in clusters:
        for member, cosine in zip(cluster.members, cluster.cosines, strict=True):
            if member != cluster.kept:
                yield member, cluster.kept, cosine
