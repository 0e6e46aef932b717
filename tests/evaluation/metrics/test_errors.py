"""Kinds of errors."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from dataclasses import replace
from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.evaluation.metrics.errors import KINDS, ErrorAnalysis, normal_surface, pair
from tests.evaluation.metrics.cases import nested, passage_of, texts

DISEASE, GENE = (3, 9, "disease"), (3, 9, "gene")


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ([DISEASE], [DISEASE], ["correct"]),
        ([DISEASE], [], ["missed"]),
        ([], [DISEASE], ["spurious"]),
        ([DISEASE], [(9, 12, "disease")], ["missed", "spurious"]),
        ([DISEASE], [GENE], ["wrong label"]),
        ([DISEASE], [(3, 8, "disease")], ["wrong boundary"]),
        ([DISEASE], [(3, 8, "gene")], ["wrong label and boundary"]),
        ([DISEASE], [DISEASE, GENE], ["correct", "spurious"]),
        ([DISEASE], [GENE, (3, 8, "disease")], ["wrong label", "spurious"]),
        ([DISEASE], [(3, 8, "gene"), (8, 9, "disease")], ["wrong boundary", "spurious"]),
        ([DISEASE, (0, 4, "disease")], [(2, 10, "disease")], ["wrong boundary", "missed"]),
        ([DISEASE, (4, 6, "gene")], [DISEASE], ["correct", "missed"]),
        ([DISEASE, (4, 6, "gene")], [(6, 8, "gene")], ["wrong label and boundary", "missed"]),
    ],
    ids=[
        "correct",
        "missed",
        "spurious",
        "side by side",
        "label",
        "boundary",
        "label and boundary",
        "a gold mention is used up",
        "equal spans first",
        "equal labels before larger overlaps",
        "one prediction over two",
        "nested in a correct one",
        "beside a nested one",
    ],
)
def test_kinds(gold: list, predicted: list, kinds: List[str]) -> None:
    """What is paired with what, and what it is called."""
    assert Counter(kinds) == Counter(kind for kind, _, _ in pair(gold, predicted))


def test_larger_overlap_first() -> None:
    """Not the one that comes first in the text."""
    gold, predicted = [(0, 4, "disease"), (4, 9, "disease")], [(3, 9, "disease")]
    assert ("wrong boundary", gold[1], predicted[0]) in list(pair(gold, predicted))


def plain_pairs(gold: list, predicted: list) -> List[Tuple]:
    """Take the best possible pair again and again."""
    gold, predicted, pairs = sorted(set(gold)), sorted(set(predicted)), []
    while True:
        best = None
        for mention in gold:
            for answer in predicted:
                shared = len(set(range(*mention[:2])) & set(range(*answer[:2])))
                if mention == answer:
                    rank = (0, 0)
                elif mention[:2] == answer[:2]:
                    rank = (KINDS.index("wrong label"), -shared)
                elif shared:
                    same = mention[2] == answer[2]
                    rank = (KINDS.index("wrong boundary" if same else "wrong label and boundary"), -shared)
                else:
                    continue
                if best is None or (rank, mention, answer) < best:
                    best = (rank, mention, answer)
        if best is None:
            break
        pairs.append((KINDS[best[0][0]], best[1], best[2]))
        gold.remove(best[1])
        predicted.remove(best[2])
    return pairs + [("missed", mention, None) for mention in gold] + [("spurious", None, answer) for answer in predicted]


@given(nested, nested)
def test_pairs_equal_their_oracle(gold: list, predicted: list) -> None:
    """By trying every pair."""
    gold, predicted = list(dict.fromkeys(gold)), list(dict.fromkeys(predicted))
    assert Counter(plain_pairs(gold, predicted)) == Counter(pair(gold, predicted))


@given(st.lists(st.tuples(nested, nested, texts), max_size=5))
def test_sums(passages: list) -> None:
    """Every mention is counted once on its side, and every grouping holds all gold mentions."""
    analysis = ErrorAnalysis(training_surfaces={"a", "b"}, seen_labels={"gene"})
    for gold, predicted, text in passages:
        analysis.add(passage_of(gold, text), predicted)
    found = analysis.to_dict()
    counts = found["counts"]
    paired = sum(counts.values()) - counts["missed"] - counts["spurious"]
    n_gold = sum(len(set(gold)) for gold, _, _ in passages)
    assert n_gold == paired + counts["missed"]
    assert sum(len(set(predicted)) for _, predicted, _ in passages) == paired + counts["spurious"]
    assert paired == sum(sum(row.values()) for row in found["confusion"].values())
    for groups in (found["by_length"], found["by_label_seen"].values(), found["by_surface_seen"].values()):
        assert n_gold == sum(group["gold"] for group in groups)
        assert counts["correct"] == sum(group["found"] for group in groups)
    n_errors = sum(counts.values()) - counts["correct"]
    assert n_errors == sum(example["errors"] for example in found["examples"])


def test_confusion() -> None:
    """Gold label, then predicted label; a wrong boundary is no wrong label; missed and spurious ones are in nobody's row."""
    analysis = ErrorAnalysis()
    analysis.add(passage_of([(0, 2, "gene"), (3, 5, "gene"), (6, 8, "gene")]), [(0, 2, "gene"), (3, 5, "drug"), (6, 9, "drug")])
    analysis.add(passage_of([(0, 2, "drug"), (3, 5, "gene")]), [(0, 3, "drug"), (6, 8, "gene")])
    assert {"gene": {"drug": 2, "gene": 1}, "drug": {"drug": 1}} == analysis.to_dict()["confusion"]


