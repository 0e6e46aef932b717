"""Pipelines around two kinds of scorer: one that finds the phrases it was told, and small random networks in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.scorer import Candidates, EncodedWords, Settings, TrainingCard, split_words
from spacy_gliner_biomed.thinc_model import shim_of
from tests.support import texts

TEXTS = [*texts.make_texts(9, seed=4, min_words=1, max_words=70, odd=0.3, empty=0.1), "", " \n", "Aspirin."]
LABELS = ["disease", "drug", "gene"]

Phrases = Mapping[str, Mapping[str, float]]


class PhraseScorer:
    """Stands in for a `SpanScorer`: finds phrases, and remembers what it was shown.

    phrases (dict): words joined by blanks → label text → score.
    max_width, max_len (int): the widest span and the longest window, in words.
    room (int): sub-words of a window. subwords (callable): how many a word has, by default one.
    """

    def __init__(
        self,
        phrases: Phrases,
        *,
        max_width: int = 4,
        max_len: int = 20,
        room: int = 1000,
        subwords: Callable[[str], int] = lambda word: 1,
        card: TrainingCard | None = None,
    ) -> None:
        self.phrases = {tuple(phrase.split()): dict(scores) for phrase, scores in phrases.items()}
        self.config = SimpleNamespace(max_width=max_width, max_len=max_len, is_bi_encoder=True, words="whitespace")
        self.room = room
        self.subwords = subwords
        self.card = card or TrainingCard()
        self.settings = Settings()
        self.windows: list[list[str]] = []
        self.label_texts: list[tuple[str, ...]] = []
        self._words: dict[str, int] = {}

    def configure(self, settings: Settings) -> None:
        self.settings = settings

    def set_own(self, words: str | None, label_choice: str | None) -> None:
        """One way only, as in GLiNER."""

    def expected_log_odds(self, names: Sequence[str], label_texts: Sequence[str]) -> None:
        """The best score wins."""

    def check_labels(self, label_texts: Sequence[str]) -> None:
        self.label_texts.append(tuple(label_texts))

    def room_for_words(self, label_texts: Sequence[str]) -> int:
        return self.room

    def split(self, text: str) -> tuple[list[str], np.ndarray, np.ndarray]:
        """As `SpanScorer.split`, by GLiNER's words."""
        return split_words(text)

    def encode(self, words: Sequence[str]) -> EncodedWords:
        ids = [self._words.setdefault(word, len(self._words)) for word in words]
        counts = [self.subwords(word) for word in words]
        return EncodedWords(
            np.repeat(np.asarray(ids, dtype=np.int64), counts), np.concatenate([[0], np.cumsum(counts)])
        )

    def score(self, windows, label_texts, thresholds) -> list[Candidates]:
        names = list(self._words)
        found = []
        for window in windows:
            assert len(window.ids) <= self.room
            words = [names[window.ids[start]] for start in window.bounds[:-1]]
            self.windows.append(words)
            rows = [
                (start, start + width - 1, label, score)
                for start in range(len(words))
                for width in range(1, min(self.config.max_width, len(words) - start) + 1)
                for text, score in self.phrases.get(tuple(words[start : start + width]), {}).items()
                for label, wanted in enumerate(label_texts)
                if text == wanted and score > thresholds[label]
            ]
            columns = np.asarray(rows, dtype=np.float64).reshape(-1, 4).T
            found.append(Candidates(*columns[:3].astype(np.int64), columns[3].astype(np.float32)))
        return found


def phrase_nlp(phrases: Phrases, *, words: bool = False, scorer: dict | None = None, **settings: Any) -> Language:
    """RETURNS (Language): a blank pipeline that finds phrases.

    words (bool): with GLiNER's words as tokens. scorer (dict): options of `PhraseScorer`; settings: of the component.
    """
    nlp = blank(words)
    pipe = nlp.add_pipe("gliner_biomed", config=settings)
    shim_of(pipe.model)._scorer = PhraseScorer(phrases, **(scorer or {}))
    return nlp


def folder_nlp(folder: Path | str, *, words: bool = False, **settings: Any) -> Language:
    """RETURNS (Language): a blank pipeline that reads a model folder."""
    nlp = blank(words)
    model = {"@architectures": "spacy_gliner_biomed.Checkpoint.v1", "name": str(folder), "revision": None}
    nlp.add_pipe("gliner_biomed", config={"model": model, "labels": LABELS, **settings})
    return nlp


def blank(words: bool) -> Language:
    """RETURNS (Language): English, with spaCy's own tokenizer or with `Words.v1`."""
    config = {"nlp": {"tokenizer": {"@tokenizers": "spacy_gliner_biomed.Words.v1"}}} if words else {}
    return spacy.blank("en", config=config)


def scorer_of(nlp: Language) -> Any:
    """RETURNS (SpanScorer or PhraseScorer): what reads in a pipeline."""
    return shim_of(nlp.get_pipe("gliner_biomed").model).scorer


def ents(doc: Doc) -> list[tuple[str, str]]:
    """RETURNS (list): text and label of the entities."""
    return [(ent.text, ent.label_) for ent in doc.ents]


def spans(doc: Doc, key: str = "gliner") -> list[tuple[str, str]]:
    """RETURNS (list): text and label of the span group."""
    return [(span.text, span.label_) for span in doc.spans[key]]


def found(doc: Doc, key: str = "gliner") -> list[tuple[int, int, str, tuple[int, int]]]:
    """RETURNS (list): characters, label and the model's own characters of each span of the group."""
    group = doc.spans[key]
    offsets = [tuple(pair) for pair in np.asarray(group.attrs["offsets"]).tolist()]
    return [(span.start_char, span.end_char, span.label_, offset) for span, offset in zip(group, offsets, strict=True)]


def assert_same(one: Doc, other: Doc, key: str = "gliner") -> None:
    """Two readings of a text hold the same spans and entities, with scores within 1e-5."""
    assert one.text == other.text
    assert found(one, key) == found(other, key)
    np.testing.assert_allclose(
        np.asarray(one.spans[key].attrs["scores"]), np.asarray(other.spans[key].attrs["scores"]), atol=1e-5
    )
    assert ents(one) == ents(other)
