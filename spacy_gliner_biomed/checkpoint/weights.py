"""The tensors of a checkpoint before they are read: names, shapes and dtypes, known without touching the data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Tuple, Union

from .errors import CheckpointError

if TYPE_CHECKING:
    import torch

Shape = Tuple[int, ...]
Source = Union[Path, bytes]


class Weights(ABC):
    """A `model.safetensors` or `pytorch_model.bin` whose table of contents has been checked.

    where (str): the file's place, for messages.
    shapes (dict): name → shape. dtypes (dict): name → dtype as safetensors writes it ("F32", "F16", "BF16", "I8", …).
    """

    where: str
    shapes: Dict[str, Shape]
    dtypes: Dict[str, str]

    @abstractmethod
    def tensor(self, name: str) -> torch.Tensor:
        """RETURNS (Tensor): one tensor as stored, on the CPU, in memory of its own.

        Nothing stays mapped to the file: whoever writes over it would change weights that were checked.
        """

    def rows(self, name: str) -> int:
        """RETURNS (int): the first dimension of a matrix.

        RAISES (CheckpointError): when there is no such matrix.
        """
        shape = self.shapes.get(name)
        if shape is None or len(shape) != 2:
            found = "is missing" if shape is None else f"has the shape {shape}, not that of a matrix"
            raise CheckpointError(
                f"The tensor {name!r} of {self.where} {found}; the file is damaged or no GLiNER model."
            )
        return shape[0]
