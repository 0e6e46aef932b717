"""Folders of every age and make read as `gliner` reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from spacy_gliner_biomed import checkpoint
from tests.parity.judge import LOGIT_TOLERANCE, max_difference
from tests.parity.reference import Reference
from tests.support import texts
from tests.support.published import make_checkpoint, write_json

LABELS = texts.make_labels(5)
LAYOUTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "old config, uni": ("uni", "deberta-v2", {"old_config": True}),
    "old config, bi": ("bi", "deberta-v2", {"old_config": True, "flert": False}),
    "indices unset": ("uni", "deberta-v2", {"class_token_index": "-1"}),
    "indices unset, BERT": ("uni", "bert", {"class_token_index": "-1", "safetensors": True}),
    "no FLERT": ("uni", "deberta-v2", {"flert": False}),
    "safetensors": ("bi", "bert", {"safetensors": True}),
    "spare vocabulary rows": ("bi", "deberta-v2", {"pad_vocab_to": 2500}),
    "DeBERTa label encoder": ("bi", "deberta-v2", {"labels_backbone": "deberta-v2"}),
    "six layers, four heads": ("uni", "deberta-v2", {"hidden": 64, "layers": 6, "heads": 4, "head_size": 48}),
    "two-word spans": ("uni", "bert", {"max_width": 2}),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout(name: str, tmp_path: Path) -> None:
    """The same logits, whatever the folder looks like."""
    kind, backbone, options = LAYOUTS[name]
    folder = make_checkpoint(tmp_path / "model", kind, backbone, calibration_texts=4, **options)
    scorer = checkpoint.load(str(folder))
    for reading in Reference(folder).read(texts.make_texts(3, seed=1, min_words=5, odd=0.2), LABELS, modes=[]):
        assert max_difference(reading.logits, scorer.logits(reading.words, LABELS)) <= LOGIT_TOLERANCE


def test_a_label_tokenizer_put_in_its_place(tmp_path: Path) -> None:
    """Older bi-encoders lack `labels_tokenizer/`: offline one error names the file; with it in place all is well."""
    folder = make_checkpoint(tmp_path / "model", "bi", "deberta-v2", labels_tokenizer=False, calibration_texts=4)
    with pytest.raises(checkpoint.CheckpointError, match=r"labels_tokenizer.tokenizer\.json"):
        checkpoint.load(str(folder))
    readings = Reference(folder).read(texts.make_texts(3, seed=4, min_words=5), LABELS, modes=[])
    (tmp_path / "model-labels-encoder").rename(folder / "labels_tokenizer")
    scorer = checkpoint.load(str(folder))
    for reading in readings:
        assert max_difference(reading.logits, scorer.logits(reading.words, LABELS)) <= LOGIT_TOLERANCE


def test_the_lstm_goes_by_the_weights(tmp_path: Path) -> None:
    """Old configurations say `has_rnn: false`, which gliner ignores: it would run an LSTM of random weights."""
    folder = make_checkpoint(tmp_path / "model", "uni", "deberta-v2", rnn=False, calibration_texts=4)
    readings = Reference(folder).read(texts.make_texts(3, seed=2, min_words=5), LABELS, modes=[])
    path = folder / "gliner_config.json"
    config = json.loads(path.read_text(encoding="utf8"))
    del config["num_rnn_layers"]
    write_json(path, {**config, "has_rnn": False})
    scorer = checkpoint.load(str(folder))
    for reading in readings:
        assert max_difference(reading.logits, scorer.logits(reading.words, LABELS)) <= LOGIT_TOLERANCE


def test_position_ids_of_old_files_are_no_fault(tmp_path: Path) -> None:
    """Old transformers stored `embeddings.position_ids` beside the weights."""
    folder = make_checkpoint(tmp_path / "model", "bi", "bert", calibration_texts=4)
    readings = Reference(folder).read(texts.make_texts(3, seed=3, min_words=5), LABELS, modes=[])
    weights = torch.load(folder / "pytorch_model.bin", weights_only=True)
    for part in ("bert_layer", "labels_encoder"):
        weights[f"token_rep_layer.{part}.model.embeddings.position_ids"] = torch.arange(512)[None]
    torch.save(weights, folder / "pytorch_model.bin")
    scorer = checkpoint.load(str(folder))
    for reading in readings:
        if not reading.has_empty_words:
            assert max_difference(reading.logits, scorer.logits(reading.words, LABELS)) <= LOGIT_TOLERANCE
