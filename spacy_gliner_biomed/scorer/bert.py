"""BERT over packed tokens: absolute positions, plain attention (Devlin et al. 2019; `transformers/models/bert`)."""

from __future__ import annotations

from typing import List, Optional

import torch.nn.functional as F
from torch import Tensor, nn

from .config import EncoderConfig
from .dropout import dropout
from .linear import PackedLinear
from .packing import Packing
from .transformer import Layer, SelfAttention, attend


class BertEmbeddings(nn.Module):
    """Word + position + first token type, normalised. *Shape:* `(n_tokens,)` → `(n_tokens, hidden)`."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = config.hidden_dropout_prob

    def forward(self, ids: Tensor, packing: Packing) -> Tensor:
        x = self.word_embeddings(ids) + self.position_embeddings(packing.positions(ids.device))
        x = self.LayerNorm(x + self.token_type_embeddings.weight[0])
        return dropout(x, self.dropout, self.training)


class BertSelfAttention(SelfAttention):
    """Scaled dot-product attention inside each sequence."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.n_heads = config.num_attention_heads
        self.dropout = config.attention_probs_dropout_prob
        self.query = PackedLinear(config.hidden_size, config.hidden_size)
        self.key = PackedLinear(config.hidden_size, config.hidden_size)
        self.value = PackedLinear(config.hidden_size, config.hidden_size)

    def projections(self) -> List[PackedLinear]:
        return [self.query, self.key, self.value]

    def forward(self, hidden: Tensor, packing: Packing, relative: Optional[Tensor] = None) -> Tensor:
        q, k, v = self.project(hidden, self.n_heads)
        return attend(packing, q, k, v, self._kernel)

    def _kernel(self, query: Tensor, key: Tensor, value: Tensor, mask: Optional[Tensor]) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)


class BertLayers(nn.Module):
    """The stack of layers, under the published name `encoder.layer`."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList([Layer(config, BertSelfAttention(config)) for _ in range(config.num_hidden_layers)])


class BertEncoder(nn.Module):
    """Sub-word ids → hidden states of the last layer."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = BertEmbeddings(config)
        self.encoder = BertLayers(config)

    def forward(self, ids: Tensor, packing: Packing, rows: Optional[Tensor] = None) -> Tensor:
        """Encode packed sequences.

        ids (Tensor): sub-word ids, special tokens included. *Shape:* `(n_tokens,)`, int64.
        rows (Tensor): tokens whose states are wanted, or None for all. *Shape:* `(n_rows,)`, int64.
        RETURNS (Tensor): *Shape:* `(n_rows or n_tokens, hidden)`.
        """
        hidden = self.embeddings(ids, packing)
        last = len(self.encoder.layer) - 1
        for number, layer in enumerate(self.encoder.layer):
            hidden = layer(hidden, packing, rows if number == last else None, None)
        return hidden
