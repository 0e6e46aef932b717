"""The training loop of the student: AdamW, warm-up and cosine, gradients of several small batches added up; goes on after a kill.

Everything that an update depends on is either in the checkpoint (weights that learn, moments) or follows from the seed and
the update's number (order, dropout), so that a run that was killed ends with the same weights as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ...training import checkpoints
from ...training.log import TrainingLog
from .data import IGNORED, Example, StudentData, padded, steps_of

CHECKPOINTS, LOG = "checkpoints", "log.jsonl"
KEPT = 1


@dataclass(frozen=True)
class FitSettings:
    """How to train.

    epochs (int): times that each example is seen.
    batch_size (int): examples that are computed at a time.
    accumulate (int): batches of an update; their loss is the mean over all their learned tokens, as if they were one.
    learn_rate (float): the highest, reached after `warmup` (share of all updates) and left on half a cosine.
    decay (float): weight decay of matrices. clip (float): the longest gradient.
    seed (int): of order and dropout.
    save_every (int): updates between two checkpoints.
    prompts (bool): whether the prompts are learned too, as when a model is trained from nothing.
    RAISES (ValueError): for a number that is none of these.
    """

    epochs: int = 3
    batch_size: int = 4
    accumulate: int = 4
    learn_rate: float = 2e-4
    warmup: float = 0.03
    decay: float = 0.0
    clip: float = 1.0
    seed: int = 0
    save_every: int = 100
    prompts: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "accumulate", "save_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        if not self.learn_rate > 0:
            raise ValueError(f"The learning rate is {self.learn_rate}; it must be above 0.")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"A warm-up of {self.warmup} is no share of the updates; use 0 to less than 1.")

    def rate(self, step: int, steps: int) -> float:
        """RETURNS (float): the learning rate of update `step` (from 0) of `steps`."""
        warmup = math.ceil(self.warmup * steps)
        if step < warmup:
            return self.learn_rate * (step + 1) / warmup
        return self.learn_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


def fit(
    model: nn.Module,
    data: StudentData,
    folder: Path,
    settings: FitSettings,
    *,
    pad: int,
    about: Optional[Mapping[str, Any]] = None,
    until: Optional[int] = None,
    progress: bool = True,
) -> List[float]:
    """Train whatever of a model learns (`requires_grad`), from the newest checkpoint of the folder on.

    model (nn.Module): a causal language model of transformers, or one with adapters; changed in place; left in evaluation mode.
    data (StudentData): the examples.
    folder (Path): for checkpoints and `log.jsonl`.
    settings (FitSettings): how.
    pad (int): the token that fills a row up.
    about (mapping): what the outcome depends on besides, such as the base model.
    until (int): the update to stop behind, with a checkpoint; the end without.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (list): the mean loss of each update of this run.
    RAISES (ValueError): where the folder holds a training of other data or settings, or the loss is no number.
    """
    learning = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    optimizer = _optimizer(learning, settings)
    identity = _identity(data, settings, about)
    standing = checkpoints.read_newest(folder / CHECKPOINTS)
    done = 0
    if standing is not None:
        if standing.state["identity"] != identity:
            raise ValueError(f"The folder '{folder}' holds a training with other answers, settings or base; name another folder.")
        done = standing.state["step"]
        _restore(standing.tensors, learning, optimizer)
    per_step = settings.batch_size * settings.accumulate
    steps = settings.epochs * -(-len(data) // per_step)
    last = steps if until is None else min(until, steps)
    log = TrainingLog(folder / LOG, done)
    losses: List[float] = []
    model.train()
    with tqdm(total=steps, initial=done, desc="training", unit=" steps", disable=None if progress else True) as bar:
        for examples in steps_of(data.examples, per_step, settings.epochs, settings.seed, done):
            if done >= last:
                break
            loss = _update(model, learning, optimizer, examples, settings, pad, done, steps)
            done += 1
            losses.append(loss)
            log.add(step=done, loss=loss, learn_rate=settings.rate(done - 1, steps))
            bar.update()
            bar.set_postfix(loss=f"{loss:.3f}")
            if done % settings.save_every == 0 or done == last:
                state = {"step": done, "identity": identity}
                checkpoints.write(folder / CHECKPOINTS, done, state, _tensors(learning, optimizer), KEPT)
    model.eval()
    return losses


def _update(
    model: nn.Module,
    learning: Mapping[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    examples: Sequence[Example],
    settings: FitSettings,
    pad: int,
    step: int,
    steps: int,
) -> float:
    """One update of the weights. RETURNS (float): the mean loss of its learned tokens."""
    device = next(iter(learning.values())).device
    torch.manual_seed(int(hashlib.sha256(f"{settings.seed} {step}".encode()).hexdigest()[:15], 16))
    examples = [Example(each.ids, 1) for each in examples] if settings.prompts else examples
    # The first token of a row is predicted from nothing, and not learned
    learned = sum(len(each.ids) - max(each.prompt, 1) for each in examples)
    total = 0.0
    for begin in range(0, len(examples), settings.batch_size):
        batch = {name: values.to(device) for name, values in padded(examples[begin : begin + settings.batch_size], pad).items()}
        labels = batch.pop("labels")[:, 1:]
        half = device.type == "cuda" and next(model.parameters()).dtype == torch.bfloat16
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            logits = model(**batch, use_cache=False).logits[:, :-1]
        kept = labels != IGNORED
        loss = nn.functional.cross_entropy(logits[kept].float(), labels[kept], reduction="sum") / max(learned, 1)
        loss.backward()
        total += float(loss.detach())
    if not math.isfinite(total):
        raise ValueError(f"The loss of update {step + 1} is {total}; lower the learning rate.")
    nn.utils.clip_grad_norm_(list(learning.values()), settings.clip)
    for group in optimizer.param_groups:
        group["lr"] = settings.rate(step, steps)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total


def _optimizer(learning: Mapping[str, nn.Parameter], settings: FitSettings) -> torch.optim.AdamW:
    if not learning:
        raise ValueError("Nothing of the model learns; give it adapters, or let its weights learn.")
    matrices = [parameter for parameter in learning.values() if parameter.ndim > 1]
    others = [parameter for parameter in learning.values() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": settings.decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=settings.learn_rate, betas=(0.9, 0.98))


def _identity(data: StudentData, settings: FitSettings, about: Optional[Mapping[str, Any]]) -> str:
    values = {name: value for name, value in asdict(settings).items() if name != "save_every"}
    text = json.dumps([values, data.fingerprint, dict(about or {})], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _tensors(learning: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer) -> Dict[str, Tensor]:
    found = {}
    for name, parameter in learning.items():
        found[f"weight.{name}"] = parameter.detach().contiguous()
        for kind, value in optimizer.state[parameter].items():
            found[f"{kind}.{name}"] = value.detach().contiguous()
    return found


def _restore(
    tensors: Mapping[str, Tensor], learning: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer
) -> None:
    with torch.no_grad():
        for name, parameter in learning.items():
            parameter.copy_(tensors[f"weight.{name}"])
            state: Dict[str, Tensor] = {}
            for kind in ("step", "exp_avg", "exp_avg_sq"):
                value = tensors[f"{kind}.{name}"]
                state[kind] = value if kind == "step" else value.to(parameter.device)
            optimizer.state[parameter] = state
