"""Systems × corpora → one result: scores with intervals, kinds of figures, comparisons, errors.

Each system predicts each corpus once, to disk; the scores are then made from two streams, so that nothing held in memory
grows with a corpus.
"""

from __future__ import annotations

import platform
import shlex
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from tqdm import tqdm

from ..corpus.discontinuous import Tally
from ..corpus.formats import Problems
from .corpora import GoldCorpus
from .kinds import UNKNOWN, UNSEEN_LABEL, group_labels
from .metrics.accumulate import Scoreboard
from .metrics.errors import ErrorAnalysis
from .metrics.matching import MATCHINGS, PassageMatcher
from .predicted import PredictionStore, StoredPredictions, passages_again
from .significance import PairedTest, holm
from .systems import System
from .training_data import TrainingData

FORMAT = 1
COMPARISON = "paired approximate randomisation over documents, 10,000 rounds; Holm's correction over all comparisons"
PACKAGES = ("spacy-gliner-biomed", "spacy", "torch", "tokenizers", "gliner", "scispacy")


@dataclass(frozen=True)
class Settings:
    """How systems are scored.

    overlap (str): "flat" or "nested" asks systems for such mentions; "auto" for nested ones where the corpus nests them.
    n_bootstrap (int): rounds of resampling for the intervals; 0 leaves them out.
    seed (int): of the resamples.
    worst (int): passages with the most errors that are kept for each system and corpus.
    compare (bool): test the difference between each two systems.
    """

    overlap: str = "auto"
    n_bootstrap: int = 1000
    seed: int = 0
    worst: int = 5
    compare: bool = True


@dataclass
class CorpusFacts:
    """What one pass over a corpus tells."""

    passages: int = 0
    words: int = 0
    mentions: int = 0
    documents: int = 0
    labels_met: Set[str] = field(default_factory=set)
    in_pieces: Tally = field(default_factory=Tally)
    problems: Problems = field(default_factory=Problems)


def evaluate(
    systems: Sequence[System],
    corpora: Sequence[GoldCorpus],
    predictions: Path,
    settings: Settings | None = None,
    training: Optional[TrainingData] = None,
) -> Dict[str, Any]:
    """Score systems on corpora, and compare each two systems on the labels both know.

    systems (Sequence[System]): of different names.
    corpora (Sequence[GoldCorpus]): of different names.
    predictions (Path): the folder that keeps predictions; what it holds already is not made again.
    settings (Settings): how.
    training (TrainingData): the texts that models were trained on, to measure what the corpora share with them.
    RETURNS (dict): the result, as `html_report` reads it.
    RAISES (ValueError): for a corpus without a passage, or without a label.
    """
    settings = settings or Settings()
    store = PredictionStore(predictions)
    result: Dict[str, Any] = {"corpora": [], "rows": [], "comparisons": [], "errors": []}
    notes: Dict[str, List[str]] = {system.name: [] for system in systems}
    with tqdm(total=len(corpora) * len(systems), desc="evaluating", unit=" runs", disable=None) as bar:
        for corpus in corpora:
            facts = _facts(corpus)
            nested = corpus.is_nested()
            overlap = settings.overlap if settings.overlap != "auto" else "nested" if nested else "flat"
            result["corpora"].append(_corpus_entry(corpus, facts, nested, overlap, training))
            answers: Dict[str, Tuple[Tuple[str, ...], StoredPredictions]] = {}
            for system in systems:
                labels = system.known_labels(corpus.labels)
                if not labels:
                    notes[system.name].append(f"It knows none of the labels of {corpus.name}, which is left out.")
                    bar.update()
                    continue
                stored = store.predictions(system, corpus, labels, overlap, facts.passages)
                notes[system.name] += stored.notes
                answers[system.name] = (labels, stored)
                _score(result, system, corpus, labels, stored, settings, training)
                bar.update()
            for one, other in combinations(answers, 2) if settings.compare else ():
                _compare(result, corpus, (one, *answers[one]), (other, *answers[other]), settings)
    for comparison, p in zip(result["comparisons"], holm([c["p"] for c in result["comparisons"]]), strict=True):
        comparison["p_adjusted"] = p
    result["systems"] = [
        {"name": s.name, "kind": s.kind, "details": s.details, "notes": list(dict.fromkeys(notes[s.name]))} for s in systems
    ]
    result["means"] = means(result["rows"])
    return result


