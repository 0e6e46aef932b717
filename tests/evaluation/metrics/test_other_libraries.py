"""The same figures as nervaluate, seqeval and spaCy give, where they define the same thing: flat mentions in text order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_gliner_biomed.evaluation.metrics.accumulate import Scoreboard
from spacy_gliner_biomed.evaluation.metrics.matching import PassageMatcher
from tests.evaluation.metrics.cases import LABELS, LENGTH, flat, passage_of

SEQEVAL = json.loads(Path(__file__).with_name("seqeval_figures.json").read_text(encoding="utf-8"))["cases"]
NERVALUATE_NAMES = {"strict": "strict", "boundary": "exact", "partial": "partial"}

corpora = st.lists(st.tuples(flat, flat), min_size=1, max_size=5)


def scores_of(corpus: List[Tuple[list, list]]) -> Dict[str, Any]:
    """What our own scoreboard says."""
    board, matcher = Scoreboard(LABELS, n_bootstrap=0), PassageMatcher(LABELS)
    for number, (gold, predicted) in enumerate(corpus):
        board.add(str(number), matcher.counts(passage_of(gold), predicted))
    return board.to_dict()


def values(row: Dict[str, Any]) -> Tuple[float, ...]:
    """Precision, recall and F1 of one of our rows."""
    return tuple(row[name]["value"] for name in ("precision", "recall", "f1"))


def as_dicts(mentions: list) -> List[Dict[str, Any]]:
    """As nervaluate takes them: ends included."""
    return [{"start": start, "end": end - 1, "label": label} for start, end, label in mentions]


@given(corpora)
def test_nervaluate(corpus: List[Tuple[list, list]]) -> None:
    """Strict, exact and partial over all labels, and strict for each label."""
    gold, predicted = ([as_dicts(side) for side in sides] for sides in zip(*corpus, strict=True))
    theirs = Evaluator(gold, predicted, tags=list(LABELS), loader="dict").evaluate()
    ours = scores_of(corpus)
    for our_name, their_name in NERVALUATE_NAMES.items():
        micro, result = ours[our_name]["micro"], theirs["overall"][their_name]
        assert (result.precision, result.recall, result.f1) == pytest.approx(values(micro))
        assert (result.possible, result.actual) == (micro["support"], micro["tp"] + micro["fp"])
        assert result.correct + 0.5 * result.partial == micro["tp"]
    for label in LABELS:
        row = ours["strict"]["per_label"][label]
        if label in theirs["entities"]:
            result = theirs["entities"][label]["strict"]
            assert (result.precision, result.recall, result.f1) == pytest.approx(values(row))
        else:  # it leaves out labels that occur nowhere
            assert 0 == row["support"] + row["fp"]


def mentions_of(tags: str) -> Iterator[Tuple[int, int, str]]:
    """IOB2 tags as spans over one-letter words separated by blanks."""
    words = [tag.partition("-") for tag in tags.split()]
    for first, (prefix, _, label) in enumerate(words):
        if prefix == "B":
            last = first
            while last + 1 < len(words) and words[last + 1][0] == "I":
                last += 1
            yield 2 * first, 2 * last + 1, label


@pytest.mark.parametrize("case", SEQEVAL, ids=range(len(SEQEVAL)))
def test_seqeval(case: Dict[str, Any]) -> None:
    """Micro, macro and each label of its strict mode, as `record_seqeval.py` wrote them down."""
    gold, predicted = ([list(mentions_of(tags)) for tags in case[side]] for side in ("gold", "predicted"))
    ours = scores_of(list(zip(gold, predicted, strict=True)))["strict"]
    rows = {**ours["per_label"], "micro avg": ours["micro"], "macro avg": ours["macro"]}
    for name, row in rows.items():
        theirs = case["figures"][name]
        assert (theirs["precision"], theirs["recall"], theirs["f1-score"]) == pytest.approx(values(row))
        assert name == "macro avg" or theirs["support"] == row["support"]


@given(st.lists(st.tuples(flat, flat), min_size=1, max_size=2))
def test_spacy(corpus: List[Tuple[list, list]]) -> None:
    """`Scorer.score_spans`, over all labels and for each."""
    vocab = Vocab()

    def doc_of(mentions: list) -> Doc:
        doc = Doc(vocab, words=["x"] * LENGTH, spaces=[False] * LENGTH)
        doc.ents = [doc.char_span(start, end, label) for start, end, label in mentions]
        return doc

    examples = [Example(doc_of(predicted), doc_of(gold)) for gold, predicted in corpus]
    theirs, ours = Scorer.score_spans(examples, "ents"), scores_of(corpus)["strict"]
    if theirs["ents_f"] is not None:  # None where nothing is annotated
        assert (theirs["ents_p"], theirs["ents_r"], theirs["ents_f"]) == pytest.approx(values(ours["micro"]))
        for label, row in theirs["ents_per_type"].items():
            assert (row["p"], row["r"], row["f"]) == pytest.approx(values(ours["per_label"][label]))
