"""What BERT and DeBERTa share: a post-norm transformer layer over packed tokens.

Parameter names are those of the published checkpoints (`transformers`: `models/bert`, `models/deberta_v2`), so a state dict
loads as it is.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

import torch
from torch import Tensor, nn

from .config import EncoderConfig
from .dropout import dropout
from .linear import PackedLinear, pack_together
from .packing import Packing

# (query, key, value, mask) of one group → context; all but the mask are (n_sequences, heads, length, head_width)
AttentionKernel = Callable[[Tensor, Tensor, Tensor, Optional[Tensor]], Tensor]


def attend(packing: Packing, query: Tensor, key: Tensor, value: Tensor, kernel: AttentionKernel) -> Tensor:
    """Run an attention kernel inside each sequence of a packed tensor.

    query, key, value (Tensor): *Shape:* `(n_tokens, heads, head_width)`.
    RETURNS (Tensor): the context vectors. *Shape:* `(n_tokens, heads * head_width)`.
    """
    if packing.padded:
        return _attend_padded(packing, query, key, value, kernel)
    outputs = []
    # One split a tensor, not one slice a group: the gradient of a slice is a whole tensor of zeros
    sizes = [group.end - group.start for group in packing.groups]
    for group, parts in zip(packing.groups, zip(*(x.split(sizes) for x in (query, key, value)), strict=True), strict=True):
        q, k, v = (x.unflatten(0, (group.n_sequences, group.length)).transpose(1, 2) for x in parts)
        context = kernel(q, k, v, None)  # (n_sequences, heads, length, head_width)
        outputs.append(context.transpose(1, 2).reshape(group.n_sequences * group.length, -1))
    if not outputs:
        return query.flatten(1)
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def _attend_padded(packing: Packing, query: Tensor, key: Tensor, value: Tensor, kernel: AttentionKernel) -> Tensor:
    """One padded rectangle: the better bargain on a GPU, where many small kernels cost more than some padding."""
    index, mask = packing.padded_index(query.device)
    n_sequences, longest = mask.shape

    def pad(x: Tensor) -> Tensor:
        rectangle = x.new_zeros((n_sequences * longest, *x.shape[1:])).index_copy(0, index, x)
        return rectangle.unflatten(0, (n_sequences, longest)).transpose(1, 2)

    # (n_sequences, 1, 1, longest): False where a key is padding
    context = kernel(pad(query), pad(key), pad(value), mask[:, None, None, :])
    return context.transpose(1, 2).reshape(n_sequences * longest, -1)[index]


class SelfAttention(nn.Module):
    """The projections that both families' attention begins with: three layers in training, one product in inference."""

    _fused: Optional[Callable[[Tensor], List[Tensor]]] = None

    def projections(self) -> List[PackedLinear]:
        """RETURNS (list): the query, key and value layers."""
        raise NotImplementedError

    def project(self, hidden: Tensor, n_heads: int) -> List[Tensor]:
        """Queries, keys and values. *Shape:* `(n_tokens, hidden)` → three of `(n_tokens, heads, head_width)`."""
        if self._fused is not None and not torch.is_grad_enabled():
            outputs = self._fused(hidden)
        else:
            outputs = [layer(hidden) for layer in self.projections()]
        return [output.unflatten(1, (n_heads, -1)) for output in outputs]

    def prepare(self, precision: str) -> None:
        """Pack the three projections together."""
        self._fused = pack_together(self.projections(), precision)

    def forget(self) -> None:
        """Drop the packed projections."""
        self._fused = None

    def __getstate__(self) -> Dict[str, Any]:
        return {**self.__dict__, "_fused": None}


class SelfOutput(nn.Module):
    """Linear, dropout, residual, layer norm: the close of both halves of a layer."""

    def __init__(self, config: EncoderConfig, in_features: int) -> None:
        super().__init__()
        self.dense = PackedLinear(in_features, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = config.hidden_dropout_prob

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(dropout(self.dense(x), self.dropout, self.training) + residual)


class Attention(nn.Module):
    """Self-attention (the family's own) and its output."""

    def __init__(self, config: EncoderConfig, self_attention: SelfAttention) -> None:
        super().__init__()
        self.self = self_attention
        self.output = SelfOutput(config, config.hidden_size)


class Intermediate(nn.Module):
    """The widening half of the feed-forward block."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.dense = PackedLinear(config.hidden_size, config.intermediate_size, activation=config.hidden_act)


class Layer(nn.Module):
    """One transformer layer. *Shape:* `(n_tokens, hidden)` → `(n_tokens or n_rows, hidden)`."""

    def __init__(self, config: EncoderConfig, self_attention: SelfAttention) -> None:
        super().__init__()
        self.attention = Attention(config, self_attention)
        self.intermediate = Intermediate(config)
        self.output = SelfOutput(config, config.intermediate_size)

    def forward(self, hidden: Tensor, packing: Packing, rows: Optional[Tensor], relative: Optional[Tensor]) -> Tensor:
        """Apply the layer; with `rows`, everything after the attention runs for those tokens alone.

        rows (Tensor): token indices whose output is wanted, or None for all. *Shape:* `(n_rows,)`, int64.
        relative (Tensor): DeBERTa's normalised relative embeddings, or None. *Shape:* `(2 * buckets, hidden)`.
        """
        context = self.attention.self(hidden, packing, relative)
        if rows is not None:
            context, hidden = context[rows], hidden[rows]
        attended = self.attention.output(context, hidden)
        return self.output(self.intermediate.dense(attended), attended)
