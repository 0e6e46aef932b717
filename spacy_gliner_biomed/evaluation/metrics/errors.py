"""What kinds of errors a system makes, with which labels, how long the mentions are, and the passages with most errors.

Mentions are paired one to one: first the equal ones; of the rest those with one span and two labels; then those that
overlap under one label; then those that overlap under two. Among overlaps the one with most characters in common goes
first, then the one earlier in the text. Gold mentions left over are missed, predictions left over spurious. So

    correct + wrong label + wrong boundary + wrong label and boundary + missed   = number of gold mentions
    correct + wrong label + wrong boundary + wrong label and boundary + spurious = number of predictions
"""

from __future__ import annotations

import heapq
from typing import Any, Container, Dict, Iterator, List, Optional, Sequence, Tuple

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage

from .matching import Mention, countable

# The wrong ones in the order in which they are paired.
KINDS = ("correct", "missed", "spurious", "wrong label", "wrong boundary", "wrong label and boundary")
LENGTHS = ("1", "2", "3", "4", "5+")  # of mentions, in words between blanks

Found = Dict[str, int]
Paired = Tuple[str, Optional[Mention], Optional[Mention]]  # kind, gold mention, prediction


class ErrorAnalysis:
    """The errors of one system on one corpus, passage by passage; only counts and the worst passages are kept."""

    def __init__(
        self,
        training_surfaces: Optional[Container[str]] = None,
        seen_labels: Optional[Container[str]] = None,
        keep: int = 25,
        labels: Optional[Sequence[str]] = None,
    ):
        """training_surfaces (Container[str]): the mentions of the training data as `normal_surface` writes them; None where
            they are not known.
        seen_labels (Container[str]): those of the labels asked for that the training data has too; None where that is not known.
        keep (int): how many of the worst passages to keep.
        labels (Sequence[str]): the labels asked for; mentions of others are left out. None takes all.
        """
        self.training_surfaces = training_surfaces
        self.seen_labels = seen_labels
        self.keep = keep
        self.labels: Optional[Dict[str, None]] = None if labels is None else dict.fromkeys(labels)
        self.counts = dict.fromkeys(KINDS, 0)
        self.confusion: Dict[str, Dict[str, int]] = {}
        self._by_length = {length: _nothing_found() for length in LENGTHS}
        self._by_label = {"seen": _nothing_found(), "unseen": _nothing_found()}
        self._by_surface = {"seen": _nothing_found(), "unseen": _nothing_found()}
        self._worst: List[Tuple[int, int, Dict[str, Any]]] = []  # a heap: the least bad of the kept passages comes first
        self._n_passages = 0

    def add(self, passage: AnnotatedPassage, predictions: Sequence[Sequence[Any]]) -> None:
        """Count a passage.

        passage (AnnotatedPassage): the text and its gold mentions.
        predictions (Sequence): each start, end, label and, where there is one, score.
        RAISES (ValueError): for a prediction of a label that was not asked for.
        """
        gold, predicted = countable(passage, predictions, self.labels)
        n_errors = 0
        for kind, its_gold, its_prediction in pair(gold, predicted):
            self.counts[kind] += 1
            n_errors += kind != "correct"
            if its_gold is not None:
                self._count_gold(passage.text, its_gold, kind == "correct")
                if its_prediction is not None:
                    row = self.confusion.setdefault(its_gold[2], {})
                    row[its_prediction[2]] = row.get(its_prediction[2], 0) + 1
        self._n_passages += 1
        self._keep_if_bad(passage, gold, predicted, predictions, n_errors)

    def to_dict(self) -> Dict[str, Any]:
        """The analysis, ready for JSON.

        RETURNS (dict): `counts` by kind; `confusion`, of each gold label with which predicted labels its mentions were paired
            (its own: correct or wrong boundary); `by_length`, `by_label_seen` and `by_surface_seen`: gold mentions and how many
            of them were found (strictly), None where the training data's labels or surfaces are not known; `examples`, the
            passages with most errors, the worst first.
        """
        worst = sorted(self._worst, key=lambda entry: entry[:2], reverse=True)
        return {
            "counts": dict(self.counts),
            "confusion": {gold: dict(sorted(row.items())) for gold, row in sorted(self.confusion.items())},
            "by_length": [{"words": length, **found} for length, found in self._by_length.items()],
            "by_label_seen": None if self.seen_labels is None else _copied(self._by_label),
            "by_surface_seen": None if self.training_surfaces is None else _copied(self._by_surface),
            "examples": [example for _, _, example in worst],
        }

    def _count_gold(self, text: str, mention: Mention, found: bool) -> None:
        surface = text[mention[0] : mention[1]]
        n_words = len(surface.split())
        groups = [self._by_length[LENGTHS[min(max(n_words, 1), len(LENGTHS)) - 1]]]
        if self.seen_labels is not None:
            groups.append(self._by_label["seen" if mention[2] in self.seen_labels else "unseen"])
        if self.training_surfaces is not None:
            groups.append(self._by_surface["seen" if normal_surface(surface) in self.training_surfaces else "unseen"])
        for group in groups:
            group["gold"] += 1
            group["found"] += found

    def _keep_if_bad(
        self,
        passage: AnnotatedPassage,
        gold: List[Mention],
        predicted: List[Mention],
        predictions: Sequence[Sequence[Any]],
        n_errors: int,
    ) -> None:
        badness = (n_errors, -self._n_passages)  # among equally bad ones the first stays
        if not n_errors or not self.keep or (len(self._worst) == self.keep and badness < self._worst[0][:2]):
            return
        scores = {tuple(prediction[:3]): prediction[3] if len(prediction) > 3 else None for prediction in predictions}
        example = {
            "id": passage.id,
            "text": passage.text,
            "gold": [list(mention) for mention in sorted(gold)],
            "predicted": [[*mention, _plain(scores[mention])] for mention in sorted(predicted)],
            "errors": n_errors,
        }
        heapq.heappush(self._worst, (*badness, example))  # no two are equal: the dictionaries are never compared
        if len(self._worst) > self.keep:
            heapq.heappop(self._worst)


