"""What we write, `gliner` loads and reads the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.scorer.model import build_module
from spacy_gliner_biomed.scorer.scorer import SpanScorer
from tests.parity import ours
from tests.parity.agreement import count_flips, scored
from tests.parity.judge import LOGIT_TOLERANCE, max_difference
from tests.parity.reference import MODES, Reference
from tests.support import texts
from tests.support.published import load_in_gliner, make_checkpoint, randomise

LABELS = texts.make_labels(10)
BOTH = pytest.mark.parametrize("backbone", ["bert", "deberta-v2"])


def assert_gliner_reads_the_same(scorer: SpanScorer, folder: Path, name: str, labels: Sequence[str]) -> int:
    """Export a scorer and compare. `name` is what our pipe loads the original by. RETURNS (int): entities found."""
    checkpoint.export(scorer, folder)
    wanted = texts.make_texts(12, seed=1, min_words=5, odd=0.2)
    nlp = ours.blank(name, labels=list(labels))
    n_found = 0
    for reading in Reference(folder).read(wanted, list(labels), in_place=True):
        assert max_difference(reading.logits, scorer.logits(reading.words, labels)) <= LOGIT_TOLERANCE
        doc = nlp(" ".join(reading.words))
        if [word.text for word in ours.words_of(doc)] != reading.words:
            continue
        for mode in MODES:
            ours.set_mode(nlp, mode)
            found = ours.in_document(nlp(doc.text))
            count_flips(reading, labels, mode, scored(found))
            n_found += len(found)
    return n_found


@pytest.mark.parametrize("kind", ["uni", "bi"])
@BOTH
def test_published_to_published(kind: str, backbone: str, tmp_path: Path) -> None:
    """A published checkpoint, loaded and exported, holds the same weights and predicts the same."""
    folder = make_checkpoint(tmp_path / "model", kind, backbone, calibration_labels=(10,), calibration_texts=6)
    exported = tmp_path / "exported"
    assert assert_gliner_reads_the_same(checkpoint.load(str(folder)), exported, str(folder), LABELS)
    before, after = load_in_gliner(folder).model.state_dict(), load_in_gliner(exported).model.state_dict()
    assert before.keys() == after.keys()
    unused = {name for name in before if "pooler" in name or (kind == "bi" and name.startswith("rnn."))}
    for name in before.keys() - unused:
        assert torch.equal(before[name], after[name]), name


@pytest.mark.parametrize("kind", ["uni", "bi"])
@BOTH
def test_ours_to_published(kind: str, backbone: str, tmp_path: Path) -> None:
    """A folder of our own format, written and read again, exports to what the original was."""
    folder = make_checkpoint(tmp_path / "model", kind, backbone, calibration_labels=(10,), calibration_texts=6)
    checkpoint.save(checkpoint.load(str(folder)), tmp_path / "saved")
    saved = checkpoint.load(str(tmp_path / "saved"))
    assert assert_gliner_reads_the_same(saved, tmp_path / "exported", str(tmp_path / "saved"), LABELS)


@BOTH
def test_tied_encoders_are_untied(backbone: str, tmp_path: Path) -> None:
    """One set of weights for text and labels, as in our own models, becomes two."""
    folder = make_checkpoint(
        tmp_path / "model", "bi", backbone, labels_hidden=32, labels_backbone=backbone, calibration_texts=2
    )
    original = checkpoint.load(str(folder))
    config = replace(original.config, label_encoder=original.config.text_encoder, tied_encoders=True)
    module = build_module(config)
    randomise(module, seed=5)
    with torch.no_grad():
        module.prompt_rep_layer[3].weight *= 0.05  # random labels score high: keep the number of candidates small
        module.prompt_rep_layer[3].bias *= 0.05
    tied = SpanScorer(config, module, original.subwords)
    checkpoint.save(tied, tmp_path / "tied")
    loaded = checkpoint.load(str(tmp_path / "tied"))
    assert loaded.config.tied_encoders
    assert assert_gliner_reads_the_same(loaded, tmp_path / "exported", str(tmp_path / "tied"), LABELS)


def test_int8_storage(tmp_path: Path) -> None:
    """Weights stored in int8 come back as the numbers that export writes in float32."""
    folder = make_checkpoint(tmp_path / "model", "bi", "bert", calibration_labels=(10,), calibration_texts=6)
    scorer = checkpoint.load(str(folder))
    checkpoint.round_to_int8(scorer)
    expected = scorer.logits(texts.words_of(texts.make_text(1, 30)), LABELS)
    checkpoint.save(scorer, tmp_path / "saved")
    loaded = checkpoint.load(str(tmp_path / "saved"))
    assert loaded.storage_scales
    found = loaded.logits(texts.words_of(texts.make_text(1, 30)), LABELS)
    assert max_difference(np.where(np.isfinite(expected), expected, np.nan), found) <= LOGIT_TOLERANCE
    assert assert_gliner_reads_the_same(loaded, tmp_path / "exported", str(tmp_path / "saved"), LABELS)


def test_mini(tmp_path: Path) -> None:
    """The embedded model, exported, is the same model in `gliner`, on the words that `gliner` makes."""
    labels = ["disease", "chemical", "gene", "cell type", "organism"]
    scorer = checkpoint.load("mini")
    scorer.config = replace(scorer.config, words="whitespace")
    checkpoint.save(scorer, tmp_path / "coarse")
    assert assert_gliner_reads_the_same(scorer, tmp_path / "exported", str(tmp_path / "coarse"), labels) > 20
