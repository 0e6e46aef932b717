"""Sums over passages, with intervals."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.evaluation.metrics.accumulate import BUFFER, Scoreboard
from spacy_gliner_biomed.evaluation.metrics.matching import MATCHINGS, PassageMatcher
from spacy_gliner_biomed.evaluation.metrics.resampling import document_weights
from tests.evaluation.metrics.cases import LABELS, nested, passage_of

ROUNDS = 20
NAMES = ("precision", "recall", "f1")

documents = st.sampled_from(["d1", "d2", "d3", "d4"])
corpora = st.lists(st.tuples(documents, nested, nested), max_size=8)
matcher = PassageMatcher(LABELS)


def board_of(corpus: List[Tuple[str, list, list]], n_bootstrap: int = ROUNDS, seed: int = 0) -> Scoreboard:
    """A corpus of documents, gold mentions and predictions, counted."""
    board = Scoreboard(LABELS, n_bootstrap, seed)
    for document, gold, predicted in corpus:
        board.add(document, matcher.counts(passage_of(gold), predicted))
    return board


def plain_ratios(right: float, false: float, missed: float) -> List[float]:
    """Precision, recall, F1 of one row of counts; NaN for nothing over nothing."""
    precision = right / (right + false) if right + false else float("nan")
    recall = right / (right + missed) if right + missed else float("nan")
    f1 = 2 * right / (2 * right + false + missed) if right + false + missed else float("nan")
    return [precision, recall, f1]


def plain_macro(rows: List[List[float]]) -> List[float]:
    """Means over the labels that occur."""
    known = [[0.0 if value != value else value for value in plain_ratios(*row)] for row in rows if any(row)]
    return [sum(values) / len(known) for values in zip(*known, strict=True)] if known else [float("nan")] * 3


def plain_scores(corpus: List[Tuple[str, list, list]], matching: int, seed: int = 0) -> Dict[str, Any]:
    """Every figure with its interval, each round summed anew from all the passages."""
    passages = [
        ([1, *document_weights([document], ROUNDS, seed)[0].tolist()], matcher.counts(passage_of(gold), predicted)[matching])
        for document, gold, predicted in corpus
    ]
    rounds: List[List[List[float]]] = []
    for number in range(1 + ROUNDS):
        sums = [[0.0] * 3 for _ in LABELS]
        for weights, counts in passages:
            for place, row in enumerate(counts.tolist()):
                for column in range(3):
                    sums[place][column] += weights[number] * row[column]
        rounds.append(sums)
    rows = {"macro": [plain_macro(sums) for sums in rounds]}
    rows["micro"] = [plain_ratios(*(sum(column) for column in zip(*sums, strict=True))) for sums in rounds]
    for place, label in enumerate(LABELS):
        rows[label] = [plain_ratios(*sums[place]) for sums in rounds]
    return {name: [plain_figure([row[column] for row in table]) for column in range(3)] for name, table in rows.items()}


def plain_figure(values: List[float]) -> Tuple[float, Any, Any]:
    """Value and percentiles, by sorting."""
    ordered = sorted(value for value in values[1:] if value == value)
    value = 0.0 if values[0] != values[0] else values[0]
    if not ordered:
        return value, None, None
    ends = []
    for share in (0.025, 0.975):
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        ends.append(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
    return value, *ends


@pytest.mark.parametrize("matching", MATCHINGS)
@given(corpora.filter(lambda corpus: len({row[0] for row in corpus}) > 1))
def test_equals_plain_resampling(matching: str, corpus: list) -> None:
    """Values and intervals, over all labels, as macro means and for each label."""
    expected = plain_scores(corpus, list(MATCHINGS).index(matching))
    found = board_of(corpus).to_dict()[matching]
    for name, row in {"micro": found["micro"], "macro": found["macro"], **found["per_label"]}.items():
        for ratio, (value, low, high) in zip(NAMES, expected[name], strict=True):
            figure = row[ratio]
            assert value == pytest.approx(figure["value"])
            assert (low is None) == (figure["low"] is None) == (figure["high"] is None)
            if low is not None:
                assert (low, high) == pytest.approx((figure["low"], figure["high"]), abs=1e-9)


def test_passages_of_a_document_may_come_apart() -> None:
    """With more documents between them than wait at a time, and the resamples still keep them together."""
    halves = [(f"d{number}", [(0, 3, "gene")], [(0, 3 + number % 2, "gene")]) for number in range(2 * BUFFER + 7)]
    together = board_of([row for row in halves for _ in range(2)]).to_dict()
    apart = board_of(halves + halves[::-1]).to_dict()
    assert together == apart
    alone = board_of(halves).to_dict()["strict"]["micro"]
    assert alone["f1"] == apart["strict"]["micro"]["f1"]  # every document twice changes counts, not ratios nor intervals
    assert 2 * alone["support"] == apart["strict"]["micro"]["support"]


def test_intervals_are_as_wide_as_theory_says() -> None:
    """400 documents of one mention, 80 % found: 0.8 ± 1.96 √(0.8 · 0.2 / 400)."""
    corpus = [(f"doc {number}", [(0, 3, "gene")], [(0, 3, "gene")] if number % 5 else []) for number in range(400)]
    recall = board_of(corpus, n_bootstrap=2000).to_dict()["strict"]["micro"]["recall"]
    assert 0.8 == recall["value"]
    assert (0.8 - 0.0392, 0.8 + 0.0392) == pytest.approx((recall["low"], recall["high"]), abs=0.004)


def test_seed_changes_intervals_alone() -> None:
    """The measured values stay."""
    corpus = [(f"d{number}", [(0, 3, "gene")], [(0, 3 + number % 2, "gene")]) for number in range(30)]
    one, other = (board_of(corpus, seed=seed).to_dict()["strict"]["micro"]["f1"] for seed in (0, 1))
    assert one["value"] == other["value"] and (one["low"], one["high"]) != (other["low"], other["high"])


@pytest.mark.parametrize("corpus", [[], [("d1", [(0, 3, "gene")], [(0, 4, "gene")])] * 2], ids=["none", "one"])
def test_no_interval_from_fewer_than_two_documents(corpus: list) -> None:
    """All resamples of one document are alike: an interval would feign certainty."""
    scores = board_of(corpus).to_dict()["partial"]
    for row in (scores["micro"], scores["macro"], *scores["per_label"].values()):
        assert all(row[ratio]["low"] is None and row[ratio]["high"] is None for ratio in NAMES)


def test_no_rounds_no_intervals() -> None:
    """And the same values."""
    corpus = [("d1", [(0, 3, "gene")], []), ("d2", [(0, 3, "gene")], [(0, 3, "gene")])]
    recall = board_of(corpus, n_bootstrap=0).to_dict()["strict"]["micro"]["recall"]
    assert {"value": 0.5, "low": None, "high": None} == recall


def test_what_is_written() -> None:
    """The shape that reports read, in plain JSON; whole counts are integers."""
    corpus = [("d1", [(0, 3, "gene")], [(1, 4, "gene")]), ("d2", [(0, 3, "drug")], [(0, 3, "drug")])]
    scores = json.loads(json.dumps(board_of(corpus).to_dict()))
    assert ["strict", "boundary", "partial", "relaxed", "surface"] == list(scores)
    assert all(["micro", "macro", "per_label"] == list(row) and [*LABELS] == list(row["per_label"]) for row in scores.values())
    micro = scores["partial"]["micro"]
    assert ["precision", "recall", "f1", "tp", "fp", "fn", "support"] == list(micro)
    assert "[1.5, 0.5, 0.5, 2]" == json.dumps([micro[name] for name in ("tp", "fp", "fn", "support")])
    assert ["value", "low", "high"] == list(micro["f1"]) and [*NAMES] == list(scores["partial"]["macro"])
    assert 0 == scores["strict"]["per_label"]["disease"]["support"]


@given(corpora, st.sets(st.sampled_from(LABELS), min_size=1))
def test_subset(corpus: list, labels: set) -> None:
    """Of the matchings that keep labels apart: the same as if nothing else had been asked for or annotated."""
    chosen = sorted(labels)
    board = Scoreboard(chosen, ROUNDS)
    for document, gold, predicted in corpus:
        passage = passage_of([mention for mention in gold if mention[2] in labels])
        answers = [mention for mention in predicted if mention[2] in labels]
        board.add(document, PassageMatcher(chosen).counts(passage, answers))
    part = board_of(corpus).subset(chosen)
    for matching in ("strict", "relaxed", "surface"):
        assert np.array_equal(board.resampled(matching), part.resampled(matching))
    assert board.to_dict()["strict"] == part.to_dict()["strict"]


@given(corpora)
def test_subset_of_all_labels(corpus: list) -> None:
    """Is the whole; and the parts add up."""
    board = board_of(corpus)
    whole = board.to_dict()
    assert whole == board.subset(LABELS).to_dict()
    for matching in MATCHINGS:
        parts = sum(board.subset([label]).resampled(matching).sum(axis=1) for label in LABELS)
        assert np.allclose(board.resampled(matching).sum(axis=1), parts)
        assert board.f1(matching) == whole[matching]["micro"]["f1"]["value"]


def test_reading_in_between_changes_nothing() -> None:
    """Scores may be asked for while passages still come."""
    corpus = [(f"d{number}", [(0, 3, "gene")], [(0, 3 + number % 2, "gene")]) for number in range(9)]
    board = Scoreboard(LABELS, ROUNDS)
    for document, gold, predicted in corpus:
        board.add(document, matcher.counts(passage_of(gold), predicted))
        board.to_dict()
    assert board_of(corpus).to_dict() == board.to_dict()


def test_mistakes_are_named() -> None:
    """A label that is not there, counts for other labels, rounds below zero."""
    board = Scoreboard(["gene", "drug"], 5)
    with pytest.raises(ValueError, match="no counts of 'cell'; there are of gene, drug"):
        board.subset(["gene", "cell"])
    with pytest.raises(ValueError, match=r"\(5, 3, 3\) were given where \(5, 2, 3\)"):
        board.add("d1", matcher.counts(passage_of([]), []))
    with pytest.raises(ValueError, match="-1; give 0"):
        Scoreboard(["gene"], -1)


def test_memory_does_not_grow_with_documents() -> None:
    """What is kept after 100 and after 10,000 documents has the same size, and nothing more was needed on the way."""
    gold, predicted = [(0, 3, "gene"), (2, 7, "drug")], [(0, 3, "gene"), (2, 6, "drug")]
    counts = matcher.counts(passage_of(gold), predicted)
    board = Scoreboard(LABELS, ROUNDS)

    def add(first: int, last: int) -> int:
        for number in range(first, last):
            board.add(f"{number:06}", counts)
        board.to_dict()
        return len(pickle.dumps(vars(board)))

    few = add(0, 100)
    add(100, 1000)  # every code path was taken once
    tracemalloc.start()
    add(1000, 2000)
    in_use, peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    assert few == add(2000, 10_000)
    later_in_use, later_peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert later_in_use < in_use + 20_000 and later_peak < peak + 20_000
