"""TF-IDF vectors of texts: scikit-learn's defaults, without scikit-learn and without keeping the texts.

Words are runs of two or more word characters, in lower case; a word's weight in a text is its count there times
ln((1 + n) / (1 + df)) + 1, where df of the n texts hold it; vectors have length 1. So cosines are those of the paper's
filter (`TfidfVectorizer()` in the seed's F0 script).
"""

from __future__ import annotations

import itertools
import re
from array import array
from collections import defaultdict
from typing import Dict, Iterable, List, Tuple

import numpy as np
from tqdm import tqdm

from .sparse import Matrix, row_sums, sparse

# Greedy, so that it finds what scikit-learn's \b\w\w+\b finds, a fourth faster
WORD = re.compile(r"\w\w+")
# In plain ASCII, splitting at blanks is faster still; words of one character then come along and are dropped by column.
NOT_WORD = {code: " " for code in range(128) if not WORD.match(chr(code) * 2)}
BLOCK = 10_000  # texts whose words are gathered before they are counted


def tfidf(texts: Iterable[str], progress: bool = False) -> Matrix:
    """Make the TF-IDF vectors of texts.

    texts (iterable): read once, one at a time; they are not kept.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (csr_matrix): *Shape:* `(n_texts, n_words)`, float64. Rows have length 1; a text without a word has an empty row.
        Columns go from the rarest word to the commonest, entries of a row too.
    RAISES (ValueError): where `texts` is one text, or holds something else than texts.
    """
    counts, words = word_counts(texts, progress)
    wanted = np.fromiter((len(word) > 1 for word in words), dtype=bool, count=len(words))
    frequency = np.bincount(counts.indices, minlength=len(words))
    # Dropped words go last, where the columns are cut off
    order = np.lexsort((frequency, ~wanted))
    places = np.empty(len(words), dtype=np.int32)
    places[order] = np.arange(len(words), dtype=np.int32)
    n_texts, n_words = len(counts.indptr) - 1, int(wanted.sum())

    columns = places[counts.indices]
    stays = columns < n_words
    columns = columns[stays]
    indptr = np.append(0, np.cumsum(row_sums(stays, counts.indptr).astype(np.int64)))
    weights = (np.log((1 + n_texts) / (1 + frequency[order])) + 1)[columns]
    weights *= counts.data[stays]
    del counts, stays
    lengths = np.sqrt(row_sums(weights**2, indptr))
    weights /= np.repeat(lengths, np.diff(indptr))
    made = sparse.csr_matrix((weights, columns, indptr), shape=(n_texts, n_words))
    made.has_sorted_indices = False
    made.sort_indices()
    return made


def word_counts(texts: Iterable[str], progress: bool = False) -> Tuple[Matrix, List[str]]:
    """Count the words of texts.

    texts (iterable): read once.
    progress (bool): as in `tfidf`.
    RETURNS (tuple): the counts, a csr_matrix of int32, *Shape:* `(n_texts, n_words)`; and the words, in the order of the
        columns. There may be words of one character among them.
    RAISES (ValueError): as `tfidf`.
    """
    if isinstance(texts, str):
        raise ValueError("Near-duplicates are looked for among several texts, but one text was given; put texts in a list.")
    numbers: Dict[str, int] = defaultdict(itertools.count().__next__)
    counted: List[np.ndarray] = [np.zeros(0, dtype=np.int32)]
    indices: List[np.ndarray] = [np.zeros(0, dtype=np.int32)]
    lengths: List[np.ndarray] = [np.zeros(1, dtype=np.int64)]
    remaining = iter(tqdm(texts, desc="words", unit=" texts", disable=None if progress else True))
    n_texts = 0
    while True:
        found, ends = array("i"), [0]
        for text in itertools.islice(remaining, BLOCK):
            if not isinstance(text, str):
                raise ValueError(f"Text {n_texts + len(ends) - 1} is no text but of type {type(text).__name__}; give str.")
            found.extend(map(numbers.__getitem__, _words(text)))
            ends.append(len(found))
        if len(ends) == 1:
            break
        n_texts += len(ends) - 1
        occurrences = np.ones(len(found), dtype=np.int32), np.array(found, dtype=np.int32), ends
        part = sparse.csr_matrix(occurrences, shape=(len(ends) - 1, max(len(numbers), 1)))
        part.sum_duplicates()
        counted.append(part.data.copy())
        indices.append(part.indices.copy())
        lengths.append(np.diff(part.indptr))
    words = list(numbers)
    parts = np.concatenate(counted), np.concatenate(indices), np.cumsum(np.concatenate(lengths))
    return sparse.csr_matrix(parts, shape=(n_texts, len(words))), words


def _words(text: str) -> List[str]:
    text = text.lower()
    return text.translate(NOT_WORD).split() if text.isascii() else WORD.findall(text)