def means(rows: Iterable[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Mean micro F1 over corpora, never over figures of different kinds.

    rows (iterable): the rows of a result. Those without a gold mention are left out: no system could score there.
    RETURNS (list): one entry a system, kind and matching, with the number of rows it is the mean of.
    """
    groups: Dict[Tuple[str, str, str], List[float]] = {}
    for row in rows:
        for matching, scores in row["scores"].items():
            if not scores["micro"]["support"]:
                continue
            key = (row["system"], row["kind"], matching)
            groups.setdefault(key, []).append(scores["micro"]["f1"]["value"])
    return [
        {"system": system, "kind": kind, "matching": matching, "f1": sum(values) / len(values), "n_rows": len(values)}
        for (system, kind, matching), values in groups.items()
    ]


def envelope(title: str, command: str, settings: Dict[str, Any]) -> Dict[str, Any]:
    """The head that every result begins with: what was run, when, on what.

    title, command (str): for the reader.
    settings (dict): ready for JSON.
    """
    versions: Dict[str, str] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "format": FORMAT,
        "title": title,
        "command": command,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "versions": versions,
        "settings": settings,
    }


def typed_command() -> str:
    """RETURNS (str): the command line as it was typed, with the program's name and no path before it."""
    return shlex.join(["gliner-biomed", *sys.argv[1:]])


def _facts(corpus: GoldCorpus) -> CorpusFacts:
    facts, inventory = CorpusFacts(), frozenset(corpus.labels)
    last: Optional[str] = None
    for passage in corpus.passages(facts.problems, facts.in_pieces):
        facts.passages += 1
        facts.words += len(passage.text.split())
        facts.documents += passage.document != last
        last = passage.document
        for mention in passage.mentions:
            if mention.label in inventory and (passage.labels is None or mention.label in passage.labels):
                facts.mentions += 1
                facts.labels_met.add(mention.label)
                continue
            lacking = "passage's own 'labels'" if mention.label in inventory else "corpus' inventory"
            told = f"the mention {mention.start}–{mention.end} has the label '{mention.label}', which is not in its {lacking}."
            facts.problems.add(passage.where or f"{corpus.path}, passage {passage.id}", told)
    first = f" The first of {len(facts.problems)} problems: {facts.problems.listed[0]}" if facts.problems else ""
    if not facts.passages:
        raise ValueError(f"The corpus {corpus.path} is empty; give a file with at least one passage.{first}")
    if not corpus.labels:
        raise ValueError(f"The corpus {corpus.path} has no label at all; there is nothing to find in it.{first}")
    return facts


def _corpus_entry(
    corpus: GoldCorpus, facts: CorpusFacts, nested: bool, overlap: str, training: Optional[TrainingData]
) -> Dict[str, Any]:
    return {
        "name": corpus.name,
        "part": corpus.path.parent.name,
        "passages": facts.passages,
        "documents": facts.documents,
        "words": facts.words,
        "mentions": facts.mentions,
        "labels": list(corpus.labels),
        "absent_labels": [label for label in corpus.labels if label not in facts.labels_met],
        "nested": nested,
        "overlap": overlap,
        "discontinuous": facts.in_pieces.to_dict(corpus.policy),
        "problems": [str(problem) for problem in facts.problems],
        "n_problems": len(facts.problems),
        "training_overlap": None if training is None else training.overlap(passages_again(corpus)).to_dict(),
    }


def _score(
    result: Dict[str, Any],
    system: System,
    corpus: GoldCorpus,
    labels: Sequence[str],
    stored: StoredPredictions,
    settings: Settings,
    training: Optional[TrainingData],
) -> None:
    """One row for each kind of figure, and one analysis of errors."""
    kinds = group_labels(system.card, corpus.name, labels)
    groups = {
        kind: (set(own), PassageMatcher(own), Scoreboard(own, settings.n_bootstrap, settings.seed))
        for kind, own in kinds.items()
    }
    seen = None if UNKNOWN in kinds else {label for kind, own in kinds.items() if kind != UNSEEN_LABEL for label in own}
    surfaces = None if training is None else training.surfaces
    analysis = ErrorAnalysis(surfaces, seen, settings.worst, labels)
    for passage, predicted in zip(passages_again(corpus), stored, strict=True):
        for own, matcher, board in groups.values():
            board.add(passage.document, matcher.counts(passage, [mention for mention in predicted if mention.label in own]))
        analysis.add(passage, predicted)
    for kind, (_, matcher, board) in groups.items():
        result["rows"].append(
            {
                "system": system.name,
                "corpus": corpus.name,
                "kind": kind,
                "labels": list(matcher.labels),
                "words_per_second": stored.words_per_second,
                "scores": board.to_dict(),
            }
        )
    result["errors"].append({"system": system.name, "corpus": corpus.name, **analysis.to_dict()})


Answer = Tuple[str, Sequence[str], StoredPredictions]


def _compare(result: Dict[str, Any], corpus: GoldCorpus, one: Answer, other: Answer, settings: Settings) -> None:
    """Strict micro F1 of two systems on the labels that both know."""
    known = set(other[1])
    shared = [label for label in one[1] if label in known]
    if not shared:
        return
    own, matcher = set(shared), PassageMatcher(shared)
    place = list(MATCHINGS).index("strict")
    test = PairedTest(n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    for passage, *both in zip(passages_again(corpus), one[2], other[2], strict=True):
        counts = [
            matcher.counts(passage, [mention for mention in predicted if mention.label in own])[place].sum(axis=0)
            for predicted in both
        ]
        test.add(passage.document, *counts)
    result["comparisons"].append(
        {
            "a": one[0],
            "b": other[0],
            "corpus": corpus.name,
            "labels": shared,
            "matching": "strict",
            **test.result().to_dict(),
            "method": COMPARISON,
        }
    )
