"""A spaCy tokenizer whose tokens are GLiNER's words."""

from __future__ import annotations

from typing import Any, Callable, Iterable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import DummyTokenizer
from spacy.vocab import Vocab

from .scorer.words import split_words


class WordsTokenizer(DummyTokenizer):
    """Cuts a text into GLiNER's words; white space beyond one blank becomes a token of its own, as in spaCy.

    Nothing is configurable, so there is nothing to store.
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        found, starts, ends = split_words(text)
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


def create_words_tokenizer() -> Callable[[Language], WordsTokenizer]:
    """Registered as `spacy_gliner_biomed.Words.v1`."""

    def create(nlp: Language) -> WordsTokenizer:
        return WordsTokenizer(nlp.vocab)

    return create
