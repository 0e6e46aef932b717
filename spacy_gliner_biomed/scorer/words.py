"""Text → words, with character offsets: GLiNER's, or finer ones for models of our own.

Spans begin and end where words do. GLiNER keeps "paracetamol-induced" together, so that its models can't mark the drug in
it: of the mentions in biomedical corpora, 3 to 8 in a hundred begin or end at such a hyphen. "punctuation" cuts there.
"""

from __future__ import annotations

import re
from typing import List, Tuple

import numpy as np

# "whitespace": gliner's splitter of that name (`gliner/data_processing/tokenizer.py`): runs of word characters joined by
# single hyphens or underscores, and any other visible character by itself. U+3000 is white space; a zero-width character is a word.
# "punctuation": runs of word characters, and any other visible character by itself.
WORD_PATTERNS = {"whitespace": re.compile(r"\w+(?:[-_]\w+)*|\S"), "punctuation": re.compile(r"\w+|\S")}


def split_words(text: str, splitter: str = "whitespace") -> Tuple[List[str], np.ndarray, np.ndarray]:
    """Split a text into words.

    text (str): any text. splitter (str): a key of `WORD_PATTERNS`; GLiNER's own is "whitespace".
    RETURNS (tuple): the words, and their start and end (exclusive) character offsets. *Shape:* both `(n_words,)`, int64.
    """
    words: List[str] = []
    bounds: List[Tuple[int, int]] = []
    for match in WORD_PATTERNS[splitter].finditer(text):
        words.append(match.group())
        bounds.append(match.span())
    offsets = np.asarray(bounds, dtype=np.int64).reshape(-1, 2)
    return words, offsets[:, 0], offsets[:, 1]
