"""Where the `gliner` library differs from what its user means, for comparisons with it.

A word whose characters the tokenizer drops (a zero-width space in WordPiece) has no sub-word. The library counts only words
that have one, so the vectors of all later words move one place to the left and the last places stay empty
(`gliner/data_processing/utils.py`, the word mask). Ours leaves every word in its place.
"""

from __future__ import annotations

import numpy as np

from .subwords import EncodedWords


def shift_words(words: EncodedWords) -> EncodedWords:
    """RETURNS (EncodedWords): the same sub-words, owned as the library counts: words without sub-words moved to the end."""
    counts = np.diff(words.bounds)
    shifted = np.concatenate([counts[counts > 0], counts[counts == 0]])
    return EncodedWords(words.ids, np.concatenate([[0], np.cumsum(shifted)]))
