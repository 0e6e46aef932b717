"""GLiNER's element loss and its reductions (`gliner/modeling/loss_functions.py`, `focal_loss_with_logits`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import torch
from torch import Tensor

REDUCTIONS = ("sum", "mean")


@dataclass(frozen=True)
class SpanLoss:
    """Binary cross-entropy over (span, label) pairs, with focal options.

    alpha (float): weight of the positive side, or -1 for none.
    gamma (float): focal exponent; 0 turns it off.
    label_smoothing (float): ε in t' = t(1-ε) + ε/2.
    prob_margin (float): probability taken off before the negative term.
    reduction (str): "sum" over everything, or "mean": the sum divided by the number of valid spans, labels not counted.
    """

    alpha: float = -1.0
    gamma: float = 0.0
    label_smoothing: float = 0.0
    prob_margin: float = 0.0
    reduction: str = "sum"

    def __post_init__(self) -> None:
        if self.reduction not in REDUCTIONS:
            raise ValueError(f"The loss reduction {self.reduction!r} is unknown; choose from {list(REDUCTIONS)}.")

    def elements(self, logits: Tensor, targets: Tensor, annotated: Optional[Tensor] = None) -> Tensor:
        """The loss of every pair, zero where a label was not annotated. *Shape:* all `(n_spans, n_labels)`."""
        truth = targets * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        p = torch.sigmoid(logits)
        q = (p - self.prob_margin).clamp(0, 1) if self.prob_margin else p
        loss = -truth * torch.log(p.clamp_min(1e-6)) - (1 - truth) * torch.log((1 - q).clamp_min(1e-6))
        if self.gamma > 0:
            loss = loss * (1 - (p * truth + (1 - q) * (1 - truth))) ** self.gamma
        if self.alpha >= 0:
            loss = loss * (self.alpha * truth + (1 - self.alpha) * (1 - truth))
        return loss if annotated is None else loss * annotated

    def reduce(self, total: Tensor, n_spans: int) -> Tensor:
        """The reduction of a sum over all pairs."""
        return total / max(n_spans, 1) if self.reduction == "mean" else total
