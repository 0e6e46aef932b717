"""Text → words, as GLiNER reads them, with character offsets."""

from __future__ import annotations

import re
from typing import List, Tuple

import numpy as np

# The `whitespace` splitter of gliner (`gliner/data_processing/tokenizer.py`): runs of word characters joined by single hyphens
# or underscores, and any other visible character by itself. U+3000 is white space; a zero-width character is a word.
WORD_PATTERN = re.compile(r"\w+(?:[-_]\w+)*|\S")


def split_words(text: str) -> Tuple[List[str], np.ndarray, np.ndarray]:
    """Split a text into GLiNER's words.

    text (str): any text.
    RETURNS (tuple): the words, and their start and end (exclusive) character offsets. *Shape:* both `(n_words,)`, int64.
    """
    words: List[str] = []
    bounds: List[Tuple[int, int]] = []
    for match in WORD_PATTERN.finditer(text):
        words.append(match.group())
        bounds.append(match.span())
    offsets = np.asarray(bounds, dtype=np.int64).reshape(-1, 2)
    return words, offsets[:, 0], offsets[:, 1]
