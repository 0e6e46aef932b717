"""Windows and labels → the tensors of one forward pass.

    uni-encoder   [CLS] <<ENT>> label 1 <<ENT>> label 2 … <<SEP>> word 1 … word n [SEP]
    bi-encoder    [CLS] word 1 … word n [SEP]                      and, apart, [CLS] label [SEP] for each label

A word is represented by its first sub-word, a uni-encoder's label by its marker `<<ENT>>` (or the sub-word after it, where a
checkpoint says `embed_ent_token: false`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence

import numpy as np
import torch
from torch import Tensor

from .packing import Packing
from .subwords import EncodedWords, Subwords


@dataclass(frozen=True)
class Prompt:
    """A uni-encoder's prompt.

    ids (ndarray): its sub-words, `<<SEP>>` included. *Shape:* `(n_subwords,)`, int64.
    label_rows (ndarray): which of them stand for the labels. *Shape:* `(n_labels,)`, int64.
    """

    ids: np.ndarray
    label_rows: np.ndarray


EMPTY_PROMPT = Prompt(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class TextBatch:
    """Packed windows.

    ids (Tensor): sub-words. *Shape:* `(n_tokens,)`, int64.
    rows (Tensor): the sub-words that are read: those of the labels first, then the words'. *Shape:* `(n_rows,)`, int64.
    slots (Tensor): the word that each read sub-word of a word belongs to; words without sub-words are nobody's and get a zero
        vector. *Shape:* `(n_rows - n_windows * n_labels,)`, int64.
    tokens, words (Packing): how many sub-words and words each window has.
    n_labels (int): labels in each window's prompt (0 in a bi-encoder).
    """

    ids: Tensor
    rows: Tensor
    slots: Tensor
    tokens: Packing
    words: Packing
    n_labels: int


def build_prompt(labels: EncodedWords, marker_id: int, separator_id: int, embed_marker: bool) -> Prompt:
    """RETURNS (Prompt): marker and sub-words of each label in turn, then the separator."""
    ids: List[int] = []
    rows: List[int] = []
    for number in range(len(labels)):
        rows.append(len(ids) if embed_marker else len(ids) + 1)
        ids.append(marker_id)
        ids.extend(labels.ids[labels.bounds[number] : labels.bounds[number + 1]].tolist())
    ids.append(separator_id)
    return Prompt(np.asarray(ids, dtype=np.int64), np.asarray(rows, dtype=np.int64))


def build_batch(
    windows: Sequence[EncodedWords], prompts: Sequence[Prompt], subwords: Subwords, device: torch.device
) -> TextBatch:
    """Lay windows end to end, each with its prompt.

    windows (list): the words of each window.
    prompts (list): one prompt a window, all with equally many labels.
    """
    cls_id, sep_id = np.asarray([subwords.cls_id]), np.asarray([subwords.sep_id])
    ids, word_rows, slots, label_rows = [], [], [], []
    token_lengths, position, first_word = [], 0, 0
    for window, prompt in zip(windows, prompts, strict=True):
        ids += [cls_id, prompt.ids, window.ids, sep_id]
        label_rows.append(prompt.label_rows + position + 1)
        present = (np.diff(window.bounds) > 0).nonzero()[0]
        word_rows.append(window.bounds[present] + position + 1 + len(prompt.ids))
        slots.append(present + first_word)
        length = len(prompt.ids) + len(window.ids) + 2
        token_lengths.append(length)
        position += length
        first_word += len(window)
    padded = device.type != "cpu"
    return TextBatch(
        ids=_tensor(ids, device),
        rows=_tensor(label_rows + word_rows, device),
        slots=_tensor(slots, device),
        tokens=Packing.of(token_lengths, padded),
        words=Packing.of([len(window) for window in windows], padded),
        n_labels=len(prompts[0].label_rows) if prompts else 0,
    )


def build_label_batch(labels: EncodedWords, subwords: Subwords, device: torch.device) -> tuple[Tensor, Packing]:
    """RETURNS (tuple): packed sub-words of a bi-encoder's labels, and their lengths."""
    ids, lengths = [], []
    for number in range(len(labels)):
        own = labels.ids[labels.bounds[number] : labels.bounds[number + 1]]
        ids += [np.asarray([subwords.cls_id]), own, np.asarray([subwords.sep_id])]
        lengths.append(len(own) + 2)
    return _tensor(ids, device), Packing.of(lengths, device.type != "cpu")


def _tensor(parts: Sequence[np.ndarray], device: torch.device) -> Tensor:
    array = np.concatenate(parts) if len(parts) else np.zeros(0, dtype=np.int64)
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)).to(device)
