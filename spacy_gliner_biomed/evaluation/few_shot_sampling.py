"""Which passages a few-shot training gets: enough for k mentions a label, and not one too many."""

from __future__ import annotations

from typing import Dict, Iterable, List, Sequence

import numpy as np

from ..corpus.passage import AnnotatedPassage


def count_mentions(passages: Iterable[AnnotatedPassage], labels: Sequence[str]) -> np.ndarray:
    """Count the mentions of each label in each passage; of the passages themselves nothing is kept.

    passages (Iterable[AnnotatedPassage]): read once.
    labels (Sequence[str]): the labels.
    RETURNS (np.ndarray): int32. *Shape:* `(n_passages, n_labels)`
    """
    place = {label: number for number, label in enumerate(labels)}
    rows = []
    for passage in passages:
        row = np.zeros(len(labels), dtype=np.int32)
        for mention in passage.mentions:
            if mention.label in place:
                row[place[mention.label]] += 1
        rows.append(row)
    return np.stack(rows) if rows else np.zeros((0, len(labels)), dtype=np.int32)


def choose_passages(counts: np.ndarray, k: int, seed: int) -> List[int]:
    """Draw passages until each label has k mentions, the rarest label first; then give back those that are not needed.

    This is the greedy sampling of Yang and Katiyar (2020, "Simple and Effective Few-Shot Named Entity Recognition with
    Structured Nearest Neighbor Learning", algorithm 1). A passage is taken whole, as a user would annotate it, so frequent
    labels may get more mentions than k; a label with fewer than k mentions in all gets all of them.

    counts (np.ndarray): as `count_mentions` gives it. *Shape:* `(n_passages, n_labels)`
    k (int): mentions wanted of each label.
    seed (int): of the order that passages are drawn in. The same counts, k and seed give the same passages.
    RETURNS (List[int]): their numbers, in rising order: no passage can be left out without a label falling short.
    """
    wanted = np.minimum(counts.sum(axis=0), k)
    order = np.random.default_rng(seed).permutation(len(counts))
    taken: Dict[int, None] = {}
    have = np.zeros(counts.shape[1], dtype=np.int64)
    for label in np.argsort(counts.sum(axis=0), kind="stable"):
        for number in order[counts[order, label] > 0].tolist():
            if have[label] >= wanted[label]:
                break
            if number not in taken:
                taken[number] = None
                have += counts[number]
    for number in list(taken):
        if (have - counts[number] >= wanted).all():
            del taken[number]
            have -= counts[number]
    return sorted(taken)
