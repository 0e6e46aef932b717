"""The few-shot protocol: k examples a label → fine-tuning → F1, for several k, seeds and corpora.

Each (corpus, k, seed) is a cell: one JSON file, written when it is done, under a name made of all that decides about it. A
second run makes only the cells that are missing; k = 0 is the model as it comes.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from ..annotate.output import text_file
from ..corpus.passage import AnnotatedPassage
from .corpora import GoldCorpus
from .few_shot_corpora import FewShotCorpus, scored_facts, wanted_labels
from .few_shot_sampling import choose_passages, count_mentions
from .kinds import group_labels

CELL_FORMAT = 2  # a change of how cells are made begins anew

Counts = Dict[str, List[int]]  # label → true positives, false positives, false negatives


@dataclass(frozen=True)
class FewShotSettings:
    """What is tried, and how a model is adapted.

    k (tuple): examples (mentions) a label. seeds (int): draws of examples for each k, from seed 0 on.
    labels (tuple): the labels to learn and to find; all of a corpus where empty.
    limit (int): passages to score, evenly from the whole; 0 for all.
    threshold (float): the score that a span must exceed.
    training (dict): further arguments of `training.finetune.fine_tune`, such as `steps` or `learn_rate`.
    replay_words (int): words of each replayed corpus, where there are any.
    """

    k: Tuple[int, ...] = (1, 5, 10, 50)
    seeds: int = 5
    labels: Tuple[str, ...] = ()
    limit: int = 0
    threshold: float = 0.5
    training: Dict[str, Any] = field(default_factory=dict)
    replay_words: int = 3000

    def __post_init__(self) -> None:
        for k in self.k:
            if k < 1:
                raise ValueError(f"The number of examples a label is {k}; it must be at least 1 (0 is measured anyway).")
        if self.seeds < 1:
            raise ValueError(f"The number of seeds is {self.seeds}; it must be at least 1.")


def run_few_shot(
    model: str,
    corpora: Sequence[FewShotCorpus],
    folder: Path,
    settings: Optional[FewShotSettings] = None,
    *,
    replay: Optional[Path] = None,
    revision: Optional[str] = None,
    device: Optional[str] = None,
    progress: bool = True,
) -> Dict[str, Any]:
    """Measure zero-shot and few-shot F1 (strict, micro) of a model on corpora.

    model (str): `mini`, a model folder, a Hub id, or a pipeline's folder; `revision` of a Hub id.
    corpora (Sequence[FewShotCorpus]): what is learnt from and scored.
    folder (Path): keeps one file a cell; those that are there already are not made again.
    settings (FewShotSettings): what is tried.
    replay (Path): a folder of corpora (`train/` in it) to go on learning from, without the corpus at hand; None for none.
    device (str): "cpu" or "cuda"; None as for the component.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): `systems`, `corpora`, `few_shot` and `few_shot_gains` of a result, as `html_report` reads it. The kind of
        each figure is that of the model before it saw an example.
    RAISES (ValueError): for a corpus without passages, or without a mention to learn from.
    """
    settings = settings or FewShotSettings()
    runner = _Runner(model, folder, settings, replay, revision, device, progress)
    result: Dict[str, Any] = {"systems": [], "corpora": [], "few_shot": []}
    cells = [(0, 0), *((k, seed) for k in settings.k for seed in range(settings.seeds))]
    notes: List[str] = []
    with tqdm(total=len(corpora) * len(cells), desc="few-shot", unit=" runs", disable=None if progress else True) as bar:
        for corpus in corpora:
            labels = wanted_labels(corpus, settings.labels)
            facts = scored_facts(corpus, labels, settings.limit)
            done: Dict[Tuple[int, int], Dict[str, Any]] = {}
            for k, seed in cells:
                bar.set_postfix_str(f"{corpus.name}, k={k}, seed {seed}")
                done[k, seed] = runner.cell(corpus, labels, facts["nested"], k, seed)
                bar.update()
            result["corpora"].append(facts)
            result["few_shot"] += _entries(corpus, group_labels(runner.card, corpus.name, labels), done, settings)
            notes += _scarce(corpus, done, settings)
    details = {"model": model, **runner.model_key, **({"revision": revision} if revision else {})}
    result["systems"] = [{"name": Path(model).name or model, "kind": "gliner_biomed", "details": details, "notes": notes}]
    result["few_shot_gains"] = gains(result["few_shot"])
    return result


def gains(entries: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Mean gain over zero-shot, over corpora; figures of different kinds are never mixed.

    entries (Sequence[dict]): `few_shot` of a result. Those without a gold mention (`support`) are left out: no model could
        score there.
    RETURNS (list): for each kind and k: the mean zero-shot F1, the mean F1, their difference (0 to 1), and the corpora.
    """
    groups: Dict[Tuple[str, int], List[Tuple[float, float]]] = {}
    for entry in entries:
        if entry.get("support") == 0:
            continue
        pair = (entry["f1_zero_shot"], float(np.mean(entry["f1"])))
        groups.setdefault((entry["kind"], entry["k"]), []).append(pair)
    return [
        {
            "kind": kind,
            "k": k,
            "f1_zero_shot": float(np.mean([before for before, _ in pairs])),
            "f1": float(np.mean([after for _, after in pairs])),
            "gain": float(np.mean([after - before for before, after in pairs])),
            "n_corpora": len(pairs),
        }
        for (kind, k), pairs in groups.items()
    ]


