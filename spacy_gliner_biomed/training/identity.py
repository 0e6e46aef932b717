"""What a training is known by: a checkpoint is gone on from only by the training that wrote it."""

from __future__ import annotations

import hashlib
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


def model_identity(scorer: SpanScorer) -> Dict[str, Any]:
    """RETURNS (dict): a hash of a model's weights, and its sizes and switches by name; ready for JSON."""
    return {"weights": weights_digest(scorer.module.state_dict()), **_flat(asdict(scorer.config))}


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
        was such an entry, or before there was such a setting, which then has its default now.
    RETURNS (list): the names that differ, each with its own differences: "training (learn_rate)".
    """
    found = []
    for name, value in now.items():
        earlier = before.get(name, value)
        if isinstance(value, dict) and isinstance(earlier, dict):
            changed = sorted(key for key in value if earlier.get(key, _DEFAULTS.get(key, value[key])) != value[key])
            if changed:
                found.append(f"{name} ({', '.join(changed)})")
        elif earlier != value:
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
