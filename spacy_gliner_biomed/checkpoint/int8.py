"""Our own storage in a quarter of the space: a matrix as int8 with one float32 scale a row.

In the file, the int8 tensor `K` stands beside the float32 tensor `K.row_scale`; the weight is `K * row_scale`, in
float32. The rule is symmetric: the largest magnitude of a row becomes ±127. Writing what was read, with the scales
kept, gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, Iterable, Optional, Tuple

from .errors import CheckpointError

if TYPE_CHECKING:
    import torch

    from ..scorer.scorer import SpanScorer

SUFFIX = ".row_scale"
# Outside these a product could overflow or lose bits, and the round trip its exactness.
SMALLEST_SCALE, LARGEST_SCALE = 1e-30, 1e30


def quantise_rows(weight: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """Round a matrix to int8, row by row.

    weight (Tensor): *Shape:* `(n_rows, n_columns)`, floating point.
    RETURNS (tuple): the integers, *shape* `(n_rows, n_columns)`, int8 from -127 to 127; the scales, *shape*
        `(n_rows,)`, float32.
    """
    weight = weight.detach().float()
    scale = weight.abs().amax(dim=1) / 127.0
    scale = scale.where(scale >= SMALLEST_SCALE, scale.new_ones(()))  # an empty row
    return _round(weight, scale), scale


def dequantise_rows(integers: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """RETURNS (Tensor): the float32 weight that int8 rows stand for. *Shape:* `(n_rows, n_columns)`."""
    return integers.float() * scale[:, None]


def requantise_rows(weight: torch.Tensor, scale: torch.Tensor) -> Optional[torch.Tensor]:
    """RETURNS (Tensor): the int8 rows that give this weight with this scale, or None when there are none."""
    import torch

    weight, scale = weight.detach().float().cpu(), scale.detach().float().cpu()
    if weight.dim() != 2 or scale.shape != weight.shape[:1]:
        return None
    integers = _round(weight, scale)
    return integers if torch.equal(dequantise_rows(integers, scale), weight) else None


def _round(weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    import torch

    return (weight / scale[:, None]).round().clamp(-128, 127).to(torch.int8)


def check_scale(name: str, scale: torch.Tensor, where: str) -> None:
    """Raise unless every scale of a stored matrix is a positive number of sensible size."""
    if not bool(((scale >= SMALLEST_SCALE) & (scale <= LARGEST_SCALE)).all()):  # False for NaN
        raise CheckpointError(
            f"The scales {name + SUFFIX!r} of {where} aren't all positive finite numbers; the file is damaged."
        )


def round_to_int8(scorer: SpanScorer, names: Optional[Iterable[str]] = None) -> None:
    """Round a scorer's matrices to what int8 rows can hold, in place, so that it is saved in a quarter of the space.

    The rounded scorer predicts the same before and after saving.
    names (iterable): state-dict keys of the matrices to round; None for every matrix of the network but the LSTM's.
    """
    import torch

    state: Dict[str, torch.Tensor] = scorer.module.state_dict()
    wanted: Callable[[str], bool] = (
        set(names).__contains__ if names is not None else lambda name: not name.startswith("rnn.")
    )
    scales = {}
    with torch.no_grad():
        for name, weight in state.items():
            if weight.dim() == 2 and wanted(name):
                integers, scales[name] = quantise_rows(weight)
                weight.copy_(dequantise_rows(integers, scales[name]))
    scorer.forget()
    scorer.storage_scales = scales
