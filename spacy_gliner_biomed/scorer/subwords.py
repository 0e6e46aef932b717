"""Words → sub-word ids, through the Rust tokenizer of a checkpoint and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from tokenizers import Tokenizer


@dataclass(frozen=True)
class EncodedWords:
    """The sub-words of a list of words.

    ids (ndarray): *Shape:* `(n_subwords,)`, int64.
    bounds (ndarray): word w owns the sub-words `bounds[w]` to `bounds[w + 1]`; none where the tokenizer drops all of its
        characters. *Shape:* `(n_words + 1,)`, int64.
    """

    ids: np.ndarray
    bounds: np.ndarray

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def cut(self, room: int) -> EncodedWords:
        """RETURNS (EncodedWords): the first `room` sub-words, and the words that own them."""
        return EncodedWords(self.ids[:room], np.minimum(self.bounds, room))

    def part(self, start: int, end: int) -> EncodedWords:
        """RETURNS (EncodedWords): the words from `start` to `end` (exclusive)."""
        low, high = self.bounds[start], self.bounds[end]
        return EncodedWords(self.ids[low:high], self.bounds[start : end + 1] - low)


class Subwords:
    """A tokenizer of our own making from the text of a `tokenizer.json`.

    A copy, never shared: other libraries leave padding and truncation switched on in the object they use.
    RAISES (ValueError): when the text is no tokenizer, lacks [CLS] or [SEP], or lets a word change its neighbours' sub-words.
    """

    WORDS_AT_A_TIME = 4096

    def __init__(self, tokenizer_json: str) -> None:
        self.json = tokenizer_json
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer_json)
        except Exception as error:  # the Rust side raises bare Exception
            raise ValueError(f"The tokenizer.json can't be read: {error}.") from None
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.cls_id, self.sep_id = self._special_ids()
        #: id → text of the tokens that stand for no text of a user's
        self.special_tokens: Dict[int, str] = {
            token_id: token.content
            for token_id, token in self._tokenizer.get_added_tokens_decoder().items()
            if token.special
        }
        pair = self.encode(["beta", "cell"])
        if pair.ids.tolist() != self.encode(["beta"]).ids.tolist() + self.encode(["cell"]).ids.tolist():
            raise ValueError("The tokenizer reads a word differently after another word; GLiNER's tokenizers don't.")

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size(with_added_tokens=True)

    def token_id(self, token: str) -> Optional[int]:
        """RETURNS (int): the id of a token, or None."""
        return self._tokenizer.token_to_id(token)

    def encode(self, words: Sequence[str]) -> EncodedWords:
        """Encode words one by one, without special tokens.

        words (list): GLiNER's words, or labels (a label counts as one word, blanks and all).
        RETURNS (EncodedWords): their sub-words.
        """
        ids: List[np.ndarray] = []
        counts = np.zeros(len(words), dtype=np.int64)
        for start in range(0, len(words), self.WORDS_AT_A_TIME):
            batch = list(words[start : start + self.WORDS_AT_A_TIME])
            encoding = self._tokenizer.encode(batch, is_pretokenized=True, add_special_tokens=False)
            ids.append(np.asarray(encoding.ids, dtype=np.int64))
            owners = np.asarray(encoding.word_ids, dtype=np.int64)
            counts[start : start + len(batch)] = np.bincount(owners, minlength=len(batch))
        bounds = np.concatenate([[0], np.cumsum(counts)])
        return EncodedWords(np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64), bounds)

    def _special_ids(self) -> Tuple[int, int]:
        empty = self._tokenizer.encode("", add_special_tokens=True).ids
        if len(empty) != 2:
            raise ValueError(
                f"The tokenizer puts {len(empty)} special tokens around a text, not the two of BERT and DeBERTa; "
                "its tokenizer.json lacks the post-processor that adds [CLS] and [SEP]."
            )
        return int(empty[0]), int(empty[1])

    def __getstate__(self) -> dict:
        return {"json": self.json}

    def __setstate__(self, state: dict) -> None:
        self.__init__(state["json"])  # type: ignore[misc]
