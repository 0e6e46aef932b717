"""Which of several labels takes a span: lift against its definition, the sample it is measured on, and where it is used."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.listener.scorer import ListeningScorer
from spacy_gliner_biomed.reading import Reading, read_docs
from spacy_gliner_biomed.scorer import SpanScorer, TrainingCard
from spacy_gliner_biomed.scorer.decode import Candidates, decode
from spacy_gliner_biomed.scorer.label_choice import RAREST, choose_labels, mean_log_odds, read_sample, sample_vectors
from tests.scorer.tiny import make_scorer
from tests.support.texts import training_text

ASSET = Path(__file__).resolve().parents[2] / "project/assets/more_open_types.jsonl.gz"
LABELS = ("gene", "disease", "cell line", "dose")


def logit(p: float) -> float:
    """RETURNS (float): log-odds."""
    return math.log(p / (1 - p))


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2), st.sampled_from([0.2, 0.5, 0.9])),
        unique_by=lambda one: one[:3],
        max_size=12,
    ),
    st.tuples(*[st.sampled_from([-3.0, -1.0, 0.0])] * 3),
)
def test_the_highest_lift_takes_a_span(rows, expected):
    """By definition, one span after the other; the order stays."""
    start, extra, label, score = (np.array([row[n] for row in rows]) for n in range(4))
    start, extra, label = (one.astype(np.int64) for one in (start, extra, label))
    candidates = Candidates(start, start + extra, label, score.astype(np.float32))
    kept = choose_labels(candidates, np.array(expected, dtype=np.float32))
    best = {}
    for row in rows:
        rank = (logit(row[3]) - expected[row[2]], row[3], -row[2])
        span = (row[0], row[0] + row[1])
        if span not in best or (round(rank[0], 4), *rank[1:]) > (round(best[span][0][0], 4), *best[span][0][1:]):
            best[span] = (rank, row)
    found = list(zip(kept.start, kept.end, kept.label, np.round(kept.score, 4), strict=True))
    wanted = [row for row in rows if best[row[0], row[0] + row[1]][1] == row]
    assert found == [(row[0], row[0] + row[1], row[2], np.float32(row[3]).round(4)) for row in wanted]


def test_how_readily_a_label_is_given():
    """The mean is one of probabilities, and no label counts as impossible."""
    mentions, labels = torch.randn(50, 4), torch.randn(3, 4)
    probabilities = 1 / (1 + np.exp(-(mentions @ labels.T).numpy()))
    assert np.allclose(mean_log_odds(mentions, labels), [logit(p) for p in probabilities.mean(axis=0)], atol=1e-5)
    assert np.allclose(mean_log_odds(torch.ones(2, 1), torch.tensor([[-90.0], [90.0]])), [logit(RAREST), -logit(RAREST)], atol=1e-2)


def test_the_sample_is_from_our_own_passages():
    """Each sentence with all mentions that were marked in it, and none else."""
    with gzip.open(ASSET, "rt", encoding="utf-8") as lines:
        passages = [json.loads(line) for line in lines]
    sample = read_sample()
    assert len(sample) == 118 and sum(len(mentions) for _, mentions in sample) == 613
    for text, mentions in sample:
        [passage] = [one for one in passages if text in one["text"]]
        shift = passage["text"].index(text)
        marked = {(one["start"] - shift, one["end"] - shift) for one in passage["entities"]}
        assert set(mentions) == {span for span in marked if 0 <= span[0] and span[1] <= len(text)}


@pytest.mark.parametrize("words", ["whitespace", "punctuation"])
def test_vectors_of_the_sample_are_those_of_the_head(words):
    """Times the labels' vectors they give the very logits, whatever the words; what is too wide or far is left out."""
    scorer = make_scorer("bi", max_width=3, positions=48)
    scorer.set_own(words, "lift")
    labels = list(LABELS)
    with torch.inference_mode():
        products = (sample_vectors(scorer) @ scorer.labels.vectors(scorer, labels).T).numpy()
    expected, left_out = [], 0
    for text, mentions in read_sample():
        found, starts, ends = scorer.split(text)
        encoded = scorer.encode(found)
        n_words = next(n for n in range(len(found), 0, -1) if encoded.bounds[n] <= scorer.max_subwords - 2)
        logits = scorer.logits(found[:n_words], labels)
        for first, last in mentions:
            touched = [n for n, (start, end) in enumerate(zip(starts, ends, strict=True)) if start < last and end > first]
            if touched[-1] < n_words and len(touched) <= 3:
                expected.append(logits[touched[0], len(touched) - 1])
            else:
                left_out += 1
    assert left_out and np.allclose(products, np.stack(expected), atol=1e-4)


