"""AdamW with one rate for the encoders and one for the rest, its schedule, and the moving average of the weights.

The same updates as `optimizer.py` makes inside `spacy train`, in torch's terms.
"""

from __future__ import annotations

import math
from typing import Dict, Iterator, List, Mapping, Tuple

import torch
from torch import Tensor, nn

from ..scorer.model import is_encoder_parameter
from .settings import TrainingSettings


def rate_factor(step: int, settings: TrainingSettings) -> float:
    """RETURNS (float): the part of the highest rate that update `step` (from 0) is made with."""
    warmup = settings.warmup * settings.steps if settings.warmup < 1 else settings.warmup
    if step + 1 < warmup:
        return (step + 1) / warmup
    left = (settings.steps - step) / max(settings.steps - warmup, 1)
    if settings.schedule == "constant":
        return 1.0
    left = min(max(left, 0.0), 1.0)
    return left if settings.schedule == "linear" else 0.5 * (1 - math.cos(math.pi * left))


def decays(name: str) -> bool:
    """Whether a parameter of that name decays, as in gliner's trainer: layer norms and biases don't."""
    return "bias" not in name and "LayerNorm" not in name


class Optimisation:
    """The trainable state of a network beside its weights.

    All gradients lie in one flat buffer, which is what is clipped and what processes add up.
    """

    def __init__(self, module: nn.Module, settings: TrainingSettings) -> None:
        self.settings = settings
        self.parameters: Dict[str, nn.Parameter] = {
            name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad
        }
        sizes = [parameter.numel() for parameter in self.parameters.values()]
        first = next(iter(self.parameters.values()))
        self.gradient = torch.zeros(sum(sizes), dtype=first.dtype, device=first.device)
        for parameter, part in zip(self.parameters.values(), self.gradient.split(sizes), strict=True):
            parameter.grad = part.view_as(parameter)
        self._groups = list(self._grouped())
        self._adamw = torch.optim.AdamW(
            [{"params": [self.parameters[name] for name in names], **options} for names, options in self._groups],
            betas=(settings.beta1, settings.beta2),
            eps=settings.eps,
            fused=True,
        )
        self.average: Dict[str, Tensor] = {}
        if settings.average:
            self.average = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        self.steps = 0

    def _grouped(self) -> Iterator[Tuple[List[str], Dict[str, float]]]:
        settings = self.settings
        for encoder in (True, False):
            rate = settings.encoder_learn_rate if encoder else settings.learn_rate
            for decaying in (True, False):
                decay = settings.encoder_decay if encoder else settings.decay
                names = [
                    name
                    for name in self.parameters
                    if is_encoder_parameter(name) == encoder and decays(name) == decaying
                ]
                if names:
                    yield names, {"lr": rate, "highest": rate, "weight_decay": decay if decaying else 0.0}

    def step(self) -> Tuple[float, float]:
        """Change the weights by the gradient, then clear it.

        RETURNS (tuple): the gradient's norm before clipping, and the part of the highest rates that was used.
        """
        norm = float(self.gradient.norm())
        if not math.isfinite(norm):
            raise ValueError(
                f"The gradient of step {self.steps} is not finite; lower the learning rates, or train without mixed precision."
            )
        if self.settings.clip and norm > self.settings.clip:
            self.gradient.mul_(self.settings.clip / norm)
        factor = rate_factor(self.steps, self.settings)
        for group in self._adamw.param_groups:
            group["lr"] = group["highest"] * factor
        self._adamw.step()
        self.gradient.zero_()
        self.steps += 1
        if self.average:
            # the first averages forget the random beginning sooner
            decay = min(self.settings.average, self.steps / (self.steps + 9))
            with torch.no_grad():
                own = [parameter.detach() for parameter in self.parameters.values()]
                torch._foreach_lerp_(list(self.average.values()), own, 1 - decay)
        return norm, factor

    def swap_average(self) -> None:
        """Exchange weights and averages; a second call puts them back. Without averages nothing happens."""
        for name, average in self.average.items():
            parameter = self.parameters[name]
            parameter.data, self.average[name] = average, parameter.data

    def tensors(self) -> Dict[str, Tensor]:
        """RETURNS (dict): weights, averages and moments, for a checkpoint."""
        found = {f"weight.{name}": parameter.detach() for name, parameter in self.parameters.items()}
        found.update({f"average.{name}": average for name, average in self.average.items()})
        for name, parameter in self.parameters.items():
            state = self._adamw.state.get(parameter, {})
            found.update({f"{key}.{name}": state[key] for key in ("exp_avg", "exp_avg_sq") if key in state})
        return {name: tensor.cpu().contiguous() for name, tensor in found.items()}

    def restore(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Take what `tensors` gave after so many steps.

        RAISES (ValueError): for the tensors of another network.
        """
        self._check(tensors, steps)
        self.steps = steps
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(tensors[f"weight.{name}"])
                if self.average:
                    self.average[name].copy_(tensors[f"average.{name}"])
                if steps:
                    self._adamw.state[parameter] = {
                        "step": torch.tensor(float(steps)),
                        **{
                            key: tensors[f"{key}.{name}"].clone().to(parameter.device)
                            for key in ("exp_avg", "exp_avg_sq")
                        },
                    }

    def _check(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        kinds = ["weight", *(["average"] if self.average else []), *(["exp_avg", "exp_avg_sq"] if steps else [])]
        wanted = {f"{kind}.{name}": tuple(own.shape) for kind in kinds for name, own in self.parameters.items()}
        found = {name: tuple(own.shape) for name, own in tensors.items() if name in wanted or name.startswith("weight.")}
        for name in sorted(wanted.keys() | found.keys()):
            if wanted.get(name) != found.get(name):
                there, here = (f"of shape {shapes[name]}" if name in shapes else "missing" for shapes in (found, wanted))
                raise ValueError(
                    f"The checkpoint is of another model or training: {name} is {there} in it, and {here} in this one; choose "
                    "another folder, or begin anew (--no-resume)."
                )
