"""A spaCy tokenizer whose tokens are a scorer's words."""

from __future__ import annotations

from typing import Any, Callable, Iterable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import DummyTokenizer
from spacy.vocab import Vocab

from .scorer.words import WORD_PATTERNS, split_words


class WordsTokenizer(DummyTokenizer):
    """Cuts a text into words; white space beyond one blank becomes a token of its own, as in spaCy.

    words (str): as `ScorerConfig.words`. The pipeline's config holds it, so that there is nothing else to store.
    """

    def __init__(self, vocab: Vocab, words: str = "whitespace") -> None:
        self.vocab = vocab
        self.words = words

    def __call__(self, text: str) -> Doc:
        found, starts, ends = split_words(text, self.words)
        words: list = []
        spaces: list = []
        position = 0
        for word, start, end in zip(found, starts.tolist(), ends.tolist(), strict=True):
            _add_gap(words, spaces, text[position:start])
            words.append(word)
            spaces.append(False)
            position = end
        _add_gap(words, spaces, text[position:])
        return Doc(self.vocab, words=words, spaces=spaces)

    def pipe(self, texts: Iterable[str], **kwargs: Any) -> Iterable[Doc]:
        """YIELDS (Doc): one a text."""
        for text in texts:
            yield self(text)


def _add_gap(words: list, spaces: list, gap: str) -> None:
    if gap.startswith(" ") and words:
        spaces[-1] = True
        gap = gap[1:]
    if gap:
        words.append(gap)
        spaces.append(False)


def create_words_tokenizer(words: str = "whitespace") -> Callable[[Language], WordsTokenizer]:
    """Registered as `spacy_gliner_biomed.Words.v1`.

    words (str): "whitespace" for GLiNER's own, "punctuation" for those of `mini`, which are parts of GLiNER's.
    RAISES (ValueError): for another value.
    """
    if words not in WORD_PATTERNS:
        raise ValueError(f"The setting words of the tokenizer is {words!r}; choose from {list(WORD_PATTERNS)}.")

    def create(nlp: Language) -> WordsTokenizer:
        return WordsTokenizer(nlp.vocab, words)

    return create
