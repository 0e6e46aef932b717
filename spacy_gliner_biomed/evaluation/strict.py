"""Strict span scores: a prediction counts where start, end and label all equal a gold mention's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Iterable, Tuple

Mention = Tuple[int, int, str]  # start and end in characters (end exclusive), label


@dataclass
class Counts:
    """True positives, false positives and false negatives, and the three ratios made of them.

    A ratio with nothing below the line is 0, as in `spacy.scorer.PRFScore`.
    """

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0

    @property
    def precision(self) -> float:
        """Share of the predictions that are right, 0 to 1."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the gold mentions that were found, 0 to 1."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 to 1."""
        doubled = 2 * self.true_positives
        return _ratio(doubled, doubled + self.false_positives + self.false_negatives)

    @property
    def gold(self) -> int:
        """Number of gold mentions counted."""
        return self.true_positives + self.false_negatives

    def to_dict(self) -> Dict[str, float]:
        """RETURNS (dict): the ratios and the counts, ready for JSON."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "true_positives": self.true_positives,
            "false_positives": self.false_positives,
            "false_negatives": self.false_negatives,
        }


@dataclass
class StrictScore:
    """Adds up passages one at a time; only the counts are kept, so a corpus of any size streams through.

    Duplicates on either side count once. `micro` pools all labels; `per_label` holds one count a label met so far.
    """

    micro: Counts = field(default_factory=Counts)
    per_label: Dict[str, Counts] = field(default_factory=dict)

    def add(self, gold: Iterable[Mention], predicted: Iterable[Mention]) -> None:
        """Count one passage.

        gold (Iterable[Tuple[int, int, str]]): the annotated mentions: start, end, label.
        predicted (Iterable[Tuple[int, int, str]]): the predicted ones, in the same offsets.
        """
        gold, predicted = set(gold), set(predicted)
        for mention in gold & predicted:
            self.micro.true_positives += 1
            self._label(mention).true_positives += 1
        for mention in predicted - gold:
            self.micro.false_positives += 1
            self._label(mention).false_positives += 1
        for mention in gold - predicted:
            self.micro.false_negatives += 1
            self._label(mention).false_negatives += 1

    def over(self, labels: Iterable[str]) -> Counts:
        """RETURNS (Counts): the pooled counts of these labels alone, which strict scoring never mixes with others."""
        pooled = Counts()
        for label in set(labels) & set(self.per_label):
            counts = self.per_label[label]
            pooled.true_positives += counts.true_positives
            pooled.false_positives += counts.false_positives
            pooled.false_negatives += counts.false_negatives
        return pooled

    def to_dict(self) -> Dict[str, object]:
        """RETURNS (dict): `micro` and `per_label`, labels in alphabetical order, ready for JSON."""
        per_label = {label: self.per_label[label].to_dict() for label in sorted(self.per_label)}
        return {"micro": self.micro.to_dict(), "per_label": per_label}

    def _label(self, mention: Mention) -> Counts:
        return self.per_label.setdefault(mention[2], Counts())


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
