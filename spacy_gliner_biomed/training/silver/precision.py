"""How precise the teacher is, label by label, on gold that its filters have not seen.

Documents are dealt into two halves. What gold says about names is learned on one and measured on the other, both ways
round; a mention counts as strict where gold has the same characters with a right label, as overlap where it shares
characters with one. Only corpora that annotate a label judge it (`labels.tsv`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

from ...annotate.output import text_file
from .evidence import learn
from .finder import Found, NameFinder
from .gold import GoldJudge, GoldText, Judgement
from .names import Candidate
from .teacher import LexiconTeacher, Senses

Passage = Tuple[GoldText, List[Found]]
Z_95 = 1.959964


@dataclass
class LabelPrecision:
    """Counts of one label, from held-out halves.

    judged (Counter): judgement → mentions.
    unseen (Counter): the same, of names that the half learned from does not hold.
    corpora (dict): corpus → judgement → mentions.
    """

    judged: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    corpora: Dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def mentions(self) -> int:
        """RETURNS (int): mentions that a corpus could judge."""
        return sum(self.judged.values())

    @property
    def strict(self) -> float:
        """RETURNS (float): share with gold's characters and a right label, 0 to 1."""
        return strict_share(self.judged)

    @property
    def overlap(self) -> float:
        """RETURNS (float): share that shares characters with a gold mention of a right label, 0 to 1."""
        return overlap_share(self.judged)

    def to_dict(self) -> Dict[str, Any]:
        """RETURNS (dict): ready for JSON."""
        return {
            "mentions": self.mentions,
            "strict": self.strict,
            "overlap": self.overlap,
            "overlap_interval": wilson_interval(self.overlap, self.mentions),
            "unseen_mentions": sum(self.unseen.values()),
            "unseen_strict": strict_share(self.unseen),
            "unseen_overlap": overlap_share(self.unseen),
            "corpora": {
                corpus: {"mentions": sum(c.values()), "strict": strict_share(c), "overlap": overlap_share(c)}
                for corpus, c in sorted(self.corpora.items())
            },
        }


def strict_share(counts: Counter[str]) -> float:
    """RETURNS (float): share of right mentions; 0 for none."""
    return counts[Judgement.right] / max(sum(counts.values()), 1)


def overlap_share(counts: Counter[str]) -> float:
    """RETURNS (float): share of right and near mentions; 0 for none."""
    return (counts[Judgement.right] + counts[Judgement.near]) / max(sum(counts.values()), 1)


def wilson_interval(share: float, n: int) -> Tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927), as if mentions were independent.

    share (float): 0 to 1. n (int): of how many.
    RETURNS (tuple): low and high; (0, 1) for none.
    """
    if not n:
        return 0.0, 1.0
    centre = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    reach = Z_95 / (1 + Z_95**2 / n) * math.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n * n))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def measure(
    passages: List[Passage],
    table: Dict[str, Tuple[Candidate, ...]],
    finder: NameFinder,
    contradicted: Optional[Set[Tuple[str, str]]] = None,
    unseen_precision: float = 0.6,
    gold_only: Iterable[str] = (),
) -> Dict[str, LabelPrecision]:
    """Measure the precision of every label.

    passages (list): gold passages with the names found in them.
    table, finder, contradicted: as for `LexiconTeacher`.
    unseen_precision, gold_only: as for `evidence.learn`.
    RETURNS (dict): label → its counts; labels that no corpus judged are missing.
    """
    judge = GoldJudge()
    results: Dict[str, LabelPrecision] = defaultdict(LabelPrecision)
    for half in (0, 1):
        evidence = learn([one for one in passages if one[0].half != half], table, unseen_precision, gold_only)
        teacher = LexiconTeacher(table, finder, evidence, contradicted=contradicted)
        document = ""
        senses: Senses = {}
        for gold, found in passages:
            if gold.half != half:
                continue
            if gold.document != document:
                document, senses = gold.document, {}
            for mention in teacher.annotate(gold.text, senses, found):
                verdict = judge.judge(mention.start, mention.end, mention.label, gold)
                if verdict is None:
                    continue
                result = results[mention.label]
                result.judged[verdict] += 1
                result.corpora[gold.corpus][verdict] += 1
                if mention.key and (mention.key, mention.label) not in evidence.names:
                    result.unseen[verdict] += 1
    return dict(results)


def weak_on_new_names(results: Dict[str, LabelPrecision], least: float) -> List[str]:
    """RETURNS (list): labels whose names without gold reach less than `least` overlap precision, sorted."""
    return sorted(label for label, result in results.items() if result.unseen and overlap_share(result.unseen) < least)


def kept_labels(
    results: Dict[str, LabelPrecision], all_labels: List[str], least: float = 0.7, keep_unmeasured: bool = False
) -> List[str]:
    """The labels that are precise enough.

    results (dict): of `measure`.
    all_labels (list): the labels of the lexicon.
    least (float): overlap precision that a label must reach.
    keep_unmeasured (bool): whether labels that no corpus judges stay.
    RETURNS (list): sorted.
    """
    return sorted(
        label
        for label in all_labels
        if (results[label].overlap >= least if label in results and results[label].mentions else keep_unmeasured)
    )


def markdown(results: Dict[str, LabelPrecision], kept: List[str], all_labels: List[str], least: float) -> str:
    """RETURNS (str): the table, a line a label, the most precise first, and what it means."""
    lines = [
        "| label | mentions judged | strict | overlap | 95 % | names not seen in the other half | overlap | kept |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for label, result in sorted(results.items(), key=lambda item: (-item[1].overlap, item[0])):
        low, high = wilson_interval(result.overlap, result.mentions)
        n_unseen = sum(result.unseen.values())
        unseen = f"{100 * overlap_share(result.unseen):.1f}" if n_unseen else "–"
        lines.append(
            f"| {label} | {result.mentions:,} | {100 * result.strict:.1f} | {100 * result.overlap:.1f} "
            f"| {100 * low:.1f}–{100 * high:.1f} | {n_unseen:,} | {unseen} | {'yes' if label in kept else 'no'} |"
        )
    for label in sorted(set(all_labels) - set(results)):
        lines.append(f"| {label} | 0 | – | – | – | – | – | {'yes' if label in kept else 'no'} |")
    lines += [
        "",
        f"Per cent, on the half of the documents that the filters were not learned from, both ways round. Kept from "
        f"{100 * least:.0f} % overlap.",
    ]
    return "\n".join(lines) + "\n"


def write_report(text: str, path: Path) -> None:
    """Write a Markdown or JSON text whole."""
    with text_file(path) as stream:
        stream.write(text)
