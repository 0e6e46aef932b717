"""Our side of a comparison, at two levels: the scorer by itself, and the pipe on spaCy documents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Token

from spacy_gliner_biomed.scorer.decode import Candidates, decode
from tests.parity.reference import Entity, Mode


def blank(folder: str | Path, **settings: Any) -> Language:
    """RETURNS (Language): a pipeline whose tokens are GLiNER's words, with a pipe that reads a checkpoint."""
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_gliner_biomed.Words.v1"}}})
    model = {"@architectures": "spacy_gliner_biomed.Checkpoint.v1", "name": str(folder), "revision": None}
    nlp.add_pipe("gliner_biomed", config={"model": model, **settings})
    return nlp


def in_document(doc: Doc) -> list[Entity]:
    """RETURNS (list): what the pipe left in `doc.spans`, in words: spaCy makes tokens of odd white space too."""
    number = {token.i: place for place, token in enumerate(words_of(doc))}
    group = doc.spans["gliner"]
    scores, offsets = group.attrs["scores"], group.attrs["offsets"]
    assert len(scores) == len(offsets) == len(group)
    return [
        Entity(number[span.start], number[span.end - 1], int(offset[0]), int(offset[1]), span.label_, float(score))
        for span, score, offset in zip(group, scores, offsets, strict=True)
    ]


def words_of(doc: Doc) -> list[Token]:
    """RETURNS (list): the tokens that are words."""
    return [token for token in doc if not token.text.isspace()]


def set_mode(nlp: Language, mode: Mode) -> None:
    """Have the pipe decode in another way."""
    nlp.get_pipe("gliner_biomed").cfg.update(overlap=mode.overlap, multi_label=mode.multi_label)


def decoded(candidates: Candidates, labels: Sequence[str], mode: Mode) -> list[tuple[tuple[int, int, str], float]]:
    """RETURNS (list): key and score of what greedy decoding keeps."""
    kept = decode(candidates, mode.overlap, mode.multi_label)
    return [
        ((int(start), int(end), labels[label]), float(np.float32(score)))
        for start, end, label, score in zip(kept.start, kept.end, kept.label, kept.score, strict=True)
    ]
