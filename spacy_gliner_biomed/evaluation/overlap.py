"""How much of a benchmark a model may have read in training: word 13-grams in common, and documents of the same name.

Thirteen words in a row are seldom the same by chance; it is the length that language-model papers use for such checks
(Brown et al. 2020, appendix C). Words are compared without case and punctuation. The training texts become a sorted
array of 64-bit hashes (8 bytes a word of training text); the benchmark streams past it and takes no memory.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Dict, Iterable, List, Set, Tuple

import numpy as np

from ..corpus.passage import AnnotatedPassage

N_GRAM = 13
SHORTEST = 5  # words; texts of fewer ("Biol.", "vii") are the same by chance
WORD = re.compile(r"[^\W_]+")
NUMBERED = re.compile(r"\d{5}")
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
BLOCK = 1 << 20  # hashes gathered before they are sorted and merged
EXAMPLES = 10


@dataclass
class Overlap:
    """What a benchmark and the training texts share.

    n (int): words in an n-gram.
    passages, passages_shared (int): passages looked at, and those with at least one n-gram of the training texts.
    n_grams, n_grams_shared (int): their n-grams, counted wherever they stand.
    passages_of_known_documents (int): passages whose document id is the id of a training document.
    passages_too_short (int): passages of fewer than n words: only a training text of the very same words matches them, and
        nothing matches fewer than five words.
    examples (list): passage id and the shared words, of the first few passages that share any.
    """

    n: int = N_GRAM
    passages: int = 0
    passages_shared: int = 0
    n_grams: int = 0
    n_grams_shared: int = 0
    passages_of_known_documents: int = 0
    passages_too_short: int = 0
    examples: List[Tuple[str, str]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of the passages with an n-gram in common, 0 to 1."""
        return self.passages_shared / self.passages if self.passages else 0.0

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON. `passages` are those that share an n-gram, of `passages_read`."""
        return {
            "passages": self.passages_shared,
            "share": self.share,
            "passages_read": self.passages,
            "n": self.n,
            "n_grams": self.n_grams,
            "n_grams_shared": self.n_grams_shared,
            "passages_of_known_documents": self.passages_of_known_documents,
            "passages_too_short": self.passages_too_short,
            "examples": [{"id": passage_id, "words": words} for passage_id, words in self.examples],
        }

    def sentence(self) -> str:
        """RETURNS (str): the verdict in words, for a terminal or a report."""
        sentence = (
            f"{self.passages_shared} of {self.passages} passages ({100 * self.share:.1f} %) share {self.n} words in a row "
            f"with the training texts; {self.passages_of_known_documents} belong to a training document."
        )
        if self.passages_too_short:
            sentence += f" {self.passages_too_short} are shorter than {self.n} words and were compared whole."
        return sentence


class TrainingTexts:
    """The n-grams and document ids of training texts.

    n (int): words in an n-gram.
    RAISES (ValueError): when `n` is below 1.
    """

    def __init__(self, n: int = N_GRAM) -> None:
        if n < 1:
            raise ValueError(f"An n-gram of {n} words is none; use 1 or more, {N_GRAM} by default.")
        self.n = n
        self._documents: Set[str] = set()
        self._hashes = np.zeros(0, dtype=np.uint64)
        self._new: List[np.ndarray] = []
        self._n_new = 0

    def add(self, text: str, document: str = "") -> None:
        """Add one training text.

        text (str): the text.
        document (str): the id of its document. Only ids that hold a number of five digits or more, as PubMed's and
            ClinicalTrials.gov's do, name the same document in another corpus; others are passed over.
        """
        hashes = n_gram_hashes(_words(text), self.n)
        self._new.append(hashes)
        self._n_new += len(hashes)
        if NUMBERED.search(document):
            self._documents.add(document)
        # Merging costs time in proportion to all there is, so it waits until a good part of it is new
        if self._n_new >= max(BLOCK, len(self._hashes) // 2):
            self._merge()

    def add_passages(self, passages: Iterable[AnnotatedPassage]) -> None:
        """Add passages, one at a time."""
        for passage in passages:
            self.add(passage.text, passage.document)

    def __len__(self) -> int:
        """The number of distinct n-grams."""
        self._merge()
        return len(self._hashes)

    def compare(self, passages: Iterable[AnnotatedPassage]) -> Overlap:
        """Measure what a benchmark shares with the texts added so far.

        passages (Iterable[AnnotatedPassage]): the benchmark; read once, one at a time.
        RETURNS (Overlap): the counts.
        """
        self._merge()
        found = Overlap(n=self.n)
        for passage in passages:
            words = _words(passage.text)
            known = self._known(n_gram_hashes(words, self.n))
            found.passages += 1
            found.passages_too_short += len(words) < self.n
            found.passages_of_known_documents += passage.document in self._documents
            found.n_grams += len(known)
            found.n_grams_shared += int(known.sum())
            if known.any():
                found.passages_shared += 1
                if len(found.examples) < EXAMPLES:
                    first = int(known.argmax())
                    found.examples.append((passage.id, " ".join(words[first : first + self.n])))
        return found

    def _known(self, hashes: np.ndarray) -> np.ndarray:
        if not len(self._hashes):
            return np.zeros(len(hashes), dtype=bool)
        places = np.searchsorted(self._hashes, hashes)
        return self._hashes[np.minimum(places, len(self._hashes) - 1)] == hashes

    def _merge(self) -> None:
        if self._new:
            self._hashes = np.unique(np.concatenate([self._hashes, *self._new]))
            self._new, self._n_new = [], 0


def n_gram_hashes(words: List[str], n: int) -> np.ndarray:
    """Hash every run of n words: a polynomial of the words' hashes modulo 2^64, scrambled, so that order counts.

    words (List[str]): the words of a text, as they are to be compared.
    n (int): words in an n-gram. A text with fewer words gives one hash, of all of them and their number; with fewer than
        `SHORTEST` as well, none.
    RETURNS (ndarray): *Shape:* `(max(len(words) - n + 1, 1),)` or `(0,)`, uint64.
    """
    if len(words) < min(n, SHORTEST):
        return np.zeros(0, dtype=np.uint64)
    of_words = np.array([_word_hash(word) for word in words], dtype=np.uint64)
    width = min(n, len(words))
    sums = np.zeros(len(words) - width + 1, dtype=np.uint64)
    for offset in range(width):
        sums = sums * MULTIPLIER + of_words[offset : offset + len(sums)]
    if width < n:
        sums ^= np.uint64(width + 1)
    sums ^= sums >> np.uint64(31)
    sums *= np.uint64(0xBF58476D1CE4E5B9)
    return sums ^ (sums >> np.uint64(27))


def _words(text: str) -> List[str]:
    return WORD.findall(text.casefold())


@lru_cache(maxsize=1 << 18)
def _word_hash(word: str) -> int:
    # Python's own hash differs from process to process
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
