"""Documents with token vectors → words and one matrix; gradients of the matrix → gradients of the token vectors."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Sequence

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Ops, get_array_module, torch2xp, xp2torch

from ..scorer.subwords import EncodedWords


class DocWords(NamedTuple):
    """The words of one document: its tokens but for white space.

    encoded (EncodedWords): one "sub-word" a word, its row in the matrix of `stack`.
    starts, ends (ndarray): characters, end exclusive. *Shape:* both `(n_words,)`, int64.
    """

    encoded: EncodedWords
    starts: np.ndarray
    ends: np.ndarray


def doc_words(docs: Sequence[Doc]) -> List[DocWords]:
    """RETURNS (list): the words of each document."""
    found: List[DocWords] = []
    first_row = 0
    for doc in docs:
        words = [token for token in doc if token.text.strip()]
        rows = _int64([first_row + token.i for token in words])
        starts = _int64([token.idx for token in words])
        ends = _int64([token.idx + len(token) for token in words])
        found.append(DocWords(EncodedWords(rows, np.arange(len(rows) + 1, dtype=np.int64)), starts, ends))
        first_row += len(doc)
    return found


def stack(docs: Sequence[Doc], vectors: Sequence[Any], width: int, like: torch.Tensor) -> torch.Tensor:
    """Lay the token vectors of documents end to end.

    vectors (list): an array for each document, numpy's or cupy's. *Shape:* `(n_tokens, width)`; for a document without tokens
        any width will do, as a transformer gives it none.
    like (Tensor): a parameter of the network, whose device and dtype the matrix gets.
    RETURNS (Tensor): a matrix of its own, not a view. *Shape:* `(n_tokens of all documents, width)`.
    RAISES (ValueError): where tokens and vectors don't match: a pipe in between has merged or split tokens, or the encoder is
        another one than in training.
    """
    arrays: List[Any] = []
    for doc, array in zip(docs, vectors, strict=True):
        if not len(doc):
            continue
        if array.shape[0] != len(doc):
            raise ValueError(
                f"The shared encoder gives {array.shape[0]} vectors for a text of {len(doc)} tokens ({doc.text[:40]!r}…); "
                "put pipes that merge or split tokens before it, or after this pipe."
            )
        if array.shape[1] != width:
            raise ValueError(
                f"The shared encoder's vectors have {array.shape[1]} numbers, and this pipe was made for {width}; "
                "put the encoder back that it was trained with, or train it anew."
            )
        arrays.append(array)
    if not arrays:
        return like.new_zeros((0, width))
    # joined by numpy: in a forked process torch may not use threads before the scorer has told it so
    return xp2torch(get_array_module(arrays[0]).concatenate(arrays), device=like.device).to(like.dtype)


def unstack(gradient: torch.Tensor, vectors: Sequence[Any], docs: Sequence[Doc], ops: Ops) -> List[Any]:
    """The gradient of a matrix from `stack` → the gradient of each document's vectors, in their own shape and dtype.

    gradient (Tensor): *Shape:* as the matrix. vectors (list): as they went into `stack`.
    RETURNS (list): arrays of `ops`.
    """
    parts: List[Any] = []
    position = 0
    for doc, array in zip(docs, vectors, strict=True):
        if len(doc):
            own = ops.asarray(torch2xp(gradient[position : position + len(doc)].contiguous()), dtype=array.dtype)
        else:
            own = ops.alloc(array.shape, dtype=array.dtype)
        parts.append(own)
        position += len(doc)
    return parts


def _int64(values: List[int]) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)
