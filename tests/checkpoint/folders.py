"""Small checkpoints to copy and to damage, and what a test needs to look at them."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from spacy_gliner_biomed.checkpoint import CheckpointError, load
from spacy_gliner_biomed.scorer import SpanScorer
from tests.support.published import load_in_gliner, make_checkpoint

WORDS = "Loss of BRCA1 causes breast cancer in IL-2 deficient mice .".split()
LABELS = ["gene", "disease", "animal"]
TEXT_EMBEDDINGS = "token_rep_layer.bert_layer.model.embeddings.word_embeddings.weight"


@functools.cache
def _made(options: tuple[tuple[str, Any], ...]) -> tuple[Path, Any]:
    root = tempfile.TemporaryDirectory(prefix="checkpoints-")
    settings = {"calibration_texts": 2, "calibration_labels": (3,), **dict(options)}
    return make_checkpoint(Path(root.name) / "model", **settings), root  # the folder lives as long as `root`


def published(target: Path, **options: Any) -> Path:
    """RETURNS (Path): a fresh copy of a checkpoint as `gliner` wrote it, made once for each set of options."""
    source, _ = _made(tuple(sorted(options.items())))
    shutil.copytree(source, target, dirs_exist_ok=True)
    return target


def edit_json(
    folder: Path, changes: dict[str, Any], name: str = "gliner_config.json", drop: tuple[str, ...] = ()
) -> None:
    """Change or drop fields of a JSON file; a dotted name reaches into an object."""
    path = folder / name
    values = json.loads(path.read_text(encoding="utf8"))
    for key, value in changes.items():
        *parents, last = key.split(".")
        functools.reduce(dict.__getitem__, parents, values)[last] = value
    for key in drop:
        del values[key]
    path.write_text(json.dumps(values), encoding="utf8")


def read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    """RETURNS (dict): the tensors of a folder, whichever file holds them."""
    if (folder / "model.safetensors").exists():
        return load_file(folder / "model.safetensors")
    return torch.load(folder / "pytorch_model.bin", weights_only=True)


def write_tensors(folder: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> None:
    """Put tensors into a folder as its only weights."""
    (folder / "pytorch_model.bin").unlink(missing_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors", metadata)


def our_logits(scorer: SpanScorer, labels: list[str] = LABELS) -> np.ndarray:
    """RETURNS (ndarray): logits of the sample sentence, -inf for spans beyond it. *Shape:* (words, width, labels)."""
    return scorer.logits(WORDS, labels)


def gliner_logits(folder: Path, labels: list[str] = LABELS) -> np.ndarray:
    """RETURNS (ndarray): the same from `gliner`, loaded strictly; spans beyond the end hold anything."""
    model = load_in_gliner(folder)
    prepared = model.prepare_batch([" ".join(WORDS)], labels)
    batch = model.collate_batch(prepared["input_x"], prepared["entity_types"])
    output = model.run_batch(batch)
    logits = output if isinstance(output, torch.Tensor) else output[0]
    return logits[0].detach().numpy()


def assert_same(ours: np.ndarray, theirs: np.ndarray, atol: float = 1e-4) -> None:
    """Compare logits of the spans that lie inside the sentence."""
    inside = np.isfinite(ours)
    assert inside.any() and np.abs(ours[inside] - theirs[inside]).max() <= atol


def refusal(folder: Path | str, **options: Any) -> str:
    """RETURNS (str): the message with which a folder is refused: one sentence, and no longer than a screenful."""
    try:
        load(str(folder), **options)
    except CheckpointError as error:
        message = str(error)
        assert message.endswith(".") and "\n" not in message and len(message) < 1500, message
        return message
    raise AssertionError(f"{folder} was accepted.")
