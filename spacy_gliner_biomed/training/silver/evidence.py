"""What the gold corpora say about each name: kept, or dropped because it is wrong more often than right.

Three levels, each used where the one above has nothing to say: the name itself; names of one kind (label, vocabulary
and shape, such as drug symbols of three letters from DrugBank); the label as a whole. A name without gold of its own
is kept where its kind is right often enough.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Dict, FrozenSet, Iterable, List, Optional, Sequence, Set, Tuple

from .finder import Found
from .gold import GoldJudge, GoldText, Judgement
from .labels import common_words
from .names import EXACT, Candidate, is_symbol, shape

ROUNDS = 3  # a dropped name uncovers the names inside it, which gold has not yet judged
PRIOR = 1.0  # mentions that the level above counts for
LEAST_NAMES = 8  # judged names that a kind needs to speak for those without gold
SHORT = 3  # symbols and words of so many characters need gold of their own, or a definition in the text
LEAST_GOLD = 2  # right mentions that a frequent word or a short symbol needs
LEAST_CORPORA = 2  # in so many corpora: "adult" is a body part to one of them only
HALF = 0.5

Counts = List[float]  # right, near, wrong


@dataclass
class Evidence:
    """Counts from gold.

    names (dict): (key, label) → right, near, wrong.
    kinds (dict): (label, source, shape) → share right (a near mention counts half) over its names, and number of names.
    labels (dict): label → the same.
    unseen_precision (float): what a kind must reach for its names without gold to be kept.
    gold_only (frozenset): labels of which names without gold of their own are dropped all the same.
    spread (dict): (key, label) → the corpora that have it right.
    """

    names: Dict[Tuple[str, str], Counts] = field(default_factory=dict)
    kinds: Dict[Tuple[str, str, str], Tuple[float, int]] = field(default_factory=dict)
    labels: Dict[str, Tuple[float, int]] = field(default_factory=dict)
    unseen_precision: float = 0.6
    gold_only: FrozenSet[str] = frozenset()
    spread: Dict[Tuple[str, str], Set[str]] = field(default_factory=dict)

    def expected(self, key: str, candidate: Candidate) -> Optional[float]:
        """RETURNS (Optional[float]): share right to expect of names like this one; None where no corpus judges it."""
        share, n_names = self.kinds.get((candidate.label, candidate.source, shape(key)), (0.0, 0))
        overall = self.labels.get(candidate.label)
        if overall is None or overall[1] < LEAST_NAMES:
            return None
        return share if n_names >= LEAST_NAMES else overall[0]

    def probability(self, key: str, candidate: Candidate) -> Optional[float]:
        """How likely a mention of a name has this reading.

        key (str): the name.
        candidate (Candidate): the reading.
        RETURNS (Optional[float]): 0 to 1; 0 for a name that is to be dropped, None where no corpus judges its label.
        """
        expected = self.expected(key, candidate)
        right, near, wrong = self.names.get((key, candidate.label), (0.0, 0.0, 0.0))
        n_seen = right + near + wrong
        if expected is None and not n_seen:
            return None
        if _needs_gold(key) and (right < LEAST_GOLD or len(self.spread.get((key, candidate.label), ())) < LEAST_CORPORA):
            return 0.0
        if not n_seen:
            if candidate.label in self.gold_only:
                return 0.0
            return expected if expected is not None and expected >= self.unseen_precision else 0.0
        good, bad = right + near / 2, wrong + near / 2
        share = (good + PRIOR * (HALF if expected is None else expected)) / (n_seen + PRIOR)
        return share if good >= bad and share >= HALF else 0.0

    def best(self, key: str, candidates: Sequence[Candidate]) -> Tuple[Optional[Candidate], Optional[float]]:
        """RETURNS (tuple): the likeliest reading and how likely it is; (None, 0) where all are to be dropped.

        A reading that no corpus judges is taken only where no other is left; its likelihood is None.
        """
        rated = [(candidate, self.probability(key, candidate)) for candidate in candidates]
        judged = [(candidate, likely) for candidate, likely in rated if likely is not None]
        if judged:
            candidate, likely = max(judged, key=lambda pair: pair[1])
            return (candidate, likely) if likely > 0 else (None, 0.0)
        unjudged = [candidate for candidate, likely in rated if likely is None]
        return (unjudged[0], None) if unjudged and is_plain(key) else (None, 0.0)


def is_plain(key: str) -> bool:
    """RETURNS (bool): whether a name that no corpus can judge is safe: no symbol, no frequent word, long enough."""
    return not key.startswith(EXACT) and not _needs_gold(key) and len(key) > 4


def learn(
    passages: Iterable[Tuple[GoldText, List[Found]]],
    table: Dict[str, Tuple[Candidate, ...]],
    unseen_precision: float = 0.6,
    gold_only: Iterable[str] = (),
) -> Evidence:
    """Count how often each name is right.

    passages (iterable): gold passages, each with the names found in it; kept in memory.
    table (dict): key → readings, as `names.name_table` makes it.
    unseen_precision (float): what a kind must reach for its names without gold to be kept.
    gold_only (iterable): labels of which names without gold of their own are dropped all the same.
    RETURNS (Evidence): counted over the longest names only; names that are dropped make way for those inside them.
    """
    kept = list(passages)
    evidence, judge = Evidence(unseen_precision=unseen_precision, gold_only=frozenset(gold_only)), GoldJudge()
    dropped: Set[str] = set()
    for _ in range(ROUNDS):
        counted: Dict[Tuple[str, str], Counts] = defaultdict(lambda: [0.0, 0.0, 0.0])
        for gold, found in kept:
            for name in longest([one for one in found if one.key not in dropped]):
                for candidate in table.get(name.key, ()):
                    _count(counted, evidence.spread, name, candidate, gold, judge)
        # Names dropped in an earlier round keep the counts for which they were dropped
        evidence.names = {**{place: counts for place, counts in evidence.names.items() if place[0] in dropped}, **counted}
        _summarise(evidence, table)
        judged = {key for key, _ in evidence.names}
        dropped |= {key for key in judged if evidence.best(key, table[key])[0] is None}
    return evidence


def longest(found: Iterable[Found]) -> List[Found]:
    """RETURNS (list): of names that share characters only the longest, then the earliest; sorted by start."""
    chosen: List[Found] = []
    taken: Set[int] = set()
    for name in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if taken.isdisjoint(range(name.start, name.end)):
            taken.update(range(name.start, name.end))
            chosen.append(name)
    return sorted(chosen)


def _count(
    counted: Dict[Tuple[str, str], Counts],
    spread: Dict[Tuple[str, str], Set[str]],
    name: Found,
    candidate: Candidate,
    gold: GoldText,
    judge: GoldJudge,
) -> None:
    verdict = judge.judge(name.start, name.end, candidate.label, gold)
    if verdict is None:
        if is_symbol(name.key) and judge.contradicts(name.start, name.end, gold):
            counted[name.key, candidate.label][2] += 1
        return
    if verdict is Judgement.right:
        spread.setdefault((name.key, candidate.label), set()).add(gold.corpus)
    counted[name.key, candidate.label][(Judgement.right, Judgement.near, Judgement.wrong).index(verdict)] += 1


def _summarise(evidence: Evidence, table: Dict[str, Tuple[Candidate, ...]]) -> None:
    """Kinds and labels average over names, not mentions: a name without gold is a new name, not a frequent one."""
    kinds: Dict[Tuple[str, str, str], List[float]] = defaultdict(list)
    labels: Dict[str, List[float]] = defaultdict(list)
    for (key, label), (right, near, wrong) in evidence.names.items():
        share = (right + near / 2) / (right + near + wrong)
        for candidate in table[key]:
            if candidate.label == label and not _needs_gold(key):
                kinds[label, candidate.source, shape(key)].append(share)
                labels[label].append(share)
    evidence.kinds = {kind: (sum(shares) / len(shares), len(shares)) for kind, shares in kinds.items()}
    evidence.labels = {label: (sum(shares) / len(shares), len(shares)) for label, shares in labels.items()}


def _needs_gold(key: str) -> bool:
    bare = key.removeprefix(EXACT)
    return len(bare) <= SHORT or bare.lower() in common_words()
