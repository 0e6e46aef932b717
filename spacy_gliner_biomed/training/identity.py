"""What a training is known by: a checkpoint is gone on from only by the training that wrote it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from typing import Any, Dict, List, Mapping, Optional

import torch
from torch import Tensor

from ..scorer.loss import SpanLoss
from ..scorer.scorer import SpanScorer
from .dev_set import DevSet
from .sampling import TrainingStream
from .settings import LossSettings, TrainingSettings

# A training may go on under other values of these: they change no update
_FREE = ("log_every", "evaluate_every", "checkpoint_every", "keep", "patience", "device", "accumulate")
# What an untrained model has from files: neither its head nor the table of sub-words, where a uni-encoder's markers have drawn rows
_FROM_FILES = re.compile(r"token_rep_layer\.(bert_layer|labels_encoder)\.(?!.*word_embeddings)")
_DEFAULTS = {**asdict(TrainingSettings()), **asdict(LossSettings())}


def training_identity(
    model: Mapping[str, Any], settings: TrainingSettings, loss: SpanLoss, stream: TrainingStream, dev: Optional[DevSet]
) -> Dict[str, Any]:
    """All that decides about a training, ready for JSON.

    model (dict): the `model_identity` of what it begins with.
    settings, loss, stream, dev: as `engine.train` has them.
    RETURNS (dict): for `differences`.
    """
    return {
        "training": {name: value for name, value in asdict(settings).items() if name not in _FREE},
        "loss": asdict(loss),
        "data": stream.fingerprint,
        "model": dict(model),
        "dev": None if dev is None else dev.fingerprint,
    }


def model_identity(scorer: SpanScorer, head_seed: Optional[int] = None) -> Dict[str, Any]:
    """What a model is known by before its training.

    head_seed (int): what its head was drawn by, where it is untrained: the numbers themselves may be others on another machine.
    RETURNS (dict): a hash of its weights, or of those that come from files; that seed; sizes and switches by name. Ready for JSON.
    """
    tensors = scorer.module.state_dict()
    if head_seed is not None:
        tensors = {name: tensor for name, tensor in tensors.items() if _FROM_FILES.match(name)}
    return {"weights": weights_digest(tensors), "head_seed": head_seed, **_flat(asdict(scorer.config))}


def weights_digest(tensors: Mapping[str, Tensor]) -> str:
    """RETURNS (str): a hash of tensors and their names, the same on every device."""
    digest = hashlib.sha256()
    for name, tensor in tensors.items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> List[str]:
    """What sets two trainings apart.

    before, now (dict): name → a value, or a dict of several. What `before` lacks is no difference: it was written before there
        was such an entry, or before there was such a setting, which then has its default now. Nor is an entry that is None in
        one of them, such as the dev set of a training that is not watched.
    RETURNS (list): the names that differ, each with its own differences: "training (learn_rate)".
    """
    found = []
    for name, value in now.items():
        earlier = before.get(name, value)
        if isinstance(value, dict) and isinstance(earlier, dict):
            changed = sorted(key for key in value if earlier.get(key, _DEFAULTS.get(key, value[key])) != value[key])
            if changed:
                found.append(f"{name} ({', '.join(changed)})")
        elif earlier != value and earlier is not None and value is not None:
            found.append(name)
    return found


def _flat(values: Mapping[str, Any], before: str = "") -> Dict[str, Any]:
    """Nested values under names with dots; tuples as lists, as JSON gives them back."""
    found: Dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found.update(_flat(value, f"{before}{name}."))
        else:
            found[before + name] = list(value) if isinstance(value, tuple) else value
    return found