def pair(gold: Sequence[Mention], predicted: Sequence[Mention]) -> Iterator[Paired]:
    """Pair the mentions of a passage and say what is wrong with each pair; the rules are at the head of this file.

    gold, predicted (Sequence[Mention]): start, end and label; no mention twice on one side.
    YIELDS (Paired): kind, gold mention, prediction; a missed mention has no prediction, a spurious one no gold mention.
    """
    predictions = set(predicted)
    gold_left = sorted(mention for mention in gold if mention not in predictions)
    annotated = set(gold)
    predicted_left = sorted(mention for mention in predicted if mention not in annotated)
    for mention in annotated & predictions:
        yield "correct", mention, mention
    candidates = sorted(_candidates(gold_left, predicted_left))
    paired_gold, paired_predictions = set(), set()
    for rank, _, its_gold, its_prediction in candidates:
        if its_gold not in paired_gold and its_prediction not in paired_predictions:
            paired_gold.add(its_gold)
            paired_predictions.add(its_prediction)
            yield KINDS[rank], its_gold, its_prediction
    yield from (("missed", mention, None) for mention in gold_left if mention not in paired_gold)
    yield from (("spurious", None, mention) for mention in predicted_left if mention not in paired_predictions)


def normal_surface(mention: str) -> str:
    """RETURNS (str): a mention's text for comparison with other texts: without case, words separated by single blanks."""
    return " ".join(mention.casefold().split())


def _candidates(gold: Sequence[Mention], predicted: Sequence[Mention]) -> Iterator[Tuple[int, int, Mention, Mention]]:
    """Overlapping mentions: place of the kind in `KINDS`, characters in common (negative), gold mention, prediction.

    Both are sorted, and none of one equals one of the other.
    """
    first = 0
    for mention in predicted:
        start, end, label = mention
        while first < len(gold) and gold[first][1] <= start:  # no later prediction begins earlier
            first += 1
        for place in range(first, len(gold)):
            gold_start, gold_end, gold_label = gold[place]
            if gold_start >= end:
                break
            if gold_end <= start:
                continue
            same_span = (gold_start, gold_end) == (start, end)
            kind = "wrong label" if same_span else "wrong boundary" if gold_label == label else "wrong label and boundary"
            yield KINDS.index(kind), max(gold_start, start) - min(gold_end, end), gold[place], mention


def _nothing_found() -> Found:
    return {"gold": 0, "found": 0}


def _copied(groups: Dict[str, Found]) -> Dict[str, Found]:
    return {name: dict(found) for name, found in groups.items()}


def _plain(score: Any) -> Optional[float]:
    return None if score is None else float(score)
