"""The linear layer that everything dense goes through: one set of weights, three precisions.

In training it is a plain linear layer (its products in bfloat16 where asked). `prepare` packs the weights once for inference:
float32 in oneDNN's blocked layout, bfloat16 products with float32 around them, or int8 rows with activations quantised on
the fly. The packed copy is dropped as soon as the layer is trained again, so it can never be stale.
"""

from __future__ import annotations

import warnings
from typing import Any, Callable, Dict, List, Optional, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PRECISIONS = ("float32", "bfloat16", "int8")
LONG_SUM = 1024  # inputs of a layer from which on float32 sums are made in two halves
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
    """One scale a row of the weights and one a row of the activations, found as they come.

    A row of the result depends on its own row of the input alone, so a text's scores don't depend on its neighbours in the
    batch, as they do with torch's dynamic quantisation (one scale for the whole input).
    """
    weight_scale = weight.abs().amax(dim=1).clamp_min(1e-12) / 127.0
    integers = (weight / weight_scale[:, None]).round().to(torch.int8)
    product = _fused_product(integers, weight_scale) or _plain_product(integers, weight_scale)
    activate = ACTIVATIONS[activation]

    def apply(x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        if not rows.shape[0]:
            return x.new_zeros((*x.shape[:-1], weight.shape[0]))
        largest = torch.maximum(rows.amax(dim=1, keepdim=True), rows.amin(dim=1, keepdim=True).neg_())
        scale = largest.clamp_min_(1e-12).div_(127.0)
        # In place and one at a time: a fused addcmul with a broadcast scale takes longer than both passes.
        result = product(rows * scale.reciprocal()).mul_(scale)
        if bias is not None:
            result.add_(bias)
        return activate(result).reshape(*x.shape[:-1], -1)

    return apply


def _fused_product(integers: Tensor, weight_scale: Tensor) -> Optional[Callable[[Tensor], Tensor]]:
    """Rows in -127 … 127 → their product with `weight_scale · integers` in float32, through oneDNN's quantised linear layer,
    which saves the passes over the integers that come out. None where this torch or processor lacks it."""
    try:
        blocked = torch.ops.onednn.qlinear_prepack(integers, None)
        no_shift = torch.zeros(len(weight_scale), dtype=torch.int64)

        def apply(rows: Tensor) -> Tensor:
            shifted = torch.quantize_per_tensor(rows, 1.0, 128, torch.quint8).int_repr()
            return torch.ops.onednn.qlinear_pointwise(
                shifted, 1.0, 128, blocked, weight_scale, no_shift, None, 1.0, 0, torch.float32, "none", [], ""
            )

        probe = torch.linspace(-127.0, 127.0, 2 * integers.shape[1]).reshape(2, -1)
        with warnings.catch_warnings():  # torch announces, once, the end of tensors of this type; the fallback waits for it
            warnings.simplefilter("ignore")
            result = apply(probe)
        expected = _plain_product(integers, weight_scale)(probe)
        return apply if torch.allclose(result, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max())) else None
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return None


def _plain_product(integers: Tensor, weight_scale: Tensor) -> Callable[[Tensor], Tensor]:
    """The same through torch's product of integer matrices."""
    columns = integers.T  # (in_features, out_features)
    return lambda rows: torch._int_mm(rows.round().to(torch.int8), columns).float().mul_(weight_scale)


def _pack_float32(weight: Tensor, bias: Optional[Tensor], activation: str) -> Optional[Callable[[Tensor], Tensor]]:
    """oneDNN's blocked weights: the same products at two to three times the speed of the plain layer on AMD processors.

    They add up a long sum in one chain, whose rounding shows in the logits: two halves round a quarter less, for a few hundredths
    of the time. The operators are private to torch, so they are tried on the real weights first and left alone where they fail.
    """
    half = weight.shape[1] // 2 if weight.shape[1] >= LONG_SUM else weight.shape[1]
    try:
        blocked = [torch.ops.mkldnn._reorder_linear_weight(part.contiguous(), None) for part in weight.split(half, dim=1)]
        product = torch.ops.mkldnn._linear_pointwise

        def apply(x: Tensor) -> Tensor:
            if x.numel() == 0:
                return x.new_zeros((*x.shape[:-1], weight.shape[0]))
            if len(blocked) == 1:
                return product(x, blocked[0], bias, activation, [], "none")
            first, *others = x.split(half, dim=-1)
            y = product(first, blocked[0], bias, "none", [], "none")
            for part, weights in zip(others, blocked[1:], strict=True):
                y.add_(product(part, weights, None, "none", [], "none"))
            return ACTIVATIONS[activation](y)

        probe = torch.linspace(-1.0, 1.0, 2 * weight.shape[1]).reshape(2, -1)
        expected = ACTIVATIONS[activation](F.linear(probe, weight, bias))
        return apply if torch.allclose(apply(probe), expected, rtol=1e-4, atol=1e-4) else None
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return None


def pack_together(layers: Sequence[PackedLinear], precision: str) -> Optional[Callable[[Tensor], List[Tensor]]]:
    """Layers that read the same input as one product; their own packed copies are dropped.

    RETURNS (callable): the input → the output of each layer, as views of one tensor. None where nothing is gained.
    """
    weight = torch.cat([layer.weight.detach() for layer in layers])
    bias = torch.cat([layer.bias.detach() for layer in layers])
    apply = pack(weight, bias, precision)
    if apply is None:
        return None
    widths = [layer.out_features for layer in layers]
    for layer in layers:
        layer.forget()
    return lambda x: list(apply(x).split(widths, dim=-1))
