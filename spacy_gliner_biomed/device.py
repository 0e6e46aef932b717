"""Which device a pipe computes on."""

from __future__ import annotations

from typing import Optional

import torch
from thinc.api import Model, NumpyOps


def resolve_device(device: Optional[str], model: Model) -> str:
    """RETURNS (str): the device asked for; without one, the GPU where spaCy was told to use it, else the CPU.

    RAISES (ValueError): for a device that torch doesn't know or this machine doesn't have.
    """
    if device is None:
        return "cpu" if isinstance(model.ops, NumpyOps) or not torch.cuda.is_available() else "cuda"
    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise ValueError(f"The device {device!r} is unknown; use 'cpu', 'cuda' or 'cuda:1'.") from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"The device {device!r} was asked for, but torch finds no GPU here; use 'cpu' or leave device out."
        )
    return device
