"""The two position terms of DeBERTa's attention scores, in two exact forms.

Both return, for queries i and keys j of sequences of length L,

    bias[i, j] = q_i·PK[idx(i-j)] + k_j·PQ[idx(i-j)]          # (n_sequences, heads, L, L)

`idx` is given over the 2L-1 distances -(L-1) … L-1.
"""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 64


def relative_bias_by_gather(query: Tensor, key: Tensor, keys: Tensor, queries: Tensor, index: Tensor) -> Tensor:
    """The textbook form: products with the whole table, then two gathers. Differentiable; the better one on a GPU.

    query, key (Tensor): *Shape:* `(n_sequences, heads, L, head_width)`.
    keys, queries (Tensor): the tables PK and PQ. *Shape:* `(heads, 2 * span, head_width)`.
    index (Tensor): table row for each distance. *Shape:* `(2 * L - 1,)`, int64.
    """
    n_sequences, n_heads, length, _ = query.shape
    position = torch.arange(length, device=query.device)
    rows = index[position[:, None] - position[None, :] + length - 1]  # (i, j)
    expanded = rows.expand(n_sequences, n_heads, length, length)
    content_to_position = torch.gather(query @ keys.transpose(-1, -2), -1, expanded)
    position_to_content = torch.gather(key @ queries.transpose(-1, -2), -1, expanded.transpose(-1, -2))
    return content_to_position + position_to_content.transpose(-1, -2)


def relative_bias_in_blocks(query: Tensor, key: Tensor, keys: Tensor, queries: Tensor, index: Tensor) -> Tensor:
    """Products with the distances that occur, read through strided views: no gather, no waste (arguments as above).

    For a block of B queries beginning at i = a, the distances i-j are a+B-1 … a-L+1, L+B-1 of them. One product with the
    table rows of these distances, in falling order, holds every wanted value on a diagonal:

        B = 2, L = 3, a = 0        d = i-j:    1   0  -1  -2
                             i = 0           [ .   x   x   x ]     row r begins B-1-r to the right of the block's edge,
                             i = 1           [ x   x   x   . ]     so a view with row stride L+B-2 reads a rectangle
    """
    n_sequences, n_heads, length, _ = query.shape
    falling = index.flip(0)  # distances L-1 … -(L-1)
    key_table = keys[:, falling].transpose(-1, -2)  # (heads, head_width, 2L-1)
    query_table = queries[:, index].transpose(-1, -2)
    bias = query.new_empty((n_sequences, n_heads, length, length))
    for a in range(0, length, BLOCK):
        b = min(a + BLOCK, length)
        # first distance b-1 stands at L-1-(b-1) = L-b of the falling order
        products = query[:, :, a:b] @ key_table[..., length - b : 2 * length - 1 - a]
        bias[:, :, a:b] = _diagonals(products, b - a, length)
    for a in range(0, length, BLOCK):
        b = min(a + BLOCK, length)
        # for keys a … b-1 the distances i-j rise from -(b-1), which stands at L-b of the rising order
        products = key[:, :, a:b] @ query_table[..., length - b : 2 * length - 1 - a]
        bias[..., a:b] += _diagonals(products, b - a, length).transpose(-1, -2)
    return bias


def _diagonals(products: Tensor, block: int, length: int) -> Tensor:
    """*Shape:* `(n_sequences, heads, block, block + length - 1)` → `(n_sequences, heads, block, length)`, a view."""
    products = products.contiguous()
    n_sequences, n_heads, _, width = products.shape
    strides = (n_heads * block * width, block * width, width - 1, 1)
    return products.as_strided((n_sequences, n_heads, block, length), strides, products.storage_offset() + block - 1)
