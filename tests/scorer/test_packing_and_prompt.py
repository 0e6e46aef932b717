"""Laying sequences end to end, and what a forward pass reads of them."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.scorer.packing import Packing
from spacy_gliner_biomed.scorer.prompt import EMPTY_PROMPT, build_batch, build_label_batch, build_prompt
from spacy_gliner_biomed.scorer.subwords import EncodedWords, Subwords
from tests.scorer.tiny import tokenizer_json

CPU = torch.device("cpu")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=8))
def test_packing(lengths):
    """Starts, groups, positions and the padded rectangle agree with the lengths."""
    packing = Packing.of(lengths)
    assert packing.n_tokens == sum(lengths)
    assert [sum(lengths[:number]) for number in range(len(lengths))] == list(packing.starts)
    covered = [range(group.start, group.end) for group in packing.groups]
    assert [token for part in covered for token in part] == list(range(sum(lengths)))
    assert packing.positions(CPU).tolist() == [place for length in lengths for place in range(length)]
    index, mask = packing.padded_index(CPU)
    assert mask.shape == (len(lengths), max(lengths, default=0))
    assert mask.sum(1).tolist() == lengths
    assert index.tolist() == mask.flatten().nonzero().squeeze(1).tolist()


def test_prompt_layout():
    """Marker and sub-words of each label, then the separator; the marker or the sub-word after it stands for the label."""
    labels = EncodedWords(np.asarray([11, 12, 13]), np.asarray([0, 2, 3]))
    prompt = build_prompt(labels, 98, 99, embed_marker=True)
    assert prompt.ids.tolist() == [98, 11, 12, 98, 13, 99]
    assert prompt.label_rows.tolist() == [0, 3]
    assert build_prompt(labels, 98, 99, embed_marker=False).label_rows.tolist() == [1, 4]


def test_batch_layout():
    """Two windows behind a prompt; the first sub-word of each word is read, a word without sub-words is nobody's."""
    subwords = Subwords(tokenizer_json("bert"))
    one = EncodedWords(np.asarray([21, 22, 23]), np.asarray([0, 2, 2, 3]))  # words of 2, 0 and 1 sub-words
    two = EncodedWords(np.asarray([31]), np.asarray([0, 1]))
    prompt = build_prompt(EncodedWords(np.asarray([11]), np.asarray([0, 1])), 98, 99, embed_marker=True)
    batch = build_batch([one, two], [prompt, prompt], subwords, CPU)
    cls, sep = subwords.cls_id, subwords.sep_id
    assert batch.ids.tolist() == [cls, 98, 11, 99, 21, 22, 23, sep, cls, 98, 11, 99, 31, sep]
    assert batch.rows.tolist() == [1, 9, 4, 6, 12]
    assert batch.slots.tolist() == [0, 2, 3]
    assert (batch.tokens.lengths, batch.words.lengths, batch.n_labels) == ((8, 6), (3, 1), 1)


def test_empty_batches():
    """No windows, and a window whose words have no sub-words."""
    subwords = Subwords(tokenizer_json("bert"))
    assert build_batch([], [], subwords, CPU).ids.tolist() == []
    nothing = EncodedWords(np.zeros(0, dtype=np.int64), np.asarray([0, 0]))
    batch = build_batch([nothing], [EMPTY_PROMPT], subwords, CPU)
    assert batch.ids.tolist() == [subwords.cls_id, subwords.sep_id]
    assert batch.rows.tolist() == [] and batch.words.lengths == (1,)


def test_label_batch_layout():
    """Each label between [CLS] and [SEP]."""
    subwords = Subwords(tokenizer_json("bert"))
    ids, packing = build_label_batch(EncodedWords(np.asarray([11, 12, 13]), np.asarray([0, 2, 3])), subwords, CPU)
    cls, sep = subwords.cls_id, subwords.sep_id
    assert ids.tolist() == [cls, 11, 12, sep, cls, 13, sep]
    assert packing.lengths == (4, 3)