class _Runner:
    """Makes cells, or reads those that are there."""

    def __init__(
        self,
        model: str,
        folder: Path,
        settings: FewShotSettings,
        replay: Optional[Path],
        revision: Optional[str],
        device: Optional[str],
        progress: bool,
    ) -> None:
        from ..annotate.pipeline import find_pipe
        from .systems.fingerprint import fingerprint

        self.model, self.folder, self.settings, self.replay = model, folder, settings, replay
        self.revision, self.device, self.progress = revision, device, progress
        self.model_key = fingerprint(model)
        self._fingerprint = fingerprint
        self._content: Dict[Path, Dict[str, str]] = {}
        self.card = find_pipe(self._open(), model).span_scorer.card  # a model that cannot be read is told at once

    def cell(self, corpus: FewShotCorpus, labels: Sequence[str], nested: bool, k: int, seed: int) -> Dict[str, Any]:
        """RETURNS (dict): `counts` by label, `mentions`, `passages` and `words` learnt from, `seconds` of learning."""
        from ..training.finetune import STEPS_RULE

        by_mentions = k > 0 and self.settings.training.get("steps") is None
        decided = {
            "format": CELL_FORMAT,
            "model": [self.model, self.model_key, self.revision],
            "examples": self._key(corpus.examples) if k else None,
            "test": [self._key(corpus.test), self.settings.limit],
            "labels": list(labels),
            "k": k,
            "seed": seed,
            "threshold": self.settings.threshold,
            "overlap": "nested" if nested else "flat",
            "training": self.settings.training if k else None,
            **({"steps_rule": STEPS_RULE} if by_mentions else {}),
            "replay": [self._files(self.replay), self.settings.replay_words] if k and self.replay else None,
        }
        digest = hashlib.sha256(json.dumps(decided, sort_keys=True, default=str).encode("utf-8")).hexdigest()[:12]
        path = self.folder / f"{corpus.name.replace('/', '_')}-k{k}-seed{seed}-{digest}.json"
        kept = _read_cell(path)
        if kept is not None:
            return kept
        nlp = self._open()
        learnt: Dict[str, Any] = {"passages": 0, "words": 0, "mentions": {}, "seconds": 0.0}
        if k:
            learnt = self._learn(nlp, corpus, labels, k, seed)
        cell = {"corpus": corpus.name, **decided, **learnt, "counts": self._score(nlp, corpus, labels, nested)}
        with text_file(path) as stream:
            json.dump(cell, stream, indent=1, ensure_ascii=False, default=str)
            stream.write("\n")
        return cell

    def _learn(self, nlp: Any, corpus: FewShotCorpus, labels: Sequence[str], k: int, seed: int) -> Dict[str, Any]:
        from ..training.finetune import fine_tune
        from ..training.replay import replay_passages

        counts = count_mentions(corpus.learnable(), labels)
        if not counts.any():
            raise ValueError(f"'{corpus.examples.path}' has no mention of {', '.join(labels)} to learn from.")
        chosen = choose_passages(counts, k, seed)
        wanted = set(chosen)
        examples = [
            replace(passage, corpus=corpus.name)  # its labels stay: what it was not annotated for is unknown there
            for number, passage in enumerate(corpus.learnable())
            if number in wanted
        ]
        replayed: List[AnnotatedPassage] = []
        if self.replay is not None:
            replayed = replay_passages(self.replay, [corpus.name], self.settings.replay_words)
        started = time.perf_counter()
        fine_tune(nlp, examples, labels, seed=seed, replay=replayed, progress=self.progress, **self.settings.training)
        return {
            "passages": len(examples),
            "words": sum(len(passage.text.split()) for passage in examples),
            "mentions": dict(zip(labels, counts[chosen].sum(axis=0).tolist(), strict=True)),
            "seconds": time.perf_counter() - started,
        }

    def _score(self, nlp: Any, corpus: FewShotCorpus, labels: Sequence[str], nested: bool) -> Counts:
        from .metrics.matching import MATCHINGS, PassageMatcher
        from .systems.component import ComponentSystem

        own, matcher = set(labels), PassageMatcher(labels)
        strict = list(MATCHINGS).index("strict")
        total = np.zeros((len(labels), 3))
        system = ComponentSystem(self.model, nlp, self.settings.threshold)
        predictions = system.predict(corpus.limited(self.settings.limit), labels, "nested" if nested else "flat")
        for passage, predicted in zip(corpus.limited(self.settings.limit), predictions, strict=True):
            gold = passage.with_mentions(tuple(mention for mention in passage.mentions if mention.label in own))
            total += matcher.counts(gold, predicted)[strict]
        return {label: [int(count) for count in row] for label, row in zip(matcher.labels, total, strict=True)}

    def _open(self) -> Any:
        from ..annotate.pipeline import build_pipeline

        return build_pipeline(self.model, self.revision, settings={} if self.device is None else {"device": self.device})

    def _key(self, corpus: GoldCorpus) -> List[Any]:
        return [self._files(corpus.path), corpus.policy, corpus.format]

    def _files(self, path: Path) -> Dict[str, str]:
        if path not in self._content:
            self._content[path] = self._fingerprint(str(path))
        return self._content[path]


