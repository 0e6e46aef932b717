"""Which of several labels takes a span: the best-scoring one, as in GLiNER, or the one with the highest lift.

A label that a model does not know may score high on any mention, and outbid a label that fits. Its lift says how much more
likely it is on this span than on any mention (as pointwise mutual information compares a probability with its expectation),
here in log-odds:

    lift(span, label) = log-odds p(label | span) - log-odds of the mean of p(label | mention) over a sample of mentions

The sample (`mentions.jsonl`) is 118 sentences of our own from `project/assets/more_open_types.jsonl.gz`, with 613 mentions of
all kinds; their labels play no part. Thresholds and reported scores stay probabilities: lift decides between labels of one span
that are all above their thresholds, where a span may have one label. Labels that a model was trained on are comparable as they
are: where it knows all that it is asked for, the best score wins.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, List, Tuple

import numpy as np
import torch
from torch import Tensor

from .decode import Candidates
from .packing import Packing
from .prompt import EMPTY_PROMPT, build_batch

if TYPE_CHECKING:
    from .scorer import SpanScorer

LABEL_CHOICES = ("score", "lift")
SAMPLE = Path(__file__).with_name("mentions.jsonl")
RAREST = 1e-4  # a label that no mention of the sample is given: below it, estimates are noise
SENTENCES_AT_A_TIME = 16


def read_sample() -> Tuple[Tuple[str, Tuple[Tuple[int, int], ...]], ...]:
    """RETURNS (tuple): sentences, each with the first and last (exclusive) characters of its mentions."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    return tuple((row["text"], tuple((start, end) for start, end in row["spans"])) for row in rows)


def sample_vectors(scorer: SpanScorer) -> Tensor:
    """What a bi-encoder's span head makes of the sample's mentions. *Shape:* `(n_mentions, D)`.

    Mentions that this model can't read (wider than its spans, beyond its longest window) are left out.
    """
    found: List[Tensor] = []
    head, device = scorer.module.head, torch.device(scorer.settings.device)
    sample, room = read_sample(), scorer.room_for_words(())
    for number in range(0, len(sample), SENTENCES_AT_A_TIME):
        windows, spans = [], []
        for text, mentions in sample[number : number + SENTENCES_AT_A_TIME]:
            words, starts, ends = scorer.split(text)
            encoded = scorer.encode(words)
            fitting = int(np.searchsorted(encoded.bounds, room, side="right")) - 1
            windows.append(encoded.part(0, min(fitting, len(encoded))))
            first = np.searchsorted(starts, [start for start, _ in mentions], side="right") - 1
            last = np.searchsorted(ends, [end for _, end in mentions])
            inside = (last < len(windows[-1])) & (last - first < scorer.config.max_width)
            spans.append((first[inside], last[inside]))
        batch = build_batch(windows, [EMPTY_PROMPT] * len(windows), scorer.subwords, device)
        terms = head.word_terms(scorer.word_vectors(batch, scorer.module.encode_text(batch.ids, batch.tokens, batch.rows)))
        firsts = _in_batch([first for first, _ in spans], batch.words, device)
        lasts = _in_batch([last for _, last in spans], batch.words, device)
        found.append(head.span_vectors(terms, firsts, lasts))
    return torch.cat(found)


def _in_batch(words: List[np.ndarray], packing: Packing, device: torch.device) -> Tensor:
    """Words of each window → words of the batch. *Shape:* `(n,)`, int64."""
    parts = [own + first for own, first in zip(words, packing.starts, strict=True)]
    return torch.from_numpy(np.concatenate(parts).astype(np.int64)).to(device)


def mean_log_odds(mentions: Tensor, labels: Tensor) -> np.ndarray:
    """How readily each label is given to a mention of whatever kind.

    mentions, labels (Tensor): their vectors. *Shape:* `(n_mentions, D)`, `(n_labels, D)`.
    RETURNS (ndarray): log-odds of the mean probability. *Shape:* `(n_labels,)`, float32.
    """
    mean = torch.sigmoid(mentions.float() @ labels.float().T).mean(dim=0).clamp(RAREST, 1 - RAREST)
    return torch.logit(mean).cpu().numpy()


def choose_labels(candidates: Candidates, expected: np.ndarray) -> Candidates:
    """Keep one candidate of every span: the one with the highest lift, or of equals the better-scoring and then the earlier label.

    expected (ndarray): what `mean_log_odds` returns.
    RETURNS (Candidates): in their order.
    """
    score = np.clip(candidates.score.astype(np.float64), 1e-7, 1 - 1e-7)
    lift = np.log(score / (1 - score)) - expected[candidates.label]
    order = np.lexsort((candidates.label, -candidates.score, -lift, candidates.end, candidates.start))
    start, end = candidates.start[order], candidates.end[order]
    best = np.ones(len(order), dtype=bool)
    best[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    return candidates.pick(np.sort(order[best]))
