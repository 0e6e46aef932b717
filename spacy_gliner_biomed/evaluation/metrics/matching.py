"""Five ways to say which predictions of a passage are right.

Each gives true positives, false positives and false negatives for each label, and all of them work for nested mentions.
Equal mentions (start, end and label) count once on either side.

strict: start, end and label all equal a gold mention's. Nested mentions are mentions like any other.
boundary: start and end equal; labels are ignored. Compared are the sets of spans, so that a span annotated with two labels
    is one span. On flat mentions this is `nervaluate`'s "exact".
partial: labels are ignored, and what overlaps without being equal is half right. Spans that are equal pair first; then each
    prediction left, in text order, takes the first gold span left that it shares a character with. A pair of the second
    sort is half a true positive, half a false positive and half a false negative. On flat mentions in text order this is
    `nervaluate`'s "partial" (which also asks that a hundredth of the gold span be covered); on nested ones nervaluate lets
    an overlap take the gold span that a later prediction equals, so that its figure depends on the order of predictions.
relaxed: labels equal, and at least a character in common. Each prediction, in the order given, takes the first gold mention,
    in the order given, that no earlier one took: greedy, so a pairing with more matches may exist, and a prediction equal to
    one of several nested mentions may take another of them. Knowledgator's GLiNER-BioMed repository scores this way
    (`evaluation/gliner_evaluator.py`, there in words: at least one word in common, which is the same where spans end at the
    borders of words). One word in common is little: this figure is always the kindest.
surface: the sets of (text of the mention, label) of a passage, words separated by single blanks: found once is found
    everywhere in the passage, and nesting plays no part. The same repository has it as its second mode; there as here each
    row is a document of its own.

Where labels are ignored, a pair counts for the label of its gold span and a prediction without a partner for its own; a
span with several labels is shared equally between them. So the labels' counts add up to the whole in all five.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Callable, Collection, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from spacy_gliner_biomed.corpus.passage import AnnotatedPassage

Mention = Tuple[int, int, str]  # start and end in characters (end exclusive), label
Span = Tuple[int, int]
Outcome = Tuple[str, int, float]  # label, column of the counts, amount

TP, FP, FN = range(3)  # the columns of every array of counts


def countable(
    passage: AnnotatedPassage, predictions: Iterable[Sequence[Any]], labels: Optional[Collection[str]] = None
) -> Tuple[List[Mention], List[Mention]]:
    """What of a passage can be right or wrong, each mention once, in the order given.

    Mentions of labels that the passage was not annotated for are left out on both sides: these are unknown there, not
    absent. So are gold mentions of labels that were not asked for.

    passage (AnnotatedPassage): the text and its gold mentions.
    predictions (Iterable): each begins with start, end and label; what follows (a score) is not looked at.
    labels (Collection[str]): the labels asked for, in something that tells quickly what it holds; None takes all.
    RETURNS (Tuple[List[Mention], List[Mention]]): gold mentions and predictions.
    RAISES (ValueError): for a prediction of a label that was not asked for.
    """
    gold = dict.fromkeys((start, end, label) for start, end, label in passage.mentions if labels is None or label in labels)
    predicted = dict.fromkeys((start, end, label) for start, end, label, *_ in predictions)
    if labels is not None:
        for _, _, label in predicted:
            if label not in labels:
                raise ValueError(
                    f"{passage.where or passage.id}: '{label}' was predicted but is not among the labels asked for: "
                    f"{', '.join(labels)}."
                )
    if passage.labels is not None:
        gold = {mention: None for mention in gold if mention[2] in passage.labels}
        predicted = {mention: None for mention in predicted if mention[2] in passage.labels}
    return list(gold), list(predicted)


def strict(gold: Sequence[Mention], predicted: Sequence[Mention], text: str = "") -> Iterator[Outcome]:
    """YIELDS (Outcome): see the head of this file. `gold` and `predicted` hold no mention twice."""
    return _compare_sets(set(gold), set(predicted))


def boundary(gold: Sequence[Mention], predicted: Sequence[Mention], text: str = "") -> Iterator[Outcome]:
    """YIELDS (Outcome): see the head of this file. `gold` and `predicted` hold no mention twice."""
    gold_spans, predicted_spans = _labels_of_spans(gold), _labels_of_spans(predicted)
    for span, labels in gold_spans.items():
        yield from _share(labels, TP if span in predicted_spans else FN)
    for span, labels in predicted_spans.items():
        if span not in gold_spans:
            yield from _share(labels, FP)


def partial(gold: Sequence[Mention], predicted: Sequence[Mention], text: str = "") -> Iterator[Outcome]:
    """YIELDS (Outcome): see the head of this file. `gold` and `predicted` hold no mention twice."""
    gold_spans, predicted_spans = _labels_of_spans(gold), _labels_of_spans(predicted)
    for span in gold_spans.keys() & predicted_spans.keys():
        yield from _share(gold_spans.pop(span), TP)
        del predicted_spans[span]
    unpaired = sorted(gold_spans, reverse=True)  # the first one last
    for start, end in sorted(predicted_spans):
        while unpaired and unpaired[-1][1] <= start:  # no later prediction begins earlier
            yield from _share(gold_spans[unpaired.pop()], FN)
        if unpaired and unpaired[-1][0] < end:
            labels = gold_spans[unpaired.pop()]
            for outcome in (TP, FP, FN):
                yield from _share(labels, outcome, 0.5)
        else:
            yield from _share(predicted_spans[start, end], FP)
    for span in unpaired:
        yield from _share(gold_spans[span], FN)


def relaxed(gold: Sequence[Mention], predicted: Sequence[Mention], text: str = "") -> Iterator[Outcome]:
    """YIELDS (Outcome): see the head of this file. `gold` and `predicted` hold no mention twice."""
    untaken: Dict[str, List[Span]] = defaultdict(list)
    for start, end, label in gold:
        untaken[label].append((start, end))
    for start, end, label in predicted:
        for place, (gold_start, gold_end) in enumerate(untaken.get(label, ())):
            if gold_start < end and start < gold_end:
                del untaken[label][place]
                yield label, TP, 1
                break
        else:
            yield label, FP, 1
    for label, spans in untaken.items():
        yield label, FN, len(spans)


def surface(gold: Sequence[Mention], predicted: Sequence[Mention], text: str) -> Iterator[Outcome]:
    """YIELDS (Outcome): see the head of this file. `text` is what the mentions count their offsets in."""
    return _compare_sets(_surfaces(gold, text), _surfaces(predicted, text))


MATCHINGS: Dict[str, Callable[[Sequence[Mention], Sequence[Mention], str], Iterator[Outcome]]] = {
    "strict": strict,
    "boundary": boundary,
    "partial": partial,
    "relaxed": relaxed,
    "surface": surface,
}


class PassageMatcher:
    """Counts one passage in all five ways."""

    def __init__(self, labels: Sequence[str]):
        """labels (Sequence[str]): the labels asked for, in the order of the counts; one that comes twice counts once."""
        self.labels = tuple(dict.fromkeys(labels))
        self._places = {label: 3 * place for place, label in enumerate(self.labels)}

    def counts(self, passage: AnnotatedPassage, predictions: Iterable[Sequence[Any]]) -> np.ndarray:
        """Count a passage.

        passage (AnnotatedPassage): the text and its gold mentions.
        predictions (Iterable): each begins with start, end and label.
        RETURNS (np.ndarray): float64; the matchings in the order of `MATCHINGS`; of each label the true positives, false
            positives and false negatives. Shape: (n_matchings, n_labels, 3)
        RAISES (ValueError): for a prediction of a label that was not asked for.
        """
        gold, predicted = countable(passage, predictions, self._places)
        n_labels = len(self.labels)
        counts = [0.0] * (len(MATCHINGS) * n_labels * 3)
        if gold or predicted:
            for number, match in enumerate(MATCHINGS.values()):
                first = number * n_labels * 3
                for label, column, amount in match(gold, predicted, passage.text):
                    counts[first + self._places[label] + column] += amount
        return np.array(counts).reshape(len(MATCHINGS), n_labels, 3)


def _compare_sets(gold: set, predicted: set) -> Iterator[Outcome]:
    """Outcomes of tuples that end with their label and are right where they are equal."""
    for item in gold:
        yield item[-1], TP if item in predicted else FN, 1
    for item in predicted:
        if item not in gold:
            yield item[-1], FP, 1


def _labels_of_spans(mentions: Iterable[Mention]) -> Dict[Span, List[str]]:
    spans: Dict[Span, List[str]] = {}
    for start, end, label in mentions:
        spans.setdefault((start, end), []).append(label)
    return spans


def _share(labels: Sequence[str], column: int, amount: float = 1.0) -> List[Outcome]:
    return [(label, column, amount / len(labels)) for label in labels]


def _surfaces(mentions: Iterable[Mention], text: str) -> set:
    return {(" ".join(text[start:end].split()), label) for start, end, label in mentions}