def _entries(
    corpus: FewShotCorpus,
    kinds: Dict[str, Tuple[str, ...]],
    done: Dict[Tuple[int, int], Dict[str, Any]],
    settings: FewShotSettings,
) -> Iterator[Dict[str, Any]]:
    for kind, labels in kinds.items():
        for k in settings.k:
            cells = [done[k, seed] for seed in range(settings.seeds)]
            yield {
                "corpus": corpus.name,
                "k": k,
                "kind": kind,
                "labels": list(labels),
                "support": sum(done[0, 0]["counts"][label][place] for label in labels for place in (0, 2)),
                "f1": [_f1(cell["counts"], labels) for cell in cells],
                "f1_zero_shot": _f1(done[0, 0]["counts"], labels),
                "seconds": [cell["seconds"] for cell in cells],
                "passages": [cell["passages"] for cell in cells],
                "words": [cell["words"] for cell in cells],
                "mentions": [{label: cell["mentions"][label] for label in labels} for cell in cells],
            }


def _scarce(
    corpus: FewShotCorpus, done: Dict[Tuple[int, int], Dict[str, Any]], settings: FewShotSettings
) -> Iterator[str]:
    """What a reader should know: labels that had fewer mentions than were asked for."""
    most = max(settings.k, default=0)
    short = {label: n for label, n in done[most, 0]["mentions"].items() if n < most} if most else {}
    if short:
        listed = ", ".join(f"{label} ({n})" for label, n in short.items())
        yield f"{corpus.name} has fewer than {most} mentions to learn from of: {listed}."


def _read_cell(path: Path) -> Optional[Dict[str, Any]]:
    """RETURNS (dict): a cell of an earlier run; None where there is none, or something else under its name."""
    try:
        cell = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return cell if isinstance(cell, dict) and "counts" in cell else None


def _f1(counts: Counts, labels: Sequence[str]) -> float:
    right, wrong, missed = (sum(counts[label][place] for label in labels) for place in range(3))
    whole = 2 * right + wrong + missed
    return 2 * right / whole if whole else 0.0


def settings_of(settings: FewShotSettings) -> Dict[str, Any]:
    """RETURNS (dict): the settings, ready for JSON."""
    return asdict(settings)
