"""Where the `gliner` library differs from what its user means, for comparisons with it.

- A word whose characters the tokenizer drops (a zero-width space in WordPiece) has no sub-word. The library counts only words
  that have one, so the vectors of all later words move one place to the left and the last places stay empty.
- The same count runs on over the prompt, so a label without sub-words moves the text by one more: its first word is lost.
- The library finds labels by looking for the marker's id anywhere in the prompt, so a label with `<<ENT>>` in its text makes
  two columns, and the columns of later labels shift.

(`gliner/data_processing/utils.py`, the word mask; `gliner/modeling/utils.py`, the prompt's embeddings.) Ours leaves every word
in its place and refuses such labels.
"""

from __future__ import annotations

import numpy as np

from .prompt import Prompt
from .subwords import EncodedWords


def shift_words(words: EncodedWords, n_empty_labels: int = 0) -> EncodedWords:
    """RETURNS (EncodedWords): the same sub-words, owned as the library counts.

    n_empty_labels (int): labels in the prompt that have no sub-word. As many words at the text's start belong to nobody.
    """
    counts = np.diff(words.bounds)
    present = counts[counts > 0]
    lost = present[:n_empty_labels].sum()
    shifted = np.zeros(len(counts), dtype=np.int64)
    shifted[: len(present[n_empty_labels:])] = present[n_empty_labels:]
    return EncodedWords(words.ids, np.concatenate([[0], np.cumsum(shifted)]) + lost)


def find_markers(prompt: Prompt, marker_id: int, embed_marker: bool) -> Prompt:
    """RETURNS (Prompt): the same sub-words, with the first places where the marker's id stands as the labels' rows."""
    rows = (prompt.ids == marker_id).nonzero()[0][: len(prompt.label_rows)]
    return Prompt(prompt.ids, rows if embed_marker else rows + 1)