def test_lengths_labels_and_surfaces() -> None:
    """Words are what blanks separate; surfaces are compared without case and line breaks."""
    text = "Lung\ncancer and a very long name of a tumour, EGFR"
    gold = [(0, 11, "disease"), (16, 44, "disease"), (46, 50, "gene")]
    analysis = ErrorAnalysis(training_surfaces={normal_surface("lung cancer")}, seen_labels=["gene"])
    analysis.add(passage_of(gold, text), gold[:1])
    found = analysis.to_dict()
    lengths = {row["words"]: (row["gold"], row["found"]) for row in found["by_length"]}
    assert {"1": (1, 0), "2": (1, 1), "3": (0, 0), "4": (0, 0), "5+": (1, 0)} == lengths
    assert {"seen": {"gold": 1, "found": 0}, "unseen": {"gold": 2, "found": 1}} == found["by_label_seen"]
    assert {"seen": {"gold": 1, "found": 1}, "unseen": {"gold": 2, "found": 0}} == found["by_surface_seen"]


def test_unknown_training_data() -> None:
    """Nothing is claimed about what was seen."""
    analysis = ErrorAnalysis()
    analysis.add(passage_of([DISEASE]), [])
    assert analysis.to_dict()["by_label_seen"] is analysis.to_dict()["by_surface_seen"] is None


def test_examples() -> None:
    """The worst first, in plain JSON, with scores where there are any; passages without errors are no examples."""
    analysis = ErrorAnalysis(keep=2)
    analysis.add(passage_of([DISEASE], name="right"), [(*DISEASE, 0.9)])
    analysis.add(passage_of([DISEASE], name="one error"), [])
    analysis.add(passage_of([(5, 7, "gene"), DISEASE], name="two errors"), [(0, 2, "gene", 0.75), (3, 9, "disease")])
    analysis.add(passage_of([GENE], name="one more error"), [])
    worst, next_worst = json.loads(json.dumps(analysis.to_dict()["examples"]))
    assert {
        "id": "two errors",
        "text": "x" * 12,
        "gold": [[3, 9, "disease"], [5, 7, "gene"]],
        "predicted": [[0, 2, "gene", 0.75], [3, 9, "disease", None]],
        "errors": 2,
    } == worst
    assert "one error" == next_worst["id"]


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(0, 6))
def test_the_worst_are_kept(numbers_of_errors: List[int], keep: int) -> None:
    """As sorting all passages would have it; among equals the earlier."""
    analysis = ErrorAnalysis(keep=keep)
    for number, n_errors in enumerate(numbers_of_errors):
        analysis.add(passage_of([(2 * at, 2 * at + 1, "gene") for at in range(n_errors)], name=str(number)), [])
    ranked = sorted((-n_errors, number) for number, n_errors in enumerate(numbers_of_errors) if n_errors)
    assert [str(number) for _, number in ranked[:keep]] == [example["id"] for example in analysis.to_dict()["examples"]]


def test_labels_asked_for() -> None:
    """Others are left out of the gold mentions; predicted ones are a mistake."""
    analysis = ErrorAnalysis(labels=["gene"])
    analysis.add(replace(passage_of([DISEASE, GENE]), labels=("gene", "disease")), [GENE])
    assert {"correct": 1} == {kind: n for kind, n in analysis.to_dict()["counts"].items() if n}
    with pytest.raises(ValueError, match="'disease' was predicted"):
        analysis.add(passage_of([]), [DISEASE])


def test_memory_does_not_grow_with_passages() -> None:
    """What is kept after 100 and after 10,000 passages has the same size."""
    analysis = ErrorAnalysis(training_surfaces={"xx"}, seen_labels={"gene"})

    def add(first: int, last: int) -> int:
        for number in range(first, last):
            analysis.add(passage_of([DISEASE, (0, 2, "gene")], name=f"{number:06}"), [GENE])
        numbers = [len(str(number)) for number in analysis.counts.values()]
        assert max(numbers) <= 5
        return len(pickle.dumps({**vars(analysis), "counts": None, "confusion": list(analysis.confusion)}))

    few, many = add(0, 100), add(100, 10_000)
    assert many - few < 100  # larger numbers take a few bytes more
