"""Whether scores mean what they say, and which threshold serves best.

A system is asked once, at a low threshold, and every span it gives goes into a histogram of 1,000 bins of score: memory
does not grow with the corpus, and each threshold that is a multiple of 0.001 can be judged from it.

This is exact for one threshold for all labels. The component decides about overlaps from the best score down, so that a
lower threshold only adds spans after those a higher one keeps: what it finds at 0.5 is what it finds at 0.05, less the spans of
0.5 and below. With thresholds by label it is an approximation: a span that one label's threshold refuses may have kept out
a span of another label, which the one run never sees.

Only spans that survived the choice among overlapping ones are looked at, so the curve says how far to trust a reported
score; spans below `floor` are not in it.
"""

from __future__ import annotations

import json
from itertools import tee
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from ..annotate.output import text_file
from ..corpus.formats import Problems
from ..corpus.passage import AnnotatedPassage
from .corpora import GoldCorpus
from .significance import f1
from .systems.base import ScoredMention, System
from .systems.fingerprint import fingerprint

FINE_BINS = 1_000
CURVE_BINS = 10
FLOOR = 0.05  # spans below are many, and no sensible threshold lies there
DEFAULT = 0.5
EDGES = np.arange(FINE_BINS + 1) / FINE_BINS
COMPARED_EDGES = EDGES.astype(np.float32)  # as the component compares scores with thresholds


class CurveBin(NamedTuple):
    """Spans whose score lies above `low` and up to `high`.

    n (int): how many. mean_score (float): their mean score. share_right (float): how many of them are gold mentions, span
    and label, 0 to 1. Both are None where there are no spans.
    """

    low: float
    high: float
    n: int
    mean_score: Optional[float]
    share_right: Optional[float]


class BestThreshold(NamedTuple):
    """A threshold and what it earns.

    threshold (float): a score must exceed it. f1 (float): strict micro F1 with it. f1_at_default (float): with 0.5.
    gold (int): gold mentions it was chosen on.
    """

    threshold: float
    f1: float
    f1_at_default: float
    gold: int


