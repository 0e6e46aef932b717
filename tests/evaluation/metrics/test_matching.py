"""The five matchings, each beside an oracle that is slow and plain."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage, Mention
from spacy_gliner_biomed.evaluation.metrics.matching import MATCHINGS, PassageMatcher, countable
from tests.evaluation.metrics.cases import LABELS, counts_of, nested, passage_of, texts

Counted = Counter  # (label, column) → amount


def plain_strict(gold: list, predicted: list, text: str) -> Counted:
    """Look for each mention on the other side."""
    counted = Counted()
    for mention in set(gold + predicted):
        column = 0 if mention in gold and mention in predicted else 1 if mention in predicted else 2
        counted[mention[2], column] += 1
    return counted


def labels_at(mentions: list, span: tuple) -> list:
    """The different labels that a span carries."""
    return sorted({label for start, end, label in mentions if (start, end) == span})


def plain_boundary(gold: list, predicted: list, text: str) -> Counted:
    """Every possible span of the text in turn."""
    counted = Counted()
    for span in [(start, end) for start in range(len(text)) for end in range(start + 1, len(text) + 1)]:
        annotated, answered = labels_at(gold, span), labels_at(predicted, span)
        for label in annotated:
            counted[label, 0 if answered else 2] += 1 / len(annotated)
        for label in answered:
            counted[label, 1] += 0 if annotated else 1 / len(answered)
    return counted


def plain_partial(gold: list, predicted: list, text: str) -> Counted:
    """Pair the sets of characters: first all equal ones, then whatever overlaps first."""
    gold_spans = sorted({mention[:2] for mention in gold})
    predicted_spans = sorted({mention[:2] for mention in predicted})
    pairs = [(span, span) for span in gold_spans if span in predicted_spans]
    for answer in predicted_spans:
        if answer in gold_spans:
            continue
        paired = {span for span, _ in pairs}
        for span in gold_spans:
            if span not in paired and set(range(*span)) & set(range(*answer)):
                pairs.append((span, answer))
                break
    counted = Counted()
    for span in gold_spans:
        labels = labels_at(gold, span)
        answers = [answer for paired, answer in pairs if paired == span]
        right = 0 if not answers else 1 if answers == [span] else 0.5
        for label in labels:
            counted[label, 0] += right / len(labels)
            counted[label, 1] += (len(answers) - right) / len(labels)
            counted[label, 2] += (1 - right) / len(labels)
    for answer in predicted_spans:
        if answer not in [paired for _, paired in pairs]:
            for label in labels_at(predicted, answer):
                counted[label, 1] += 1 / len(labels_at(predicted, answer))
    return counted


def plain_relaxed(gold: list, predicted: list, text: str) -> Counted:
    """As the seed describes it: walk through the predictions, tick off gold mentions."""
    gold, predicted = list(dict.fromkeys(gold)), list(dict.fromkeys(predicted))
    ticked = [False] * len(gold)
    counted = Counted()
    for start, end, label in predicted:
        hits = [
            number
            for number, (gold_start, gold_end, gold_label) in enumerate(gold)
            if not ticked[number] and gold_label == label and set(range(start, end)) & set(range(gold_start, gold_end))
        ]
        counted[label, 0 if hits else 1] += 1
        if hits:
            ticked[hits[0]] = True
    for (_, _, label), was_ticked in zip(gold, ticked, strict=True):
        counted[label, 2] += not was_ticked
    return counted


def plain_surface(gold: list, predicted: list, text: str) -> Counted:
    """Compare lists of words."""
    sides = [[(tuple(text[start:end].split()), label) for start, end, label in side] for side in (gold, predicted)]
    counted = Counted()
    for surface in {*sides[0], *sides[1]}:
        column = 0 if surface in sides[0] and surface in sides[1] else 1 if surface in sides[1] else 2
        counted[surface[1], column] += 1
    return counted


ORACLES = {
    "strict": plain_strict,
    "boundary": plain_boundary,
    "partial": plain_partial,
    "relaxed": plain_relaxed,
    "surface": plain_surface,
}


@pytest.mark.parametrize("matching", MATCHINGS)
@given(gold=nested, predicted=nested, text=texts)
def test_equals_its_oracle(matching: str, gold: list, predicted: list, text: str) -> None:
    """On nested mentions, several labels at a span, duplicates, both sides in any order."""
    oracle: Callable[[list, list, str], Counted] = ORACLES[matching]
    expected = oracle(gold, predicted, text)
    passage = AnnotatedPassage("1", text, tuple(Mention(*mention) for mention in gold))
    found = PassageMatcher(LABELS).counts(passage, predicted)[list(MATCHINGS).index(matching)]
    wanted = [[expected[label, column] for column in range(3)] for label in LABELS]
    assert np.allclose(wanted, found, atol=1e-9), (wanted, found)


@given(nested, nested, texts)
def test_sums_over_labels(gold: list, predicted: list, text: str) -> None:
    """True positives and false negatives make up the gold mentions (or spans), true and false positives the predictions."""
    sizes = {
        "strict": (len(set(gold)), len(set(predicted))),
        "relaxed": (len(set(gold)), len(set(predicted))),
        "boundary": (len({m[:2] for m in gold}), len({m[:2] for m in predicted})),
        "partial": (len({m[:2] for m in gold}), len({m[:2] for m in predicted})),
    }
    found = counts_of(gold, predicted, text)
    for matching, (n_gold, n_predicted) in sizes.items():
        right, false, missed = found[matching]
        assert (n_gold, n_predicted) == pytest.approx((right + missed, right + false))
    assert found["boundary"][0] <= found["partial"][0] + 1e-9


def test_relaxed_worked_example() -> None:
    """Greedy matching, spelt out.

    Gold:      [acute kidney injury] disease    [kidney failure] disease    [kidney] anatomy (in both)
    Predicted: 1. "injury with kidney" disease: overlaps both diseases, takes the first one, "acute kidney injury"   → TP
               2. "acute kidney" disease: overlaps only "acute kidney injury", which is taken                        → FP
               3. "kidney failure" drug: the span is right, but no drug is annotated                                 → FP
               4. "acute kidney" anatomy: one word in common with the first "kidney" is enough                       → TP
    Left over: "kidney failure" disease                                                                              → FN
               the second "kidney" anatomy                                                                           → FN
    So P = 2/4, R = 2/4. The best pairing (1 with "kidney failure", 2 with "acute kidney injury") would have given P = R = 3/4,
    and so does the greedy one with predictions 1 and 2 in the other order.
    """
    text = "acute kidney injury with kidney failure"

    def at(words: str, label: str, after: int = 0) -> tuple:
        start = text.index(words, after)
        return start, start + len(words), label

    gold = [
        at("acute kidney injury", "disease"),
        at("kidney failure", "disease"),
        at("kidney", "anatomy"),
        at("kidney", "anatomy", 20),
    ]
    predicted = [
        at("injury with kidney", "disease"),
        at("acute kidney", "disease"),
        at("kidney failure", "drug"),
        at("acute kidney", "anatomy"),
    ]
    labels = ("disease", "anatomy", "drug")
    relaxed = list(MATCHINGS).index("relaxed")
    counts = PassageMatcher(labels).counts(passage_of(gold, text), predicted)[relaxed]
    assert [[1, 1, 1], [1, 0, 1], [0, 1, 0]] == counts.tolist()
    swapped = [predicted[1], predicted[0], *predicted[2:]]
    assert [3, 1, 1] == PassageMatcher(labels).counts(passage_of(gold, text), swapped)[relaxed].sum(axis=0).tolist()


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        ((2, 6, "drug"), {"strict": [1, 0, 0], "boundary": [1, 0, 0], "partial": [1, 0, 0], "relaxed": [1, 0, 0]}),
        ((2, 6, "gene"), {"strict": [0, 1, 1], "boundary": [1, 0, 0], "partial": [1, 0, 0], "relaxed": [0, 1, 1]}),
        ((5, 8, "drug"), {"strict": [0, 1, 1], "boundary": [0, 1, 1], "partial": [0.5] * 3, "relaxed": [1, 0, 0]}),
        ((5, 8, "gene"), {"strict": [0, 1, 1], "boundary": [0, 1, 1], "partial": [0.5] * 3, "relaxed": [0, 1, 1]}),
        ((6, 8, "drug"), {"strict": [0, 1, 1], "boundary": [0, 1, 1], "partial": [0, 1, 1], "relaxed": [0, 1, 1]}),
    ],
    ids=["equal", "other label", "overlap", "overlap and other label", "side by side"],
)
def test_one_prediction(predicted: tuple, expected: dict) -> None:
    """What each matching says about a prediction for a drug at 2 to 6."""
    found = counts_of([(2, 6, "drug")], [predicted])
    assert expected == {matching: found[matching] for matching in expected}


def test_surface_is_found_everywhere() -> None:
    """A name found once is found, line breaks or not; the same name under another label is another."""
    text = "lung cancer, lung\ncancer"
    assert [1, 0, 0] == counts_of([(0, 11, "disease"), (13, 24, "disease")], [(13, 24, "disease")], text)["surface"]
    assert [0, 1, 1] == counts_of([(0, 11, "disease")], [(13, 24, "gene")], text)["surface"]


def test_scores_are_allowed_behind_predictions() -> None:
    """As systems give them."""
    assert [1, 0, 0] == counts_of([(2, 6, "drug")], [(2, 6, "drug", 0.7), (2, 6, "drug", 0.6)])["strict"]


def test_labels_the_passage_was_not_annotated_for_do_not_count() -> None:
    """They are unknown there: a prediction is neither right nor wrong, and a gold mention that contradicts this not missed."""
    passage = replace(passage_of([(2, 6, "drug"), (0, 1, "disease")]), labels=("drug", "gene"))
    counts = PassageMatcher(LABELS).counts(passage, [(7, 9, "disease"), (7, 9, "gene")])
    assert [[0, 0, 1], [0, 1, 0], [0, 0, 0]] == counts[0][[1, 0, 2]].tolist()


def test_labels_not_asked_for() -> None:
    """Of gold mentions they are left out, of predictions they are a mistake, which is named."""
    passage = replace(passage_of([(2, 6, "drug"), (7, 9, "gene")]), where="dev.jsonl, line 3")
    assert [[0, 0, 1]] == PassageMatcher(["drug"]).counts(passage, [])[0].tolist()
    with pytest.raises(ValueError, match=r"dev\.jsonl, line 3: 'gene' was predicted but is not among .*: drug\."):
        PassageMatcher(["drug"]).counts(passage, [(7, 9, "gene")])


def test_countable_without_labels_takes_all() -> None:
    """And keeps the order, each mention once."""
    passage = passage_of([(2, 6, "drug"), (7, 9, "gene")])
    answers = [(8, 9, "gene", 0.9), (0, 1, "cell", 0.5), (8, 9, "gene", 0.3)]
    assert ([(2, 6, "drug"), (7, 9, "gene")], [(8, 9, "gene"), (0, 1, "cell")]) == countable(passage, answers)


@given(nested, nested, st.randoms(use_true_random=False))
def test_only_relaxed_depends_on_the_order_of_predictions(gold: list, predicted: list, random: object) -> None:
    """The other four compare sets or put mentions in text order."""
    shuffled = list(predicted)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = counts_of(gold, predicted), counts_of(gold, shuffled)
    for matching in ("strict", "boundary", "partial", "surface"):
        assert one[matching] == pytest.approx(other[matching])
