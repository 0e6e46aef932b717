"""Dropout whose random bits cost a quarter of torch's on a CPU: four elements share one draw of 64 bits.

torch draws a double for every element (`aten::bernoulli_`), which takes longer than the products of a small span head. Sixteen
bits an element set the probability to within 1/65,536; the factor on what is kept follows the probability that was in fact used.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LEVELS = 65536


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """As `torch.nn.functional.dropout`, of the same distribution to within 1/65,536, from torch's own generator.

    p (float): probability of a zero, 0 to 1. *Shape:* any → the same.
    """
    if not training or p <= 0.0:
        return x
    dropped = round(p * _LEVELS)
    if x.device.type != "cpu" or not 0 < dropped < _LEVELS:
        return F.dropout(x, p, training)
    n = x.numel()
    draws = torch.empty((n + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    kept = draws.view(torch.int16)[:n] >= dropped - _LEVELS // 2
    return x * kept.view(x.shape).to(x.dtype).mul_(_LEVELS / (_LEVELS - dropped))


class Dropout(nn.Dropout):
    """`nn.Dropout` through `dropout`."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (torch's own name)
        return dropout(input, self.p, self.training)
