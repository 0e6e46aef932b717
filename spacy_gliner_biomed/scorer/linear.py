"""The linear layer that everything dense goes through: one set of weights, three precisions.

In training it is a plain linear layer (its products in bfloat16 where asked). `prepare` packs the weights once for inference:
float32 in oneDNN's blocked layout, bfloat16 products with float32 around them, or int8 rows with activations quantised on
the fly. The packed copy is dropped as soon as the layer is trained again, so it can never be stale.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PRECISIONS = ("float32", "bfloat16", "int8")
ACTIVATIONS: Dict[str, Callable[[Tensor], Tensor]] = {"none": lambda x: x, "relu": F.relu, "gelu": F.gelu}


class PackedLinear(nn.Linear):
    """`nn.Linear`, the activation that follows it, and an optional packed copy of its weights for inference.

    activation (str): "none", "relu" or "gelu" (the exact, erf form). Inputs and outputs are float32 whatever the precision
    inside. *Shape:* `(..., in_features)` → `(..., out_features)`.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, activation: str = "none") -> None:
        super().__init__(in_features, out_features, bias)
        self.activation = activation
        self.train_in_bfloat16 = False
        self._packed: Optional[Callable[[Tensor], Tensor]] = None

    def forward(self, x: Tensor) -> Tensor:
        if self._packed is not None and not torch.is_grad_enabled():
            return self._packed(x)
        if self.train_in_bfloat16 and self.training:
            bias = None if self.bias is None else self.bias.bfloat16()
            y = F.linear(x.bfloat16(), self.weight.bfloat16(), bias).float()
        else:
            y = F.linear(x, self.weight, self.bias)
        return ACTIVATIONS[self.activation](y)

    def prepare(self, precision: str) -> None:
        """Pack the weights for inference in one of `PRECISIONS`."""
        bias = None if self.bias is None else self.bias.detach()
        with torch.no_grad():
            self._packed = pack(self.weight.detach(), bias, precision, self.activation)

    def forget(self) -> None:
        """Drop the packed copy."""
        self._packed = None

    def __getstate__(self) -> Any:
        # Packed weights are handles of torch's own memory that can't be copied between processes.
        return {**self.__dict__, "_packed": None}


def pack(
    weight: Tensor, bias: Optional[Tensor], precision: str, activation: str = "none"
) -> Optional[Callable[[Tensor], Tensor]]:
    """A function that applies `weight`, `bias` and `activation` in a precision, or None where the plain layer is as good.

    weight (Tensor): *Shape:* `(out_features, in_features)`.
    bias (Tensor): *Shape:* `(out_features,)`, or None.
    """
    if precision == "bfloat16":
        return _pack_bfloat16(weight, bias, activation)
    if weight.device.type != "cpu":
        return None
    return (_pack_int8 if precision == "int8" else _pack_float32)(weight, bias, activation)


def _pack_bfloat16(weight: Tensor, bias: Optional[Tensor], activation: str) -> Callable[[Tensor], Tensor]:
    weight16 = weight.bfloat16()
    bias16 = None if bias is None else bias.bfloat16()
    activate = ACTIVATIONS[activation]
    return lambda x: activate(F.linear(x.bfloat16(), weight16, bias16).float())


def _pack_int8(weight: Tensor, bias: Optional[Tensor], activation: str) -> Callable[[Tensor], Tensor]:
    """One scale a row of the weights, one scale a call of the activations (torch's dynamic quantisation)."""
    scales = weight.abs().amax(dim=1).clamp_min(1e-12).double() / 127.0
    zeros = torch.zeros(weight.shape[0], dtype=torch.int64)
    rows = torch.quantize_per_channel(weight.float(), scales, zeros, 0, torch.qint8)
    with _quantised_engine():
        handle = torch.ops.quantized.linear_prepack(rows, bias)
    activate = ACTIVATIONS[activation]

    def apply(x: Tensor) -> Tensor:
        if x.numel() == 0:
            return x.new_zeros((*x.shape[:-1], weight.shape[0]))
        return activate(torch.ops.quantized.linear_dynamic(x, handle, reduce_range=False))

    return apply


@contextmanager
def _quantised_engine() -> Iterator[None]:
    """oneDNN's int8 kernels while packing: the handle remembers them, torch's own setting is put back."""
    before = torch.backends.quantized.engine
    if "onednn" in torch.backends.quantized.supported_engines:
        torch.backends.quantized.engine = "onednn"
    try:
        yield
    finally:
        torch.backends.quantized.engine = before


def _pack_float32(weight: Tensor, bias: Optional[Tensor], activation: str) -> Optional[Callable[[Tensor], Tensor]]:
    """oneDNN's blocked weights: the same products at two to three times the speed of the plain layer on AMD processors.

    The operators are private to torch, so they are tried on the real weights first and left alone where they fail.
    """
    try:
        blocked = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)

        def apply(x: Tensor) -> Tensor:
            if x.numel() == 0:
                return x.new_zeros((*x.shape[:-1], weight.shape[0]))
            return torch.ops.mkldnn._linear_pointwise(x, blocked, bias, activation, [], "none")

        probe = torch.linspace(-1.0, 1.0, 2 * weight.shape[1]).reshape(2, -1)
        expected = ACTIVATIONS[activation](F.linear(probe, weight, bias))
        return apply if torch.allclose(apply(probe), expected, rtol=1e-4, atol=1e-4) else None
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return None


def for_each_linear(module: nn.Module, action: Callable[[PackedLinear], None]) -> None:
    """Call `action` on every `PackedLinear` inside `module`."""
    for child in module.modules():
        if isinstance(child, PackedLinear):
            action(child)
