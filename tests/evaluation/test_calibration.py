"""Calibration: the histogram against plain loops, and that one run at a low threshold tells of all higher ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.annotate.pipeline import build_pipeline
from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.evaluation.calibration import ScoreHistogram, collect, markdown_table, write_thresholds
from spacy_gliner_biomed.evaluation.corpora import find_corpora
from spacy_gliner_biomed.evaluation.systems.base import ScoredMention
from spacy_gliner_biomed.evaluation.systems.component import ComponentSystem
from spacy_gliner_biomed.labels import read_thresholds
from spacy_gliner_biomed.scorer.decode import Candidates, decode
from tests.evaluation.support import ROW, write_corpus

LABELS = ("a", "b")
TEXT = "x" * 10
SPANS = st.tuples(st.integers(0, 3), st.sampled_from(LABELS))
SCORES = st.one_of(st.floats(0, 1, width=32), st.integers(0, 1000).map(lambda number: float(np.float32(number / 1000))))
PASSAGE = st.tuples(st.sets(SPANS), st.dictionaries(SPANS, SCORES))


def passage(gold: set, labels: tuple[str, ...] | None = None) -> AnnotatedPassage:
    return AnnotatedPassage("p", TEXT, tuple(Mention(start, start + 1, label) for start, label in sorted(gold)), labels=labels)


def scored(predicted: dict) -> list[ScoredMention]:
    return [ScoredMention(start, start + 1, label, score) for (start, label), score in predicted.items()]


def filled(passages: list, floor: float = 0.001) -> ScoreHistogram:
    histogram = ScoreHistogram(LABELS, floor)
    for gold, predicted in passages:
        histogram.add(passage(gold), scored(predicted))
    return histogram


def plain_f1(passages: list, threshold: float, labels: tuple[str, ...]) -> float:
    right = wrong = missed = 0
    for gold, predicted in passages:
        gold = {span for span in gold if span[1] in labels}
        kept = {span for span, score in predicted.items() if np.float32(score) > np.float32(threshold) and span[1] in labels}
        right, wrong, missed = right + len(gold & kept), wrong + len(kept - gold), missed + len(gold - kept)
    return 2 * right / (2 * right + wrong + missed) if right + wrong + missed else 0.0


@given(st.lists(PASSAGE, max_size=6), st.sampled_from([None, ("a",), ("b",)]))
def test_the_best_threshold(passages: list, labels: tuple[str, ...] | None) -> None:
    """Of all multiples of 0.001 none gives a higher F1, nor one as high nearer to 0.5."""
    best = filled(passages).best(labels)
    wanted = labels or LABELS
    if best is None:
        assert not any(label in wanted for gold, _ in passages for _, label in gold)
        return
    distances: dict[float, float] = {}
    for number in range(1, 1000):
        value = round(plain_f1(passages, number / 1000, wanted), 9)
        distances[value] = min(distances.get(value, 1.0), round(abs(number / 1000 - 0.5), 9))
    assert (best.f1, abs(best.threshold - 0.5)) == pytest.approx((max(distances), distances[max(distances)]))
    assert best.f1 == pytest.approx(plain_f1(passages, best.threshold, wanted))
    assert best.f1_at_default == pytest.approx(plain_f1(passages, 0.5, wanted))


@given(st.lists(PASSAGE, max_size=6))
def test_the_curve(passages: list) -> None:
    """Ten bins, each span in the one whose range (low, high] holds its score; the error is the weighted gap."""
    histogram = filled(passages)
    spans = [(score, span in gold) for gold, predicted in passages for span, score in predicted.items() if score > 0]
    gap = 0.0
    for part in histogram.curve():
        low, high = np.float32(part.low), np.float32(part.high)
        inside = [(score, right) for score, right in spans if low < np.float32(score) <= high]
        assert len(inside) == part.n
        if inside:
            mean, share = np.mean([score for score, _ in inside]), np.mean([right for _, right in inside])
            assert (part.mean_score, part.share_right) == pytest.approx((mean, share))
            gap += len(inside) * abs(mean - share)
    error = histogram.calibration_error()
    assert error == (pytest.approx(gap / len(spans)) if spans else None)


@given(st.lists(PASSAGE, max_size=4), st.lists(PASSAGE, max_size=4))
def test_merging(first: list, second: list) -> None:
    """Is counting both."""
    both, at_once = filled(first).merge(filled(second)), filled([*first, *second])
    assert [at_once.best(labels) for labels in (None, ["a"], ["b"])] == [both.best(labels) for labels in (None, ["a"], ["b"])]
    assert [(part.n, part.share_right) for part in at_once.curve()] == [(part.n, part.share_right) for part in both.curve()]
    assert at_once.calibration_error() == pytest.approx(both.calibration_error())


def test_merging_corpora_of_other_labels() -> None:
    """A label they share is pooled."""
    one, other = ScoreHistogram(("a", "b"), 0.1), ScoreHistogram(("c", "b"), 0.2)
    for histogram in (one, other):
        histogram.add(passage({(0, "b")}), [ScoredMention(0, 1, "b", 0.9)])
    both = one.merge(other)
    assert (("a", "b", "c"), 0.2) == (both.labels, both.floor)
    best = both.best(["b"])
    assert best is not None
    assert 2 == best.gold


def test_what_a_passage_was_not_annotated_for() -> None:
    """Is no mistake there, and duplicates count once with their best score."""
    histogram = ScoreHistogram(LABELS)
    predicted = [ScoredMention(0, 1, "a", 0.3), ScoredMention(0, 1, "a", 0.7), ScoredMention(0, 1, "b", 0.9)]
    histogram.add(passage({(0, "a")}, labels=("a",)), [*predicted, ScoredMention(0, 1, "other", 0.9)])
    assert [(0.6, 0.7, 1, pytest.approx(0.7), 1.0)] == [part for part in histogram.curve() if part.n]


def test_no_threshold_below_the_floor() -> None:
    """The system was not asked there."""
    histogram = ScoreHistogram(("a",), floor=0.25)
    histogram.add(passage({(0, "a"), (1, "a")}), [ScoredMention(0, 1, "a", 0.9), ScoredMention(1, 2, "a", 0.26)])
    best = histogram.best()
    assert best is not None
    assert (0.259, 1.0) == (best.threshold, best.f1)
    empty = ScoreHistogram(("a",), floor=0.6)
    empty.add(passage({(0, "a")}), [])
    assert 0.6 == empty.thresholds(1)["threshold"]


def test_thresholds_of_rare_labels() -> None:
    """Are not fitted; the file is what a pipe reads."""
    histogram = ScoreHistogram(LABELS)
    for _ in range(20):
        histogram.add(passage({(0, "a")}), [ScoredMention(0, 1, "a", 0.4), ScoredMention(1, 2, "b", 0.7)])
    histogram.add(passage({(0, "b")}), [ScoredMention(0, 1, "b", 0.95)])
    assert {"threshold": 0.399, "labels": {"a": 0.399}} == histogram.thresholds(20)
    assert {"a", "b"} == set(histogram.thresholds(1)["labels"])
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in markdown_table(histogram).splitlines()]
    assert ["a", "20", "0.399", "100.0", "0.0"] == table[2]
    assert ["b", "1", "(0.700)", "100.0", "9.1"] == table[3]
    assert ["all labels", "21"] == table[4][:2]


def test_a_label_that_is_never_found() -> None:
    """Takes the threshold of the others."""
    histogram = ScoreHistogram(LABELS)
    for _ in range(20):
        histogram.add(passage({(0, "a"), (0, "b")}), [ScoredMention(0, 1, "a", 0.4), ScoredMention(3, 4, "b", 0.3)])
    assert {"threshold": 0.399, "labels": {"a": 0.399}} == histogram.thresholds(20)


def test_nothing_to_calibrate_on() -> None:
    """One sentence, and a report without figures."""
    histogram = ScoreHistogram(LABELS)
    with pytest.raises(ValueError, match="The corpora hold no mention of the labels asked for; there is nothing to"):
        histogram.thresholds()
    report = histogram.to_dict("s", "c")
    assert (None, None, {}) == (report["ece"], report["threshold"], report["labels"])
    json.dumps(report)


def test_the_file(tmp_path: Path) -> None:
    """Read back by `read_thresholds`, whatever stands beside the thresholds."""
    write_thresholds({"threshold": 0.4, "labels": {"a": 0.2}}, tmp_path / "t.json", model="mini")
    assert {"a": 0.2, "*": 0.4} == read_thresholds(tmp_path / "t.json")


@pytest.mark.usefixtures("dictionary")
def test_a_system_on_a_corpus(tmp_path: Path) -> None:
    """Asked for the corpus' labels, at the threshold it was opened with."""
    write_corpus(tmp_path, "dev", "a", [ROW, {"id": "2", "text": "JAK2 and fever", "entities": []}])
    histogram = collect(ComponentSystem("mini", build_pipeline(), 0.05), find_corpora(tmp_path)[0])
    assert [(0.7, 2), (0.9, 1)] == [(part.low, part.n) for part in histogram.curve() if part.n]


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3), st.integers(0, 2), st.integers(1, 9)), max_size=20),
    st.integers(1, 8),
    st.sampled_from(["flat", "nested"]),
    st.booleans(),
)
def test_a_lower_threshold_only_adds(rows: list[Any], threshold: int, overlap: str, multi_label: bool) -> None:
    """The choice among overlapping spans at a threshold is that at a lower one, less the spans below: one run is exact."""
    columns = np.asarray([(start, start + length, label) for start, length, label, _ in rows], dtype=np.int64).reshape(-1, 3)
    scores = np.asarray([score / 10 for *_, score in rows], dtype=np.float32)
    everything = Candidates(*columns.T, scores)
    low = decode(everything, overlap, multi_label)
    high = decode(everything.pick(scores > threshold / 10), overlap, multi_label)
    kept = low.pick(low.score > threshold / 10)
    assert _rows(high) == _rows(kept)


def test_the_embedded_model_at_two_thresholds() -> None:
    """What it finds at 0.5 is what it finds at 0.05, less the spans of 0.5 and below."""
    texts = [
        "Lithium carbonate toxicity in a newborn infant with tricuspid regurgitation and atrial flutter.",
        "BRCA1 mutations raise the risk of breast and ovarian cancer in HeLa cells treated with cisplatin.",
    ]
    passages = [AnnotatedPassage(str(number), text) for number, text in enumerate(texts)]
    labels = ["disease", "chemical", "gene", "cell line", "organism"]
    nlp = build_pipeline()
    low, high = (list(ComponentSystem("mini", nlp, t).predict(passages, labels, "nested")) for t in (0.05, 0.5))
    assert any(mention.score <= 0.5 for mentions in low for mention in mentions)
    assert any(high)
    assert high == [[mention for mention in mentions if mention.score > 0.5] for mentions in low]


def _rows(found: Candidates) -> set[tuple]:
    return set(zip(found.start.tolist(), found.end.tolist(), found.label.tolist(), found.score.tolist(), strict=True))
