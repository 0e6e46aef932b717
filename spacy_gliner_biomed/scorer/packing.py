"""Several sequences laid end to end in one tensor, so that dense layers see no padding.

Example, three sequences of 4, 4 and 2 sub-words:

    tokens  a a a a b b b b c c        one tensor (10, hidden)
    groups  [a b] of length 4, [c] of length 2

Attention runs group by group, over `(n_sequences, length, ...)` views of the same memory. Sorted by length, a batch has few
groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import List, NamedTuple, Sequence, Tuple

import torch
from torch import Tensor


class Group(NamedTuple):
    """Consecutive sequences of equal length: where the first begins, how many, how long (all in sub-words)."""

    start: int
    n_sequences: int
    length: int

    @property
    def end(self) -> int:
        """First position after the group."""
        return self.start + self.n_sequences * self.length


@dataclass(frozen=True)
class Packing:
    """The lengths of the sequences of one packed tensor, in order; `padded` asks for attention over one rectangle."""

    lengths: Tuple[int, ...]
    padded: bool = False

    @classmethod
    def of(cls, lengths: Sequence[int], padded: bool = False) -> Packing:
        """RETURNS (Packing): sequences of these lengths; a length of 0 is allowed."""
        return cls(tuple(int(length) for length in lengths), padded)

    @cached_property
    def n_tokens(self) -> int:
        """Sum of the lengths."""
        return sum(self.lengths)

    @cached_property
    def groups(self) -> List[Group]:
        """Runs of sequences of equal length."""
        groups: List[Group] = []
        position = 0
        for length in self.lengths:
            if groups and groups[-1].length == length:
                groups[-1] = groups[-1]._replace(n_sequences=groups[-1].n_sequences + 1)
            elif length:
                groups.append(Group(position, 1, length))
            position += length
        return groups

    @cached_property
    def starts(self) -> Tuple[int, ...]:
        """Position of each sequence's first token."""
        starts, position = [], 0
        for length in self.lengths:
            starts.append(position)
            position += length
        return tuple(starts)

    def positions(self, device: torch.device) -> Tensor:
        """RETURNS (Tensor): 0, 1, 2 … within each sequence. *Shape:* `(n_tokens,)`, int64."""
        parts = [torch.arange(length, device=device) for length in self.lengths]
        return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int64, device=device)

    def padded_index(self, device: torch.device) -> Tuple[Tensor, Tensor]:
        """Where each token goes in a padded `(n_sequences, longest)` rectangle.

        RETURNS (tuple): flat index of each token, *shape* `(n_tokens,)`; and the mask of true tokens, *shape*
            `(n_sequences, longest)`.
        """
        lengths = torch.tensor(self.lengths, dtype=torch.int64, device=device)
        longest = max(self.lengths, default=0)
        mask = torch.arange(longest, device=device)[None, :] < lengths[:, None]
        return mask.flatten().nonzero().squeeze(1), mask
