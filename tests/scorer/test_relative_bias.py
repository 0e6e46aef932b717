"""The strided form of DeBERTa's position terms against the textbook form and against a loop."""

from __future__ import annotations

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.scorer.deberta import distance_index
from spacy_gliner_biomed.scorer.relative_bias import relative_bias_by_gather, relative_bias_in_blocks


def tensors(length: int, seed: int, n_sequences: int = 2, heads: int = 2, span: int = 12, width: int = 4):
    """RETURNS (tuple): the arguments of both forms, random."""
    generator = torch.Generator().manual_seed(seed)
    query, key = (torch.randn(n_sequences, heads, length, width, generator=generator) for _ in range(2))
    keys, queries = (torch.randn(heads, 2 * span, width, generator=generator) for _ in range(2))
    return query, key, keys, queries, distance_index(length, span, 64)


@settings(max_examples=25, deadline=None)
@given(
    length=st.integers(1, 12)
    | st.sampled_from([62, 63, 64, 65, 66, 127, 128, 129, 191, 192, 193])
    | st.integers(13, 200),
    seed=st.integers(0, 100),
)
@example(length=64, seed=0)
@example(length=65, seed=0)
def test_blocks_equal_gather(length, seed):
    """For any length, above all around multiples of the block."""
    arguments = tensors(length, seed)
    torch.testing.assert_close(
        relative_bias_in_blocks(*arguments), relative_bias_by_gather(*arguments), rtol=1e-5, atol=1e-5
    )


def test_gather_equals_a_loop():
    """The textbook form is the formula of the module, entry by entry."""
    query, key, keys, queries, index = tensors(7, 1, n_sequences=1, heads=1)
    found = relative_bias_by_gather(query, key, keys, queries, index)[0, 0]
    for i in range(7):
        for j in range(7):
            row = index[i - j + 6]
            expected = query[0, 0, i] @ keys[0, row] + key[0, 0, j] @ queries[0, row]
            torch.testing.assert_close(found[i, j], expected, rtol=1e-5, atol=1e-5)


def test_near_distances_have_a_row_each_and_far_ones_share():
    """Buckets: exact up to half the span, logarithmic beyond, and no row outside the table."""
    index = distance_index(500, 16, 64)
    distance = {d: int(index[d + 499]) for d in range(-499, 500)}
    assert [distance[d] for d in range(-7, 8)] == list(range(9, 24))
    assert distance[499] == distance[400] <= 31
    assert distance[-499] == distance[-400] >= 0
    assert all(distance[d] <= distance[d + 1] for d in range(-499, 499))