class ScoreHistogram:
    """Counts predicted spans by label, score and whether they are right.

    labels (Sequence[str]): the labels asked for; others are left aside on both sides.
    floor (float): the threshold that the system was run with; no lower one can be judged.
    """

    def __init__(self, labels: Sequence[str], floor: float = FLOOR) -> None:
        self.labels, self.floor = tuple(dict.fromkeys(labels)), floor
        self._number = {label: number for number, label in enumerate(self.labels)}
        self._spans = np.zeros((len(self.labels), FINE_BINS, 2), dtype=np.int64)  # wrong, right
        self._scores = np.zeros((len(self.labels), FINE_BINS))
        self._gold = np.zeros(len(self.labels), dtype=np.int64)

    def add(self, passage: AnnotatedPassage, predictions: Iterable[ScoredMention]) -> None:
        """Count a passage.

        Duplicates count once, with their best score; predictions of labels that the passage was not annotated for are left
        out.

        passage (AnnotatedPassage): with its gold mentions.
        predictions (Iterable[ScoredMention]): what the system found, in the same offsets.
        """
        known = self._number.keys() if passage.labels is None else self._number.keys() & set(passage.labels)
        gold = {(mention.start, mention.end, mention.label) for mention in passage.mentions if mention.label in known}
        best: Dict[Tuple[int, int, str], float] = {}
        for mention in predictions:
            if mention.label in known:
                key = (mention.start, mention.end, mention.label)
                best[key] = max(mention.score, best.get(key, 0.0))
        for key in gold:
            self._gold[self._number[key[2]]] += 1
        for key, score in best.items():
            label, number = self._number[key[2]], int(np.searchsorted(COMPARED_EDGES, np.float32(score))) - 1
            if number >= 0:  # a score of 0 exceeds no threshold
                self._spans[label, number, int(key in gold)] += 1
                self._scores[label, number] += score

    def merge(self, other: ScoreHistogram) -> ScoreHistogram:
        """RETURNS (ScoreHistogram): both together; labels of one name are one. Its floor is the higher one."""
        both = ScoreHistogram((*self.labels, *other.labels), max(self.floor, other.floor))
        for part in (self, other):
            rows = [both._number[label] for label in part.labels]
            both._spans[rows] += part._spans
            both._scores[rows] += part._scores
            both._gold[rows] += part._gold
        return both

    def curve(self, n_bins: int = CURVE_BINS) -> List[CurveBin]:
        """RETURNS (List[CurveBin]): bins of equal width from 0 to 1, over all labels; `n_bins` must divide 1,000."""
        wrong, right = self._spans.sum(axis=0).reshape(n_bins, -1, 2).sum(axis=1).T
        scores = self._scores.sum(axis=0).reshape(n_bins, -1).sum(axis=1)
        curve = []
        for number in range(n_bins):
            n = int(wrong[number] + right[number])
            mean, share = (float(scores[number]) / n, int(right[number]) / n) if n else (None, None)
            curve.append(CurveBin(number / n_bins, (number + 1) / n_bins, n, mean, share))
        return curve

    def calibration_error(self, n_bins: int = CURVE_BINS) -> Optional[float]:
        """The expected calibration error (C. Guo et al., On calibration of modern neural networks, ICML 2017, section 2).

        n_bins (int): bins of equal width.
        RETURNS (float): the mean distance of a bin's mean score from its share of right spans, weighted by spans; None
            without any span.
        """
        curve = [part for part in self.curve(n_bins) if part.n]
        n_spans = sum(part.n for part in curve)
        if not n_spans:
            return None
        return sum(part.n * abs((part.mean_score or 0.0) - (part.share_right or 0.0)) for part in curve) / n_spans

    def best(self, labels: Optional[Sequence[str]] = None) -> Optional[BestThreshold]:
        """The threshold with the highest strict micro F1, of those that are multiples of 0.001 from `floor` on.

        Of equally good ones the one nearest to 0.5 is taken.

        labels (Sequence[str]): the labels it is to serve; None for all.
        RETURNS (BestThreshold): None where these labels have no gold mention.
        """
        rows = list(range(len(self.labels))) if labels is None else [self._number[label] for label in labels]
        gold = int(self._gold[rows].sum())
        if not gold:
            return None
        # above[k]: wrong and right spans whose score exceeds EDGES[k]
        above = self._spans[rows].sum(axis=0)[::-1].cumsum(axis=0)[::-1]
        scores = f1(np.stack([above[:, 1], above[:, 0], gold - above[:, 1]], axis=-1))
        allowed = EDGES[:-1] >= self.floor - 1e-9
        ranked = np.where(allowed, scores, -1.0)
        ties = np.flatnonzero(ranked >= ranked.max() - 1e-12)
        chosen = int(ties[np.argmin(np.abs(EDGES[ties] - DEFAULT))])
        default = int(DEFAULT * FINE_BINS)
        return BestThreshold(float(EDGES[chosen]), float(scores[chosen]), float(scores[default]), gold)

    def thresholds(self, min_mentions: int = 20) -> Dict[str, Any]:
        """The thresholds to write for a pipe.

        A label with few gold mentions gets no threshold of its own, which would be fitted to their chance; nor does one that
        is never found.

        min_mentions (int): gold mentions a label must have.
        RETURNS (dict): `threshold` for all labels, and `labels`, label → threshold; what `labels.read_thresholds` reads.
        RAISES (ValueError): where there is no gold mention at all.
        """
        common = self.best()
        if common is None:
            raise ValueError("The corpora hold no mention of the labels asked for; there is nothing to calibrate on.")
        by_label = {label: self.best([label]) for label in self.labels}
        own = {label: best.threshold for label, best in by_label.items() if best and _is_earned(best, min_mentions)}
        return {"threshold": common.threshold, "labels": own}

    def to_dict(self, system: str, corpus: str) -> Dict[str, Any]:
        """The section `calibration` of a report.

        system, corpus (str): their names.
        RETURNS (dict): ready for JSON; `threshold` is None, and a label is missing, where there is no gold mention.
        """
        common = self.best()
        by_label = {label: self.best([label]) for label in self.labels}
        return {
            "system": system,
            "corpus": corpus,
            "floor": self.floor,
            "ece": self.calibration_error(),
            "bins": [part._asdict() for part in self.curve()],
            "threshold": common
            and {"best": common.threshold, "f1": common.f1, "f1_at_default": common.f1_at_default},
            "labels": {label: best._asdict() for label, best in by_label.items() if best},
        }


