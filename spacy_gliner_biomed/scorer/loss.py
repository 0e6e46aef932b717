"""GLiNER's element loss and its reductions (`gliner/modeling/loss_functions.py`, `focal_loss_with_logits`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import torch
import torch.nn.functional as F
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
    floor (float): smallest probability that logarithms are taken of, gliner's 1e-6 by default. A pair beyond it has no gradient: in
        a new head, large first updates can bring all pairs there, and nothing is learnt any more. 0 for none.
    """

    alpha: float = -1.0
    gamma: float = 0.0
    label_smoothing: float = 0.0
    prob_margin: float = 0.0
    reduction: str = "sum"
    floor: float = 1e-6

    def __post_init__(self) -> None:
        if self.reduction not in REDUCTIONS:
            raise ValueError(f"The loss reduction {self.reduction!r} is unknown; choose from {list(REDUCTIONS)}.")

    def elements(self, logits: Tensor, targets: Tensor, annotated: Optional[Tensor] = None) -> Tensor:
        """The loss of every pair, zero where a label was not annotated. *Shape:* all `(n_spans, n_labels)`."""
        truth = targets * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        p = torch.sigmoid(logits)
        q = (p - self.prob_margin).clamp(0, 1) if self.prob_margin else p
        if self.floor:
            log_p, log_rest = torch.log(p.clamp_min(self.floor)), torch.log((1 - q).clamp_min(self.floor))
        else:
            log_p, log_rest = F.logsigmoid(logits), torch.log1p(-q) if self.prob_margin else F.logsigmoid(-logits)
        loss = -truth * log_p - (1 - truth) * log_rest
        if self.gamma > 0:
            loss = loss * (1 - (p * truth + (1 - q) * (1 - truth))) ** self.gamma
        if self.alpha >= 0:
            loss = loss * (self.alpha * truth + (1 - self.alpha) * (1 - truth))
        return loss if annotated is None else loss * annotated

    def reduce(self, total: Tensor, n_spans: int) -> Tensor:
        """The reduction of a sum over all pairs."""
        return total / max(n_spans, 1) if self.reduction == "mean" else total