def read(scorer: SpanScorer, multi_label: bool = False, labels: tuple = LABELS) -> list:
    """RETURNS (list): what is found in our texts, at a low threshold."""
    reading = Reading(labels, labels, (0.2,) * len(labels), "nested", multi_label, 24, 12)
    hits = read_docs(scorer, training_text()[:20], reading)
    return [[one.start.tolist(), one.end.tolist(), one.label.tolist(), one.score.tolist()] for one in hits]


def test_where_lift_decides():
    """Where a model chooses by it, does not know some label, and a span may have one only."""
    scorer = make_scorer("bi", pass_rate=0.2, card=TrainingCard(labels={"own": ["Gene", "disease"]}))
    by_score, several, known = read(scorer), read(scorer, multi_label=True), read(scorer, labels=LABELS[:2])
    scorer.set_own(None, "lift")
    by_lift = read(scorer)
    assert by_lift != by_score
    assert read(scorer, multi_label=True) == several
    assert read(scorer, labels=LABELS[:2]) == known
    assert read(scorer, labels=("GENE", "disease")) == read(make_like(scorer, "score"), labels=("GENE", "disease"))
    scorer.set_own(None, "score")
    assert read(scorer) == by_score


def make_like(scorer: SpanScorer, label_choice: str) -> SpanScorer:
    """RETURNS (SpanScorer): the same network that chooses otherwise."""
    config = replace(scorer.config, label_choice=label_choice)
    return SpanScorer(config, scorer.module, scorer.subwords, scorer.label_subwords, scorer.card)


def test_lift_before_the_greedy_search():
    """The whole way by hand: candidates of one window, labels chosen, then decoded."""
    scorer = make_scorer("bi", pass_rate=0.2)
    scorer.set_own(None, "lift")
    text = training_text()[0]
    words, starts, ends = scorer.split(text)
    words = words[: scorer.config.max_len]
    [candidates] = scorer.score([words], list(LABELS), 0.2)
    expected = scorer.expected_log_odds(LABELS, LABELS)
    kept = decode(choose_labels(candidates, expected), "flat", False)
    cut = text[: ends[len(words) - 1]]
    [hits] = read_docs(scorer, [cut], Reading(LABELS, LABELS, (0.2,) * 4, "flat", False, 24, 12))
    assert len(kept) and hits.label.tolist() == kept.label.tolist() and hits.start.tolist() == starts[kept.start].tolist()


def test_new_weights_are_measured_anew():
    """What a label's scores are compared with follows the weights."""
    scorer = make_scorer("bi")
    scorer.set_own(None, "lift")
    before = scorer.expected_log_odds(LABELS, LABELS)
    with torch.no_grad():
        scorer.module.head.last.bias.add_(1.0)
    scorer.forget()
    assert not np.allclose(before, scorer.expected_log_odds(LABELS, LABELS))


def test_models_that_cannot():
    """A uni-encoder's labels have no vectors apart from a text; a listener can't read the sample."""
    with pytest.raises(ValueError, match="label_choice is 'lift', which needs a bi-encoder"):
        make_scorer("uni").set_own(None, "lift")
    with pytest.raises(ValueError, match="label_choice is 'dice'; choose from"):
        make_scorer("bi").set_own(None, "dice")
    assert SpanScorer.reads_text and not ListeningScorer.reads_text