def collect(
    system: System, corpus: GoldCorpus, overlap: str = "", floor: float = FLOOR, problems: Optional[Problems] = None
) -> ScoreHistogram:
    """Run a system over a corpus.

    system (System): opened with the threshold `floor`.
    corpus (GoldCorpus): the corpus; the system is asked for its labels.
    overlap (str): "flat" or "nested"; empty for nested where the corpus itself nests mentions.
    floor (float): the system's threshold.
    problems (Problems): collects mentions that do not fit, which are left out; None raises at the first.
    RETURNS (ScoreHistogram): of all passages, which stream through.
    """
    histogram = ScoreHistogram(corpus.labels, floor)
    gold, asked = tee(tqdm(corpus.passages(problems), desc=corpus.name, unit=" passages", disable=None))
    predictions = system.predict(asked, corpus.labels, overlap or ("nested" if corpus.is_nested() else "flat"))
    for passage, mentions in zip(gold, predictions, strict=True):
        histogram.add(passage, mentions)
    return histogram


def markdown_table(histogram: ScoreHistogram, min_mentions: int = 20) -> str:
    """RETURNS (str): a row a label with its best threshold and F1 in per cent, the last for one threshold for all.

    Thresholds in brackets are those that `ScoreHistogram.thresholds` leaves out.
    """
    lines = [["label", "mentions", "threshold", "F1", "F1 at 0.5"], ["---", "--:", "--:", "--:", "--:"]]
    rows = [(label, histogram.best([label])) for label in histogram.labels]
    for label, best in [*rows, ("all labels", histogram.best())]:
        if best is not None:
            own = label == "all labels" or _is_earned(best, min_mentions)
            threshold = f"{best.threshold:.3f}" if own else f"({best.threshold:.3f})"
            lines.append([label, f"{best.gold:,}", threshold, f"{100 * best.f1:.1f}", f"{100 * best.f1_at_default:.1f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_thresholds(thresholds: Dict[str, Any], path: Path, **details: Any) -> None:
    """Write a thresholds file.

    thresholds (dict): as `ScoreHistogram.thresholds` returns it.
    path (Path): the file, written whole or not at all.
    details: what they were chosen on, stored beside them.
    """
    with text_file(path) as stream:
        json.dump({**thresholds, **details}, stream, indent=2, ensure_ascii=False)
        stream.write("\n")


def chosen_on(path: Path, corpora: Sequence[GoldCorpus]) -> List[str]:
    """Which corpora a file's thresholds were chosen on: figures on these flatter.

    path (Path): a file that `labels.read_thresholds` reads.
    corpora (Sequence[GoldCorpus]): known again by their bytes, wherever they lie.
    RETURNS (List[str]): names; none where the file does not say what it was made on.
    """
    made_on = json.loads(path.read_text(encoding="utf-8-sig")).get("corpora")
    sums = {entry.get("sha256") for entry in made_on if isinstance(entry, dict)} if isinstance(made_on, list) else set()
    return [corpus.name for corpus in corpora if fingerprint(str(corpus.path))["sha256"] in sums]


def _is_earned(best: BestThreshold, min_mentions: int) -> bool:
    return best.gold >= min_mentions and best.f1 > 0.0
