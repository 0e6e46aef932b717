"""How good an annotator is: against gold, and against another annotator.

Gold corpora annotate their own labels only, an annotator of free-text types everything. So its precision is measured twice: over
all it marked, which counts much against it that is right, and over what it marked with a type that means one of the gold's
labels (`evaluation/label_synonyms.tsv`, or a map of one's own), which is the figure to read. Recall needs no such choice.
Spans are matched as in `evaluation.metrics`: equal borders ("exact"), or paired by overlap ("overlap").
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..corpus.passage import AnnotatedPassage, Mention
from ..evaluation.metrics.matching import FN, FP, TP, Outcome, boundary, partial, relaxed, strict
from .type_names.clusters import same_meaning

Match = Callable[..., Iterator[Outcome]]
_TOP = 5  # types listed for each label


@dataclass
class Score:
    """True positives, false positives and false negatives; halves where a span is half right."""

    tp: float = 0.0
    fp: float = 0.0
    fn: float = 0.0

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count the outcomes of a passage."""
        for _, column, amount in outcomes:
            self.tp += amount * (column == TP)
            self.fp += amount * (column == FP)
            self.fn += amount * (column == FN)

    @property
    def precision(self) -> float:
        """Of what was marked, the share that is right; 0 where nothing was marked."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Of what is there, the share that was marked; 0 where nothing is there."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / both if both else 0.0

    def to_dict(self) -> Dict[str, float]:
        """RETURNS (dict): ready for JSON, rounded to four places."""
        values = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {name: round(value, 4) for name, value in values.items()}


@dataclass
class Quality:
    """An annotator against gold, or against another annotator.

    passages (int): compared. unmatched (int): of the annotator's, left out, as no passage of the other side has its text.
    repeated (int): of the annotator's, left out, as one before it has the same text.
    unannotated (int): of the other side's, left out, as the annotator has none of the text.
    mentions (int): of the annotator. others (int): of the other side.
    spans (dict): "exact" and "overlap", whatever the types.
    gold_types (dict): "exact" and "overlap", over the mentions whose type means a label of the gold.
    typed (dict): "strict" and "relaxed", with the types mapped to the gold's labels, over the same mentions.
    shared (int): spans that both marked. agreed (int): of these, with a type that means the same.
    kappa (float): Cohen's, over the types of the spans that both marked with one type each; None where it has no meaning.
    types (dict): the other side's label → the annotator's types on the same spans.
    """

    passages: int = 0
    unmatched: int = 0
    repeated: int = 0
    unannotated: int = 0
    mentions: int = 0
    others: int = 0
    spans: Dict[str, Score] = field(default_factory=lambda: {"exact": Score(), "overlap": Score()})
    gold_types: Dict[str, Score] = field(default_factory=lambda: {"exact": Score(), "overlap": Score()})
    typed: Dict[str, Score] = field(default_factory=lambda: {"strict": Score(), "relaxed": Score()})
    shared: int = 0
    agreed: int = 0
    kappa: Optional[float] = None
    types: Dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def type_agreement(self) -> float:
        """Of the spans that both marked, the share whose type means the same."""
        return self.agreed / self.shared if self.shared else 0.0

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        numbers = ("passages", "unmatched", "repeated", "unannotated", "mentions", "others", "shared")
        return {
            **{name: getattr(self, name) for name in numbers},
            **{
                name: {match: score.to_dict() for match, score in getattr(self, name).items()}
                for name in ("spans", "gold_types", "typed")
            },
            "type_agreement": round(self.type_agreement, 4),
            "kappa": None if self.kappa is None else round(self.kappa, 4),
            "types": {label: dict(found.most_common(_TOP)) for label, found in sorted(self.types.items())},
        }


def compare(
    annotated: Iterable[AnnotatedPassage],
    other: Iterable[AnnotatedPassage],
    label_map: Optional[Mapping[str, Optional[str]]] = None,
) -> Quality:
    """Compare an annotator with gold, or with another annotator. Passages belong together by their text.

    annotated (iterable): the annotator's passages, read one at a time.
    other (iterable): gold, or another annotator's; held in memory. Passages of one text have their mentions joined.
    label_map (mapping): the annotator's type → the other's label, None for none; what it doesn't hold goes by the table of
        labels that mean the same.
    RETURNS (Quality): all counts.
    """
    gold: Dict[bytes, Tuple[str, set[Mention]]] = {}
    inventory: Counter[str] = Counter()
    for passage in other:
        gold.setdefault(_digest(passage.text), (passage.text, set()))[1].update(passage.mentions)
        inventory.update(mention.label for mention in passage.mentions)
        inventory.update(dict.fromkeys(passage.labels or (), 0))
    quality = Quality()
    meaning: Dict[str, Optional[str]] = dict(label_map or {})
    labels = [label for label, _ in sorted(inventory.items(), key=lambda item: (-item[1], item[0]))]
    pairs: Counter[Tuple[str, str]] = Counter()
    compared: set[bytes] = set()
    for passage in annotated:
        key = _digest(passage.text)
        if key not in gold or key in compared:
            quality.unmatched += key not in gold
            quality.repeated += key in gold
            continue
        compared.add(key)
        own, others = sorted(set(passage.mentions)), sorted(gold[key][1])
        for mention in own:
            if mention.label not in meaning:
                meaning[mention.label] = _meant(mention.label, labels)
        _count(quality, passage.text, own, others, meaning, pairs)
    quality.unannotated = len(gold) - len(compared)
    quality.kappa = cohen_kappa(pairs)
    return quality


def cohen_kappa(pairs: Mapping[Tuple[str, str], int]) -> Optional[float]:
    """Cohen's kappa.

    pairs (mapping): (one annotator's label, the other's) → how often.
    RETURNS (float): 1 for full agreement, 0 for what chance gives; None for no pair, and where both always say one label.
    """
    total = sum(pairs.values())
    if not total:
        return None
    left: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for (one, other), number in pairs.items():
        left[one] += number
        right[other] += number
    observed = sum(number for (one, other), number in pairs.items() if one == other) / total
    expected = sum(number * right[label] for label, number in left.items()) / total**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def _count(
    quality: Quality,
    text: str,
    own: Sequence[Mention],
    others: Sequence[Mention],
    meaning: Mapping[str, Optional[str]],
    pairs: Counter[Tuple[str, str]],
) -> None:
    quality.passages += 1
    quality.mentions += len(own)
    quality.others += len(others)
    mapped = sorted({mention._replace(label=label) for mention in own if (label := meaning[mention.label]) is not None})
    for scores, mine, ways in (
        (quality.spans, own, {"exact": boundary, "overlap": partial}),
        (quality.gold_types, mapped, {"exact": boundary, "overlap": partial}),
        (quality.typed, mapped, {"strict": strict, "relaxed": relaxed}),
    ):
        ways_: Mapping[str, Match] = ways
        for name, match in ways_.items():
            scores[name].add(match(others, mine, text))
    types: Dict[Tuple[int, int], List[str]] = {}
    for start, end, label in own:
        types.setdefault((start, end), []).append(label)
    labels: Dict[Tuple[int, int], List[str]] = {}
    for start, end, label in others:
        labels.setdefault((start, end), []).append(label)
    for span in sorted(types.keys() & labels.keys()):
        quality.shared += 1
        quality.agreed += any(meaning[one] in labels[span] for one in types[span])
        for label in labels[span]:
            quality.types.setdefault(label, Counter()).update(types[span])
        if len(types[span]) == len(labels[span]) == 1:
            pairs[meaning[types[span][0]] or types[span][0], labels[span][0]] += 1


def _meant(name: str, labels: Sequence[str]) -> Optional[str]:
    """The label that a type means: the same, or else the most frequent one with a common meaning."""
    if name in labels:
        return name
    return next((label for label in labels if same_meaning(name, label)), None)


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
