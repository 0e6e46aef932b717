"""The same logits and the same entities as `gliner` 0.2.29, over the grid of published layouts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spacy_gliner_biomed import checkpoint
from tests.parity import ours
from tests.parity.agreement import count_flips, scored
from tests.parity.grid import Cell, CellReadings
from tests.parity.judge import LOGIT_TOLERANCE, max_difference
from tests.parity.reference import MODES

# Share of a cell's texts and modes with a flip. Most come from logits above 10, which run together in float32 and hide who
# ranks first; were there more, something other than rounding would be at work.
MOST_FLIPPED = 0.05


def test_one_to_five_per_cent_of_the_spans_pass(readings: Callable[[Cell], CellReadings], cell: Cell) -> None:
    """The grid's weights are scaled as promised; else agreement would be easy."""
    values = np.concatenate([reading.logits[np.isfinite(reading.logits)] for reading in readings(cell).shifted])
    assert 0.01 <= (values > 0).mean() <= 0.05


def test_logits(readings: Callable[[Cell], CellReadings], cell: Cell) -> None:
    """Every valid span's logit is within 1e-4 of gliner's, words in their own places and shifted as gliner does."""
    read = readings(cell)
    scorer = checkpoint.load(str(read.folder))
    for shifted, in_place in zip(read.shifted, read.in_place, strict=True):
        assert max_difference(in_place.logits, scorer.logits(in_place.words, read.labels)) <= LOGIT_TOLERANCE
        if shifted.has_empty_words:
            as_theirs = scorer.logits(shifted.words, read.labels, reproduce_gliner=True)
            assert max_difference(shifted.logits, as_theirs) <= LOGIT_TOLERANCE


def test_entities_of_the_scorer(readings: Callable[[Cell], CellReadings], cell: Cell) -> None:
    """`SpanScorer.score`, all texts in one call, finds gliner's entities in every mode of decoding."""
    read = readings(cell)
    scorer = checkpoint.load(str(read.folder))
    shifted = [reading for reading in read.shifted if reading.has_empty_words]
    n_flipped = n_read = 0
    for expected, as_theirs in ((read.in_place, False), (shifted, True)):
        windows = [reading.words for reading in expected]
        found = scorer.score(windows, read.labels, 0.5, reproduce_gliner=as_theirs)
        for reading, candidates in zip(expected, found, strict=True):
            for mode in MODES:
                kept = ours.decoded(candidates, read.labels, mode)
                n_flipped += count_flips(reading, read.labels, mode, kept) > 0
                n_read += 1
    assert n_flipped <= MOST_FLIPPED * n_read


def test_entities_of_the_pipe(readings: Callable[[Cell], CellReadings], cell: Cell) -> None:
    """The pipe, with tokens that are gliner's words, finds gliner's entities at gliner's offsets in every mode."""
    read = readings(cell)
    nlp = ours.blank(read.folder, labels=read.labels)
    n_flipped = n_read = 0
    for mode in MODES:
        ours.set_mode(nlp, mode)
        for reading, doc in zip(read.in_place, nlp.pipe(read.texts, batch_size=7), strict=True):
            words = ours.words_of(doc)
            assert [word.text for word in words] == reading.words
            found = ours.in_document(doc)
            n_flipped += count_flips(reading, read.labels, mode, scored(found)) > 0
            n_read += 1
            theirs = {entity.key: (entity.start_char, entity.end_char) for entity in reading.entities[mode]}
            for entity in found:
                offsets = (entity.start_char, entity.end_char)
                first, last = words[entity.start], words[entity.end]
                assert offsets == (first.idx, last.idx + len(last)) == theirs.get(entity.key, offsets)
    assert n_flipped <= MOST_FLIPPED * n_read


def test_shifted_texts_are_in_the_grid(readings: Callable[[Cell], CellReadings], cell: Cell) -> None:
    """With a BERT tokenizer, texts with a word that it drops are shifted by gliner; where none is, nothing is."""
    read = readings(cell)
    shifted = [reading.has_empty_words for reading in read.shifted]
    assert any(shifted) == (cell.backbone == "bert")
    for theirs, mended in zip(read.shifted, read.in_place, strict=True):
        same = np.array_equal(theirs.logits, mended.logits, equal_nan=True)
        assert same or theirs.has_empty_words
