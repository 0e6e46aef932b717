"""The `markerV0` span head, in its exact fast algebra.

The published head scores a span (i, j) against a label as

    span(i, j) = W2 · relu(W1 · relu([s_i ; e_j]) + b1) + b2            logit = span(i, j) · p

with s, e the start and end MLPs of a word and p the label's vector (`gliner/modeling/span_rep.py`, SpanMarkerV0). As
relu([s ; e]) = [relu(s) ; relu(e)], the first linear splits into one product per **word**,

    A_i = W1[:, :D] · relu(s_i) + b1,     B_j = W1[:, D:] · relu(e_j),     hidden(i, j) = relu(A_i + B_j)

and the second folds into the labels:  logit = hidden · (W2ᵀ p) + p · b2. Example, four words, widest span three:

    width 1:  A0+B0  A1+B1  A2+B2  A3+B3
    width 2:  A0+B1  A1+B2  A2+B3
    width 3:  A0+B2  A1+B3                 each row of this picture is one slice of A plus one slice of B
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterator, Optional, Tuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .dropout import Dropout
from .linear import PackedLinear, pack
from .packing import Packing

ROWS_PER_BLOCK = 256  # spans scored at a time: the hidden vectors of a block stay in the processor's cache


def two_layers(in_features: int, hidden: int, out_features: int, dropout: float) -> nn.Sequential:
    """Linear, ReLU, dropout, linear, under the published indices 0 and 3."""
    return nn.Sequential(
        PackedLinear(in_features, hidden, activation="relu"),
        nn.Identity(),
        Dropout(dropout),
        PackedLinear(hidden, out_features),
    )


@dataclass(frozen=True)
class WordTerms:
    """A and B of the module docstring. *Shape:* both `(n_words, 4 * D)`."""

    start: Tensor
    end: Tensor


@dataclass(frozen=True)
class FoldedLabels:
    """Labels ready for the span head.

    weight (Tensor): W2ᵀp, or p itself where folding would cost more than it saves. *Shape:* `(4 * D or D, n_labels)`.
    bias (Tensor): p·b2. *Shape:* `(n_labels,)`.
    """

    weight: Tensor
    bias: Tensor
    folded: bool


class SpanHead(nn.Module):
    """Start, end and output projections of `markerV0`."""

    def __init__(self, width: int, max_width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.max_width = max_width
        self.project_start = two_layers(width, 4 * width, width, dropout)
        self.project_end = two_layers(width, 4 * width, width, dropout)
        self.out_project = two_layers(2 * width, 4 * width, width, dropout)
        self._split: Optional[Tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = None
        self._dtype = torch.float32

    @property
    def first(self) -> PackedLinear:
        """The first output linear, W1."""
        return cast(PackedLinear, self.out_project[0])

    @property
    def last(self) -> PackedLinear:
        """The second output linear, W2."""
        return cast(PackedLinear, self.out_project[3])

    def prepare(self, precision: str) -> None:
        """Pack the two halves of the first output linear."""
        weight, bias = self.first.weight.detach(), self.first.bias.detach()
        start = pack(weight[:, : self.width].contiguous(), bias, precision)
        end = pack(weight[:, self.width :].contiguous(), None, precision)
        self._split = None if start is None or end is None else (start, end)
        # The hidden vectors of the spans are the head's whole traffic; where the linears are rounded, half of it will do
        self._dtype = torch.float32 if precision == "float32" else torch.bfloat16

    def forget(self) -> None:
        """Drop the packed halves."""
        self._split = None

    def __getstate__(self) -> Dict[str, Any]:
        return {**self.__dict__, "_split": None}

    def word_terms(self, words: Tensor) -> WordTerms:
        """Everything that depends on one word. *Shape:* `(n_words, D)` → two of `(n_words, 4 * D)`."""
        start, end = F.relu(self.project_start(words)), F.relu(self.project_end(words))
        if self._split is not None and not torch.is_grad_enabled():
            return WordTerms(self._split[0](start).to(self._dtype), self._split[1](end).to(self._dtype))
        dtype = torch.bfloat16 if self._rounds_in_training else start.dtype
        weight, bias = self.first.weight.to(dtype), self.first.bias.to(dtype)
        return WordTerms(
            F.linear(start.to(dtype), weight[:, : self.width], bias).to(start.dtype),
            F.linear(end.to(dtype), weight[:, self.width :]).to(end.dtype),
        )

    @property
    def _rounds_in_training(self) -> bool:
        """Whether products are made in bfloat16 while the head is trained."""
        return self.training and self.first.train_in_bfloat16

    def fold(self, labels: Tensor) -> FoldedLabels:
        """Fold the second output linear into label vectors. *Shape:* `(n_labels, D)`."""
        last = self.last
        # 4D·C products a span folded, 4D·D + D·C unfolded: folding pays below 4D/3 labels
        if 3 * labels.shape[0] >= 4 * self.width:
            return FoldedLabels(labels.T.contiguous(), labels.new_zeros(labels.shape[0]), folded=False)
        if torch.is_grad_enabled() or labels.dtype != torch.float32:
            return FoldedLabels(last.weight.T @ labels.T, labels @ last.bias, folded=True)
        # Once for all spans: rounded once, so that folding adds no error to what the two products would have
        exact = last.weight.T.double() @ labels.T.double()
        return FoldedLabels(exact.float(), (labels.double() @ last.bias.double()).float(), folded=True)

    def logits_by_width(
        self, terms: WordTerms, labels: FoldedLabels, packing: Packing
    ) -> Iterator[Tuple[int, Tensor, Tensor]]:
        """Logits of all valid spans, one width after the other; differentiable.

        packing (Packing): the words of each window; a span never crosses a window's end.
        YIELDS (tuple): the width minus one; the first words of the spans, *shape* `(n_spans,)`; their logits, *shape*
            `(n_spans, n_labels)`.
        """
        room = words_left(packing, terms.start.device)
        for extra in range(self.max_width):
            first = (room > extra).nonzero().squeeze(1)
            if not len(first):
                return
            hidden = F.relu(terms.start[first] + terms.end[first + extra])
            if self._rounds_in_training and labels.folded:
                hidden = hidden.bfloat16()  # half the traffic of the widest tensors of a step
            yield extra, first, self._close(self.out_project[2](hidden), labels)

    def logits(self, terms: WordTerms, labels: FoldedLabels, packing: Packing) -> Tensor:
        """Logits of all spans for inference, in one tensor.

        RETURNS (Tensor): entry `[i, k, c]` is the span of words i … i+k and label c; spans that leave their window hold
            -inf. *Shape:* `(n_words, max_width, n_labels)`.
        """
        n_words = terms.start.shape[0]
        if labels.folded:
            labels = replace(labels, weight=labels.weight.to(terms.start.dtype))
        logits = labels.bias.new_full((n_words, self.max_width, labels.weight.shape[1]), float("-inf"))
        room = words_left(packing, terms.start.device)
        widest = min(self.max_width, max(packing.lengths, default=0))
        for block in range(0, n_words, ROWS_PER_BLOCK):
            stop = min(block + ROWS_PER_BLOCK, n_words)
            for extra in range(widest):
                last = min(stop, n_words - extra)
                if last <= block:
                    break
                valid = room[block:last] > extra
                if 4 * int(valid.sum()) < 3 * (last - block):  # short windows: picking rows beats scoring invalid spans
                    first = valid.nonzero().squeeze(1) + block
                    hidden = (terms.start[first] + terms.end[first + extra]).relu_()
                    logits[first, extra] = self._close(hidden, labels)
                else:
                    hidden = (terms.start[block:last] + terms.end[block + extra : last + extra]).relu_()
                    scored = self._close(hidden, labels)
                    logits[block:last, extra] = scored.masked_fill_(~valid[:, None], float("-inf"))
        return logits

    def span_vectors(self, terms: WordTerms, first: Tensor, last: Tensor) -> Tensor:
        """`span(i, j)` of the module docstring, for spans given by their words. *Shape:* `(n_spans,)` twice → `(n_spans, D)`."""
        return self.out_project[3](F.relu(terms.start[first] + terms.end[last]).float())

    def _close(self, hidden: Tensor, labels: FoldedLabels) -> Tensor:
        if not labels.folded:
            return self.out_project[3](hidden.float()) @ labels.weight
        if hidden.dtype == torch.float32 and torch.is_grad_enabled():
            return torch.addmm(labels.bias, hidden, labels.weight)
        if hidden.dtype == torch.float32:
            # Four shorter sums: large terms of a logit cancel, and the rounding of one long sum shows
            parts = [slice(start, start + self.width) for start in range(0, hidden.shape[1], self.width)]
            scored = hidden[:, parts[0]] @ labels.weight[parts[0]]
            for part in parts[1:]:
                scored += hidden[:, part] @ labels.weight[part]
            return scored.add_(labels.bias)
        return (hidden @ labels.weight.to(hidden.dtype)).float().add_(labels.bias)


def words_left(packing: Packing, device: torch.device) -> Tensor:
    """How many words its window still has from each word on, itself counted. *Shape:* `(n_words,)`, int64."""
    parts = [torch.arange(length, 0, -1, device=device) for length in packing.lengths if length]
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int64, device=device)


class SpanLayer(nn.Module):
    """Holds the head under its published name, `span_rep_layer.span_rep_layer`."""

    def __init__(self, head: SpanHead) -> None:
        super().__init__()
        self.span_rep_layer = head
