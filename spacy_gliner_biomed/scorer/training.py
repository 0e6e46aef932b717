"""One training step of a span scorer: windows with gold spans in, a differentiable loss out. No spaCy, no optimiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple, cast

import torch
from torch import Tensor, nn

from .linear import PackedLinear
from .loss import SpanLoss
from .model import UniSpanModel
from .packing import Packing
from .prompt import EMPTY_PROMPT, build_batch, build_prompt
from .scorer import SpanScorer
from .span_head import FoldedLabels, WordTerms
from .subwords import EncodedWords

GoldSpan = Tuple[int, int, str]


@dataclass(frozen=True)
class TrainingWindow:
    """A window and what is known about it.

    words (EncodedWords): its words.
    labels (list): the label texts it is scored against: those it has, and those it was annotated for and lacks. A label that
        is not listed is unknown in this window, never a negative.
    spans (list): gold spans: first word, last word (inclusive), label text.
    weight (float): factor on everything this window adds to the loss.
    marked (list): None where the whole window was annotated. Otherwise first and last word (inclusive) of every stretch that
        somebody looked at: a span that shares no word with any of them is unknown, for all labels.
    unknown (list): first and last word (inclusive) of every stretch of which nothing is known but its gold spans: any other
        span and label that shares a word with one is no negative.
    """

    words: EncodedWords
    labels: Sequence[str]
    spans: Sequence[GoldSpan]
    weight: float = 1.0
    marked: Optional[Sequence[Tuple[int, int]]] = None
    unknown: Sequence[Tuple[int, int]] = ()


def begin_training(scorer: SpanScorer, mixed_precision: bool) -> nn.Module:
    """Make a scorer ready for its weights to change: nothing cached or packed, its module in training mode.

    mixed_precision (bool): products of dense layers in bfloat16.
    RETURNS (Module): the scorer's own.
    """
    scorer.storage_scales = None
    scorer.forget()
    for layer in scorer.module.modules():
        if isinstance(layer, PackedLinear):
            layer.train_in_bfloat16 = mixed_precision
    return scorer.module.train()


def batch_loss(scorer: SpanScorer, windows: Sequence[TrainingWindow], loss: SpanLoss) -> Tensor:
    """The loss of a batch; call it with the module in training mode.

    Gold spans wider than the model's `max_width` can't be learnt and are left out of the targets; the caller counts them.
    RETURNS (Tensor): a scalar, attached to the graph.
    """
    windows = [window for window in windows if len(window.words) and len(window.labels)]
    if not windows:
        return torch.zeros((), device=scorer.settings.device)
    return _bi_loss(scorer, windows, loss) if scorer.config.is_bi_encoder else _uni_loss(scorer, windows, loss)


def _bi_loss(scorer: SpanScorer, windows: Sequence[TrainingWindow], loss: SpanLoss) -> Tensor:
    """All windows against the union of their labels, with a mask over what each was annotated for."""
    device = torch.device(scorer.settings.device)
    labels = list(dict.fromkeys(label for window in windows for label in window.labels))
    column = {label: number for number, label in enumerate(labels)}
    batch = build_batch([window.words for window in windows], [EMPTY_PROMPT] * len(windows), scorer.subwords, device)
    states = scorer.module.encode_text(batch.ids, batch.tokens, batch.rows)
    terms = scorer.module.head.word_terms(scorer.word_vectors(batch, states))
    folded = scorer.module.head.fold(scorer.encode_labels(labels))

    annotated = torch.zeros((len(windows), len(labels)))
    for number, window in enumerate(windows):
        annotated[number, [column[label] for label in window.labels]] = window.weight
    owner = torch.repeat_interleave(torch.arange(len(windows)), torch.tensor(batch.words.lengths))
    gold = [
        (first + start, end - start, column[label])
        for first, window in zip(batch.words.starts, windows, strict=True)
        for start, end, label in window.spans
    ]
    known = annotated.to(device)[owner.to(device)]
    looked_at, unknown = _words_looked_at(windows, device), _words_unknown(windows, device)
    return _head_loss(scorer, terms, folded, batch.words, gold, known, looked_at, unknown, loss)


def _uni_loss(scorer: SpanScorer, windows: Sequence[TrainingWindow], loss: SpanLoss) -> Tensor:
    """Each window behind a prompt of its own labels; the encoder still sees one packed batch."""
    device = torch.device(scorer.settings.device)
    config, module = scorer.config, cast(UniSpanModel, scorer.module)
    separator = scorer.separator_id
    prompts = [
        build_prompt(scorer.subwords.encode(window.labels), config.class_token_index, separator, config.embed_ent_token)
        for window in windows
    ]
    batch = build_batch([window.words for window in windows], prompts, scorer.subwords, device)
    states = module.encode_text(batch.ids, batch.tokens, batch.rows)
    terms = module.head.word_terms(scorer.word_vectors(batch, states))
    total = states.new_zeros(())
    first_marker = 0
    for window, start, length in zip(windows, batch.words.starts, batch.words.lengths, strict=True):
        markers = states[first_marker : first_marker + len(window.labels)]
        first_marker += len(window.labels)
        folded = module.head.fold(module.label_vectors(markers))
        column = {label: number for number, label in enumerate(window.labels)}
        own = WordTerms(terms.start[start : start + length], terms.end[start : start + length])
        gold = [(first, last - first, column[label]) for first, last, label in window.spans]
        looked_at, unknown = _words_looked_at([window], device), _words_unknown([window], device)
        part = _head_loss(scorer, own, folded, Packing.of([length]), gold, None, looked_at, unknown, loss)
        total = total + (part if window.weight == 1.0 else part * window.weight)
    return total / len(windows) if loss.reduction == "mean" else total


def _head_loss(
    scorer: SpanScorer,
    terms: WordTerms,
    labels: FoldedLabels,
    words: Packing,
    gold: List[Tuple[int, int, int]],
    annotated: Tensor | None,
    looked_at: Tensor | None,
    unknown: Tensor | None,
    loss: SpanLoss,
) -> Tensor:
    """Sum over widths.

    gold (list): first word, width minus one, label column.
    annotated (Tensor): a factor on every word's labels, or None for 1. *Shape:* `(n_words, n_labels)`.
    looked_at, unknown (Tensor): what `_words_looked_at` and `_words_unknown` return.
    """
    by_width: List[List[Tuple[int, int]]] = [[] for _ in range(scorer.config.max_width)]
    for word, extra, column in gold:
        if extra < len(by_width):
            by_width[extra].append((word, column))
    total, n_spans = terms.start.new_zeros(()), 0
    for extra, first, logits in scorer.module.head.logits_by_width(terms, labels, words):
        place = torch.full((terms.start.shape[0],), -1, dtype=torch.int64, device=first.device)
        place[first] = torch.arange(len(first), device=first.device)
        targets = torch.zeros_like(logits)
        if by_width[extra]:
            starts, columns = torch.tensor(by_width[extra], device=first.device).T
            targets[place[starts], columns] = 1.0
        mask = None if annotated is None else annotated[first]
        if looked_at is not None:
            touched = (looked_at[first + extra + 1] > looked_at[first]).to(logits.dtype)[:, None]
            mask = touched if mask is None else mask * touched
        if unknown is not None:
            free = (unknown[first + extra + 1] == unknown[first]).to(logits.dtype)[:, None]
            known = torch.maximum(targets, free)  # a gold span says what it says wherever it lies
            mask = known if mask is None else mask * known
        total = total + loss.elements(logits, targets, mask).sum()
        n_spans += len(first)
    return loss.reduce(total, n_spans)


def _words_looked_at(windows: Sequence[TrainingWindow], device: torch.device) -> Tensor | None:
    """How many of the first w words of a batch lie in marked stretches: a span touches one where this number grows.

    RETURNS (Tensor): *Shape:* `(n_words + 1,)`, int64; None where every window was annotated as a whole.
    """
    if all(window.marked is None for window in windows):
        return None
    whole = [[(0, len(window.words) - 1)] if window.marked is None else window.marked for window in windows]
    return _words_within(windows, whole).to(device)


def _words_unknown(windows: Sequence[TrainingWindow], device: torch.device) -> Tensor | None:
    """The same of unknown stretches; None where no window has one."""
    if not any(window.unknown for window in windows):
        return None
    return _words_within(windows, [window.unknown for window in windows]).to(device)


def _words_within(windows: Sequence[TrainingWindow], stretches: Sequence[Sequence[Tuple[int, int]]]) -> Tensor:
    """How many of the first w words of a batch lie in each window's stretches. *Shape:* `(n_words + 1,)`, int64."""
    parts = [torch.zeros(1, dtype=torch.int64)]
    for window, own in zip(windows, stretches, strict=True):
        words = torch.zeros(len(window.words), dtype=torch.int64)
        for first, last in own:
            words[first : last + 1] = 1
        parts.append(words)
    return torch.cat(parts).cumsum(0)
