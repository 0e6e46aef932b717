"""F1 against speed: what a user gives up for words a second, and the other way round.

F1 is the strict micro F1 on dev corpora that the model was trained on (in-schema), mean over the corpora, at one threshold; labels
that a system cannot give are missed by it. Speed is words a second by the throughput protocol, all points taking turns in one run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..corpus.formats import Problems, write_jsonl
from ..corpus.passage import AnnotatedPassage
from ..scorer.card import TrainingCard
from .corpora import GoldCorpus
from .curve_points import GLINER, Point
from .document_counts import count_documents
from .html_report.words import percent, plural
from .kinds import IN_SCHEMA, group_labels
from .metrics.figures import ratios
from .predicted import PredictionStore
from .systems import Defaults, open_system
from .throughput import ThroughputSettings, choose_texts, measure_throughput

MEBI = 2**20


class CurveCorpus(NamedTuple):
    """corpus (GoldCorpus): a part of a dev corpus, in a file of its own. labels (tuple): those that F1 counts.
    passages (list): its passages. overlap (str): "nested" or "flat"."""

    corpus: GoldCorpus
    labels: Tuple[str, ...]
    passages: List[AnnotatedPassage]
    overlap: str


def curve_corpora(
    corpora: Sequence[GoldCorpus], card: TrainingCard, words: int, folder: Path
) -> List[CurveCorpus]:
    """The corpora that a model was trained on, some words of each.

    card (TrainingCard): what the model was trained on. words (int): of each, evenly from the whole; 0 for all.
    folder (Path): gets the files.
    RETURNS (list): those with an in-schema label that has a gold mention.
    RAISES (ValueError): where there is none.
    """
    from ..training.sources import take_words

    found = []
    for corpus in corpora:
        labels = group_labels(card, corpus.name, corpus.labels).get(IN_SCHEMA, ())
        passages = list(corpus.passages(Problems(keep=0))) if labels else []
        passages = take_words(passages, words) if words else passages
        if any(mention.label in labels for passage in passages for mention in passage.mentions):
            path = folder / f"{corpus.name}.jsonl"
            write_jsonl(passages, path)
            overlap = "nested" if corpus.is_nested() else "flat"
            found.append(CurveCorpus(GoldCorpus(corpus.name, path, corpus.labels, corpus.policy), labels, passages, overlap))
    if not found:
        names = ", ".join(corpus.name for corpus in corpora)
        raise ValueError(f"The model's card says that it was trained on none of {names}; name a corpus that it was trained on.")
    return found


def measure_f1(
    points: Sequence[Point], corpora: Sequence[CurveCorpus], store: PredictionStore, defaults: Defaults
) -> Dict[str, Dict[str, float]]:
    """Let every point read every corpus; what lies in the store already is not read again.

    RETURNS (dict): point → corpus → strict micro F1, 0 to 1.
    """
    from tqdm import tqdm

    found: Dict[str, Dict[str, float]] = {}
    with tqdm(total=len(points) * len(corpora), desc="F1", unit=" runs", disable=None) as bar:
        for point in points:
            system = open_system(point.system, defaults)
            own = found.setdefault(point.name, {})
            for corpus, labels, passages, overlap in corpora:
                bar.set_postfix_str(f"{point.name}, {corpus.name}")
                known = system.known_labels(labels)
                answers: Any = [()] * len(passages)
                if known:
                    answers = store.predictions(system, corpus, known, overlap, len(passages))
                counts = count_documents(passages, answers, labels).of(labels).sum(axis=0)
                own[corpus.name] = float(ratios(counts)[2])
                bar.update()
    return found


def measure_curve(
    points: Sequence[Point],
    corpora: Sequence[CurveCorpus],
    predictions: Path,
    settings: ThroughputSettings,
    n_labels: int = 10,
    n_texts: int = 48,
    max_words: int = 256,
    device: Optional[str] = None,
) -> Dict[str, Any]:
    """Measure F1 and speed of all points.

    predictions (Path): folder that keeps what the points found. settings (ThroughputSettings): of the timing.
    n_labels (int): labels asked for while timing. n_texts (int): texts timed, from all corpora in turn. max_words (int): longest
        of them, which the shortest window that cuts a text off (`gliner`'s) still holds.
    RETURNS (dict): `points`, each with `name`, `family`, `f1`, `corpora`, `words_per_second`, `ratio` (to `gliner`, where it is
        among them), `bytes`, `batch_size` (the fastest), `peak_rss_mib`, `best` (no other point is both better and faster);
        `machine`, `labels` and `words` of the timing, and the `notes` of the systems.
    RAISES (ValueError): as `measure_throughput`.
    """
    f1 = measure_f1(points, corpora, PredictionStore(predictions), Defaults(threshold=settings.threshold, device=device))
    labels = common_labels(corpora, n_labels)
    texts, _ = choose_texts(_in_turn([corpus.passages for corpus in corpora]), n_texts, max_words)
    timed = measure_throughput({point.name: point.system for point in points}, texts, {"own": labels}, settings)
    speeds = _fastest(timed["throughput"])
    theirs = next((speeds.get(point.name, {}).get("words_per_second") for point in points if point.family == GLINER), None)
    rows: List[Dict[str, Any]] = []
    for point in points:
        entry = speeds.get(point.name, {})
        speed = entry.get("words_per_second")
        rows.append(
            {
                "name": point.name,
                "family": point.family,
                "f1": sum(f1[point.name].values()) / len(corpora),
                "corpora": f1[point.name],
                "words_per_second": speed,
                "ratio": speed / theirs if speed and theirs else None,
                "batch_size": entry.get("batch_size"),
                "peak_rss_mib": entry.get("peak_rss_mib"),
                "bytes": point.bytes,
            }
        )
    for row in rows:
        row["best"] = is_best(row, rows)
    notes = {system["name"]: system["notes"] for system in timed["systems"] if system["notes"]}
    n_words = sum(len(text.split()) for text in texts)
    return {"points": rows, "machine": timed["machine"], "labels": labels, "words": n_words, "notes": notes}


def common_labels(corpora: Sequence[CurveCorpus], count: int) -> List[str]:
    """RETURNS (list): the first label of each corpus, then the second of each, and so on, until there are enough."""
    most = max(len(corpus.labels) for corpus in corpora)
    ranked = [corpus.labels[rank] for rank in range(most) for corpus in corpora if rank < len(corpus.labels)]
    return list(dict.fromkeys(ranked))[:count]


def is_best(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bool:
    """RETURNS (bool): whether no other point is at least as good and as fast, and better in one of the two."""
    speed = row["words_per_second"]
    if speed is None:
        return False
    return not any(
        other["words_per_second"] is not None
        and other["f1"] >= row["f1"]
        and other["words_per_second"] >= speed
        and (other["f1"] > row["f1"] or other["words_per_second"] > speed)
        for other in rows
    )


def curve_markdown(result: Mapping[str, Any]) -> str:
    """RETURNS (str): the points as a table, the fastest last in each family; those that nothing beats in both are bold."""
    n_corpora = plural(len(result["points"][0]["corpora"]), "in-schema dev corpus", "in-schema dev corpora")
    lines = [
        ["point", "kind", f"F1, mean of {n_corpora}", "words a second", "× gliner", "MiB on disk"],
        ["---", "---", "--:", "--:", "--:", "--:"],
    ]
    for row in result["points"]:
        speed, size = row["words_per_second"], row["bytes"]
        name = f"**{row['name']}**" if row["best"] else row["name"]
        told = [
            percent(row["f1"]),
            "–" if speed is None else f"{speed:,.0f}",
            "–" if row["ratio"] is None else f"{row['ratio']:.2f}",
            "–" if size is None else f"{size / MEBI:,.1f}",
        ]
        lines.append([name, row["family"], *told])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\nBold: no other point is both better and faster.\n"


def _fastest(entries: Sequence[Mapping[str, Any]]) -> Dict[str, Mapping[str, Any]]:
    """The best batch size of each system."""
    found: Dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if entry["words_per_second"] is not None:
            best = found.get(entry["system"])
            if best is None or entry["words_per_second"] > best["words_per_second"]:
                found[entry["system"]] = entry
    return found


def _in_turn(passages: Sequence[List[AnnotatedPassage]]) -> Iterator[AnnotatedPassage]:
    for place in range(max(map(len, passages))):
        for own in passages:
            if place < len(own):
                yield own[place]
