"""DeBERTa-v2/v3 over packed tokens: disentangled attention with log-bucketed relative positions.

Source: He et al. 2021 (arXiv 2006.03654, 2111.09543); numbers equal to `transformers/models/deberta_v2` (eager).

    scores[i, j] = (q_i·k_j + q_i·PK[idx(i-j)] + k_j·PQ[idx(i-j)]) / sqrt(3 * head_width)

PK and PQ are the relative embeddings through the layer's own key and query projections. They depend on weights alone and are
kept between calls in inference.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import EncoderConfig
from .dropout import dropout
from .linear import PackedLinear
from .packing import Packing
from .relative_bias import relative_bias_by_gather, relative_bias_in_blocks
from .transformer import Layer, SelfAttention, attend


@lru_cache(maxsize=8)
def distance_index(longest: int, buckets: int, max_position: int) -> Tensor:
    """Row of the relative table for every distance.

    longest (int): length L of the longest sequence.
    RETURNS (Tensor): rows for the distances -(L-1) … L-1. *Shape:* `(2 * L - 1,)`, int64. Near distances have a row each,
        far ones share rows on a logarithmic scale, in float32 as the published models computed it.
    """
    distance = torch.arange(1 - longest, longest)
    span = buckets if buckets > 0 else max_position
    bucket = distance
    if buckets > 0 and max_position > 0:
        middle = buckets // 2
        size = torch.where(distance.abs() < middle, torch.tensor(middle - 1), distance.abs())
        log = torch.log(size / middle) / torch.log(torch.tensor((max_position - 1) / middle)) * (middle - 1)
        far = (torch.ceil(log) + middle) * torch.sign(distance)
        bucket = torch.where(size <= middle, distance.to(far.dtype), far).to(torch.int64)
    return (bucket + span).clamp(0, 2 * span - 1)


class DebertaEmbeddings(nn.Module):
    """Word embeddings, normalised (v3 has no absolute positions and no token types)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = config.hidden_dropout_prob

    def forward(self, ids: Tensor) -> Tensor:
        return dropout(self.LayerNorm(self.word_embeddings(ids)), self.dropout, self.training)


class DebertaSelfAttention(SelfAttention):
    """Content-to-content, content-to-position and position-to-content attention, with shared projections."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.n_heads = config.num_attention_heads
        self.query_proj = PackedLinear(config.hidden_size, config.hidden_size)
        self.key_proj = PackedLinear(config.hidden_size, config.hidden_size)
        self.value_proj = PackedLinear(config.hidden_size, config.hidden_size)
        self._tables: Optional[Tuple[Tensor, Tensor]] = None

    def train(self, mode: bool = True) -> DebertaSelfAttention:
        self._tables = None
        return super().train(mode)

    def _apply(self, fn, recurse=True):
        self._tables = None  # moved to another device or dtype
        return super()._apply(fn, recurse)

    def projections(self) -> List[PackedLinear]:
        return [self.query_proj, self.key_proj, self.value_proj]

    def forward(self, hidden: Tensor, packing: Packing, relative: Optional[Tensor] = None) -> Tensor:
        assert relative is not None
        q, k, v = self.project(hidden, self.n_heads)
        position_keys, position_queries = self._position_tables(relative)

        def kernel(query: Tensor, key: Tensor, value: Tensor, mask: Optional[Tensor]) -> Tensor:
            length = query.shape[2]
            index = distance_index(length, self.config.position_buckets, self._max_position()).to(query.device)
            by_blocks = query.device.type == "cpu" and not torch.is_grad_enabled()
            relative_bias = relative_bias_in_blocks if by_blocks else relative_bias_by_gather
            bias = relative_bias(query, key, position_keys, position_queries, index)
            scale = 1.0 / math.sqrt(query.shape[-1] * 3)
            bias = bias * scale if torch.is_grad_enabled() else bias.mul_(scale)
            if mask is not None:
                bias = bias.masked_fill(~mask, torch.finfo(bias.dtype).min)
            dropout = self.config.attention_probs_dropout_prob if self.training else 0.0
            return F.scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout, scale=scale)

        return attend(packing, q, k, v, kernel)

    def _max_position(self) -> int:
        maximum = self.config.max_relative_positions
        return maximum if maximum >= 1 else self.config.max_position_embeddings

    def _position_tables(self, relative: Tensor) -> Tuple[Tensor, Tensor]:
        """PK and PQ. *Shape:* both `(heads, 2 * span, head_width)`."""
        if self._tables is not None and not torch.is_grad_enabled():
            return self._tables
        keys, queries = (
            projection(relative).unflatten(1, (self.n_heads, -1)).transpose(0, 1).contiguous()
            for projection in (self.key_proj, self.query_proj)
        )
        if not torch.is_grad_enabled() and not self.training:
            self._tables = (keys, queries)
        return keys, queries


class DebertaLayers(nn.Module):
    """The stack of layers and the relative embeddings that they share."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        layers = [Layer(config, DebertaSelfAttention(config)) for _ in range(config.num_hidden_layers)]
        self.layer = nn.ModuleList(layers)
        span = config.position_buckets
        if span <= 0:
            maximum = config.max_relative_positions
            span = maximum if maximum >= 1 else config.max_position_embeddings
        self.rel_embeddings = nn.Embedding(2 * span, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)


class DebertaEncoder(nn.Module):
    """Sub-word ids → hidden states of the last layer."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = DebertaEmbeddings(config)
        self.encoder = DebertaLayers(config)

    def forward(self, ids: Tensor, packing: Packing, rows: Optional[Tensor] = None) -> Tensor:
        """Encode packed sequences: arguments and shapes as `BertEncoder.forward`."""
        hidden = self.embeddings(ids)
        relative = self.encoder.LayerNorm(self.encoder.rel_embeddings.weight)
        last = len(self.encoder.layer) - 1
        for number, layer in enumerate(self.encoder.layer):
            hidden = layer(hidden, packing, rows if number == last else None, relative)
        return hidden
