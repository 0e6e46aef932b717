"""The fast algebra of the span head against the published one, span by span."""

from __future__ import annotations

import pickle

import pytest
import torch
import torch.nn.functional as F

from spacy_gliner_biomed.scorer.packing import Packing
from spacy_gliner_biomed.scorer.span_head import ROWS_PER_BLOCK, SpanHead, words_left

WIDTH, MAX_WIDTH = 6, 3


@pytest.fixture
def head() -> SpanHead:
    """A head of width 6 for spans of up to three words."""
    torch.manual_seed(0)
    return SpanHead(WIDTH, MAX_WIDTH, 0.0).eval()


def naive(head: SpanHead, words: torch.Tensor, labels: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    """RETURNS (Tensor): `out_project(relu([start ; end])) · label` for every span, as `gliner` computes it."""
    start, end = head.project_start(words), head.project_end(words)
    logits = torch.full((len(words), MAX_WIDTH, len(labels)), float("-inf"))
    first = 0
    for length in lengths:
        for i in range(first, first + length):
            for extra in range(min(MAX_WIDTH, first + length - i)):
                span = head.out_project(F.relu(torch.cat([start[i], end[i + extra]])))
                logits[i, extra] = labels @ span
        first += length
    return logits


@pytest.mark.parametrize("n_labels", [1, 7, 8, 30])
@pytest.mark.parametrize("lengths", [[5], [1], [1, 1, 1, 1, 1], [0, 4, 0, 2, 9], [2] * 20])
def test_logits_equal_the_naive_head(head, lengths, n_labels):
    """With few labels (second layer folded) and with many, in windows of any length."""
    words, labels = torch.randn(sum(lengths), WIDTH), torch.randn(n_labels, WIDTH)
    with torch.no_grad():
        found = head.logits(head.word_terms(words), head.fold(labels), Packing.of(lengths))
        torch.testing.assert_close(found, naive(head, words, labels, lengths), rtol=1e-4, atol=1e-5)


def test_folding_stops_where_it_would_cost_more(head):
    """Below 4/3 of the width labels are folded, from there on not."""
    assert head.fold(torch.randn(7, WIDTH)).folded
    assert not head.fold(torch.randn(8, WIDTH)).folded


@pytest.mark.parametrize("lengths", [[ROWS_PER_BLOCK + 10, 3, ROWS_PER_BLOCK - 1], [ROWS_PER_BLOCK, 1]])
def test_logits_over_several_blocks(head, lengths):
    """A batch longer than a block gives the same as its windows one by one."""
    words, labels = torch.randn(sum(lengths), WIDTH), head.fold(torch.randn(2, WIDTH))
    with torch.no_grad():
        together = head.logits(head.word_terms(words), labels, Packing.of(lengths))
        parts = [head.logits(head.word_terms(part), labels, Packing.of([len(part)])) for part in words.split(lengths)]
    torch.testing.assert_close(together, torch.cat(parts), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("lengths", [[5], [0, 4, 1, 2]])
def test_logits_by_width_equal_logits(head, lengths):
    """The differentiable form yields the same logits for the valid spans and nothing for the others."""
    words, labels = torch.randn(sum(lengths), WIDTH), torch.randn(2, WIDTH)
    packing = Packing.of(lengths)
    with torch.no_grad():
        expected = head.logits(head.word_terms(words), head.fold(labels), packing)
    found = torch.full_like(expected, float("-inf"))
    for extra, first, logits in head.logits_by_width(head.word_terms(words), head.fold(labels), packing):
        assert logits.requires_grad
        found[first, extra] = logits.detach()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision, tolerance", [("float32", 1e-4), ("bfloat16", 0.1), ("int8", 0.2)])
def test_packed_halves_stay_close(head, precision, tolerance):
    """Each precision gives the logits of the plain head, to its own tolerance."""
    words, labels = torch.randn(9, WIDTH), head.fold(torch.randn(2, WIDTH))
    with torch.no_grad():
        plain = head.logits(head.word_terms(words), labels, Packing.of([9]))
        head.prepare(precision)
        packed = head.logits(head.word_terms(words), labels, Packing.of([9]))
    valid = plain.isfinite()
    assert torch.equal(valid, packed.isfinite())
    torch.testing.assert_close(packed[valid], plain[valid], rtol=tolerance, atol=tolerance)
    assert pickle.loads(pickle.dumps(head))._split is None
    head.forget()
    assert head._split is None


def test_words_left():
    """Each word's room to the end of its window; empty windows have no words."""
    assert words_left(Packing.of([3, 0, 1]), torch.device("cpu")).tolist() == [3, 2, 1, 1]
    assert words_left(Packing.of([]), torch.device("cpu")).tolist() == []
