"""Several processes or GPUs that share a step, through `accelerate`; one process needs nothing."""

from __future__ import annotations

import os
from typing import Any, List, Optional, Sequence

import torch
from torch import Tensor

from ..scorer.training import TrainingWindow


class Processes:
    """This process among those that train together, as `accelerate launch` or `torchrun` started them.

    device (str): where this process computes; None chooses.
    RAISES (ImportError): where several were started and `accelerate` is missing.
    """

    def __init__(self, device: Optional[str] = None) -> None:
        self._accelerator: Any = None
        self.rank, self.count = 0, 1
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            try:
                from accelerate import Accelerator
            except ImportError:
                raise ImportError(
                    "Training in several processes needs the extra 'train': pip install 'spacy-gliner-biomed[train]'."
                ) from None
            self._accelerator = Accelerator(cpu=device == "cpu" or not torch.cuda.is_available())
            self.rank, self.count = self._accelerator.process_index, self._accelerator.num_processes
            self.device = str(self._accelerator.device)
        else:
            self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def add_up(self, tensor: Tensor) -> Tensor:
        """RETURNS (Tensor): the sum over all processes."""
        return tensor if self._accelerator is None else self._accelerator.reduce(tensor, reduction="sum")

    def wait(self) -> None:
        """Wait for the others."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()

    def close(self) -> None:
        """Leave the group."""
        if self._accelerator is not None:
            self._accelerator.end_training()
            if torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()


def split_windows(windows: Sequence[TrainingWindow], parts: int) -> List[List[TrainingWindow]]:
    """RETURNS (list): the windows in `parts` lists of about equally many words, each in its first order.

    Longest first, each to the list with fewest words so far; everybody who splits the same windows gets the same lists.
    """
    if parts == 1:
        return [list(windows)]
    order = sorted(range(len(windows)), key=lambda number: -len(windows[number].words))
    sizes, chosen = [0] * parts, [[] for _ in range(parts)]  # type: ignore[var-annotated]
    for number in order:
        least = min(range(parts), key=lambda part: (sizes[part], part))
        chosen[least].append(number)
        sizes[least] += len(windows[number].words)
    return [[windows[number] for number in sorted(part)] for part in chosen]
