"""Seeded texts with near-duplicates planted among them, and the slow, plain answers to compare with."""

from __future__ import annotations

import random
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

Edge = Tuple[int, int]


def make_passages(count: int, seed: int = 0, n_words: int = 20_000, length: int = 60) -> List[str]:
    """RETURNS (list): texts whose words are as unevenly common as those of real texts are."""
    numbers = np.random.default_rng(seed)
    ranks = np.arange(1, n_words + 1)
    weights = 1 / (ranks + 2.7)
    lengths = numbers.integers(length // 2, 2 * length, size=count)
    drawn = numbers.choice(n_words, size=int(lengths.sum()), p=weights / weights.sum())
    words = [f"w{number}" for number in range(n_words)]
    ends = np.cumsum(lengths)
    return [" ".join(words[number] for number in drawn[end - size : end]) + "." for size, end in zip(lengths, ends, strict=True)]


def plant(texts: Sequence[str], count: int, seed: int = 0) -> Tuple[List[str], List[Edge]]:
    """Add copies of texts with a few words changed, left out or moved, and shuffle.

    RETURNS (tuple): the texts; and which are original and copy, the smaller number first.
    """
    chance = random.Random(seed)
    made: List[Tuple[str, int]] = [(text, -1) for text in texts]
    for copy, original in enumerate(chance.sample(range(len(texts)), count)):
        words = texts[original].split()
        for _ in range(chance.randint(0, 2)):
            place = chance.randrange(len(words))
            words[place : place + 1] = chance.choice([[], [f"w{chance.randrange(50)}"], [words[place].upper(), "a"]])
        if copy % 3 == 0:
            chance.shuffle(words)
        made.append((" ".join(words), original))
    order = list(range(len(made)))
    chance.shuffle(order)
    places = {old: new for new, old in enumerate(order)}
    planted = [(places[old], places[original]) for old, (_, original) in enumerate(made) if original >= 0]
    return [made[old][0] for old in order], sorted((min(edge), max(edge)) for edge in planted)


def brute_force(vectors: Any, threshold: float) -> Dict[Edge, float]:
    """RETURNS (dict): cosine of every pair of rows of a csr_matrix that reaches the threshold."""
    found: Dict[Edge, float] = {}
    for start in range(0, vectors.shape[0], 500):
        cosines = (vectors[start : start + 500] @ vectors.T).toarray()
        for row, column in np.argwhere(cosines >= threshold - 1e-12):
            if row + start < column:
                found[int(row + start), int(column)] = float(cosines[row, column])
    return found


def components(count: int, edges: Sequence[Edge]) -> List[List[int]]:
    """RETURNS (list): the connected components of two nodes or more, by flooding."""
    neighbours: Dict[int, List[int]] = {node: [] for node in range(count)}
    for left, right in edges:
        neighbours[left].append(right)
        neighbours[right].append(left)
    seen: set[int] = set()
    found = []
    for node in range(count):
        flood, stack = [], [node]
        while stack:
            at = stack.pop()
            if at not in seen:
                seen.add(at)
                flood.append(at)
                stack.extend(neighbours[at])
        if len(flood) > 1:
            found.append(sorted(flood))
    return found
