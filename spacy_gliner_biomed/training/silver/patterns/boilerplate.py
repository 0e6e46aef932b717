"""Passages that mostly repeat what stands in many others: form letters, link lists, notices.

A source that fills a form for each of thousands of diseases says the same sentence thousands of times. Its mentions would
outnumber all others, and teach nothing new after the first.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from pathlib import Path
from typing import FrozenSet, Iterator, Sequence

from ..passages import SENTENCE_END, read_documents

OFTEN = 20  # occurrences from which a sentence is boilerplate
MOST = 0.3  # share of a passage's words


def frequent_sentences(files: Sequence[Path], often: int = OFTEN) -> FrozenSet[int]:
    """Find the sentences that come again and again.

    files (sequence): of unlabelled text, read once.
    often (int): occurrences that are too many.
    RETURNS (frozenset): their hashes; 8 bytes a sentence of the files are held meanwhile.
    """
    met = array("q")
    for file in files:
        for document in read_documents([file]):
            for passage in document:
                met.extend(number for number, _ in _sentences(passage.text))
    return frozenset(number for number, count in Counter(met).items() if count >= often)


def is_boilerplate(text: str, frequent: FrozenSet[int], most: float = MOST) -> bool:
    """RETURNS (bool): whether more than a share of a passage's words stands in frequent sentences."""
    if not frequent:
        return False
    sentences = list(_sentences(text))
    n_frequent = sum(words for number, words in sentences if number in frequent)
    return n_frequent > most * sum(words for _, words in sentences)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Each sentence of three words or more: its hash, the same in every run, and its words."""
    for sentence in SENTENCE_END.split(text):
        words = sentence.split()
        if len(words) >= 3:
            digest = hashlib.blake2b(" ".join(words).lower().encode("utf-8"), digest_size=8).digest()
            yield int.from_bytes(digest, "big", signed=True), len(words)
