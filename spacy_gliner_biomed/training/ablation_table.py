"""From the results of the cells to a table: what each ingredient is worth, with intervals.

A figure is the mean over the corpora of a group of strict micro F1. Which group a corpus' label is in (in-schema, unseen corpus,
unseen label) goes by what the training with everything has seen, for all cells alike. Differences are paired: the same seed, the
same documents. Their intervals come from a bootstrap: each round draws documents (Poisson weights, the same for both trainings
and all seeds; `metrics.resampling`), and the error of a mean over so few seeds from a normal distribution, whose spread all
ingredients tell together: two or three seeds of one would say too little. 95 % are the percentiles 2.5 to 97.5.
"""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..evaluation.document_counts import DocumentCounts
from ..evaluation.html_report.words import percent, plural, signed_points
from ..evaluation.kinds import IN_SCHEMA, UNSEEN_CORPUS, UNSEEN_LABEL, group_labels
from ..evaluation.metrics.figures import INTERVAL
from ..evaluation.metrics.resampling import document_weights
from ..evaluation.significance import f1
from ..scorer.card import TrainingCard
from .ablation import BASELINE, INGREDIENTS, TITLES
from .ablation_texts import NAMES, PARAPHRASES

GROUPS = (IN_SCHEMA, UNSEEN_CORPUS, UNSEEN_LABEL)
ASKED = {NAMES: "Asked by the corpora's own names", PARAPHRASES: "Asked in other words, one paraphrase a label"}
ROUNDS = 2000

Results = Mapping[Tuple[str, int], Mapping[str, Any]]


class Row(NamedTuple):
    """Labels of one group of one corpus."""

    corpus: str
    labels: Tuple[str, ...]


def ablation_table(results: Results, rounds: int = ROUNDS, seed: int = 0) -> Dict[str, Any]:
    """Compare every ingredient's trainings with those that had everything.

    results (dict): ingredient and seed → what a cell's file holds; as many as there are.
    rounds (int): of the bootstrap. seed (int): of the bootstrap.
    RETURNS (dict): `groups` (group → its corpora and their labels) and `rows`, one an ingredient: `ingredient`, `title`, `seeds`
        (those that it shares with the baseline), and by way of asking and group `f1`, `corpora` (F1 of each) and, but for the
        baseline, `difference` (`value`, `low`, `high`, None where documents or rounds are too few) and `by_seed`.
    RAISES (ValueError): where no training with everything is finished, and for results on other documents.
    """
    base = {seed_: result for (name, seed_), result in results.items() if name == BASELINE}
    if not base:
        raise ValueError(
            f"No training with everything on ('{BASELINE}') is finished, which all others are compared with; run the ablation on."
        )
    first = base[min(base)]
    groups = _groups(first)
    weights = {corpus: _weights(corpus, of, rounds, seed) for corpus, of in first["corpora"].items()}
    rows = []
    differences: Dict[Tuple[str, str], List[Tuple[Dict[str, Any], np.ndarray]]] = {}
    for name in [ingredient.name for ingredient in INGREDIENTS]:
        seeds = sorted(seed_ for other, seed_ in results if other == name and seed_ in base)
        if not seeds:
            continue
        entry: Dict[str, Any] = {"ingredient": name, "title": TITLES[name], "seeds": seeds}
        for asked in ASKED:
            entry[asked] = {}
            for group, own in groups.items():
                here = np.stack([_values(results[name, s], own, asked, weights) for s in seeds])
                there = None if name == BASELINE else np.stack([_values(base[s], own, asked, weights) for s in seeds])
                cell = entry[asked][group] = _figures(here, own)
                if there is not None:
                    difference = _differences(here, there)
                    cell["by_seed"] = difference[:, 0].tolist()
                    differences.setdefault((asked, group), []).append((cell, difference))
        rows.append(entry)
    for (_, group), cells in differences.items():
        spread = _spread([difference[:, 0] for _, difference in cells])
        for cell, difference in cells:
            drawn = difference if _n_documents(first, groups[group]) > 1 else difference[:, :1]
            cell["difference"] = _interval_of(drawn, spread, seed)
    told = {group: [row._asdict() for row in own] for group, own in groups.items()}
    return {"groups": told, "rows": rows, "rounds": rounds}


def _groups(result: Mapping[str, Any]) -> Dict[str, List[Row]]:
    """Corpora and labels by group; without those that have no gold mention in the text that was read."""
    card = TrainingCard(**result["card"])
    found: Dict[str, List[Row]] = {}
    for corpus, own in result["corpora"].items():
        counts = DocumentCounts.from_dict(own[NAMES])
        for group, labels in group_labels(card, corpus, counts.labels).items():
            gold = counts.of(labels)[:, [0, 2]].sum()
            if gold:
                found.setdefault(group, []).append(Row(corpus, labels))
    return {group: found[group] for group in GROUPS if group in found}


def _weights(corpus: str, own: Mapping[str, Any], rounds: int, seed: int) -> Tuple[Tuple[str, ...], np.ndarray]:
    """A corpus' documents, and how often each counts: as measured, then in each round. *Shape:* `(1 + rounds, n_documents)`."""
    documents = DocumentCounts.from_dict(own[NAMES]).documents
    drawn = document_weights([f"{corpus}\n{document}" for document in documents], rounds, seed)
    return documents, np.concatenate([np.ones((len(documents), 1)), drawn], axis=1).T


def _values(
    result: Mapping[str, Any], rows: Sequence[Row], asked: str, weights: Mapping[str, Tuple[Tuple[str, ...], np.ndarray]]
) -> np.ndarray:
    """F1 of each corpus, as measured and in each round; NaN in rounds without a gold mention. *Shape:* `(n_rows, 1 + rounds)`."""
    values = []
    for corpus, labels in rows:
        counts = DocumentCounts.from_dict(result["corpora"][corpus][asked])
        documents, drawn = weights[corpus]
        if counts.documents != documents:
            raise ValueError(
                f"Trainings were measured on other documents of {corpus}; choose another folder for each measurement."
            )
        sums = drawn @ counts.of(labels)
        values.append(np.where(sums[:, 0] + sums[:, 2] > 0, f1(sums), np.nan))
    return np.stack(values)


def _figures(here: np.ndarray, rows: Sequence[Row]) -> Dict[str, Any]:
    """here (ndarray): F1 with an ingredient off, or with everything. *Shape:* `(n_seeds, n_rows, 1 + rounds)`."""
    by_corpus = here[:, :, 0].mean(axis=0)
    return {
        "f1": float(by_corpus.mean()),
        "corpora": {row.corpus: float(value) for row, value in zip(rows, by_corpus, strict=True)},
    }


def _differences(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): of the means over corpora, as measured and in each round; NaN in rounds where not one corpus has a gold
    mention. *Shape:* `(n_seeds, 1 + rounds)`."""
    known = ~np.isnan(here).all(axis=1)
    difference = np.full((here.shape[0], here.shape[2]), np.nan)
    difference[known] = np.nanmean(_last(here, known), axis=1) - np.nanmean(_last(there, known), axis=1)
    return difference


def _spread(by_seed: Sequence[np.ndarray]) -> float:
    """RETURNS (float): the standard deviation between seeds, pooled over ingredients; 0 where none has two."""
    freedom = sum(len(values) - 1 for values in by_seed)
    return math.sqrt(sum(((values - values.mean()) ** 2).sum() for values in by_seed) / freedom) if freedom else 0.0


def _interval_of(difference: np.ndarray, spread: float, seed: int) -> Dict[str, Optional[float]]:
    """difference (ndarray): as `_differences` gives it. spread (float): between seeds."""
    n_seeds, rounds = difference.shape[0], difference.shape[1] - 1
    low = high = None
    if rounds:
        error = spread / math.sqrt(n_seeds) * np.random.default_rng(seed).standard_normal(rounds)
        means = difference[:, 1:].mean(axis=0) + error
        low, high = (float(end) for end in np.percentile(means[~np.isnan(means)], INTERVAL))
    return {"value": float(difference[:, 0].mean()), "low": low, "high": high}


def _last(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The corpora of each seed and round that is known. *Shape:* `(n_known, n_rows)`."""
    return values.transpose(0, 2, 1)[known]


def _n_documents(result: Mapping[str, Any], rows: Sequence[Row]) -> int:
    return sum(len(result["corpora"][row.corpus][NAMES]["documents"]) for row in rows)


def ablation_markdown(table: Mapping[str, Any], note: str = "") -> str:
    """RETURNS (str): two tables in per cent, by names and by paraphrases. note (str): a sentence above them."""
    groups = list(table["groups"])
    sizes = {group: plural(len(rows), "corpus", "corpora") for group, rows in table["groups"].items()}
    parts = [note] if note else []
    for asked, title in ASKED.items():
        lines = [["switched off", "seeds", *(cell for group in groups for cell in (f"{group} ({sizes[group]})", "difference"))]]
        lines.append(["---", *["--:"] * (1 + 2 * len(groups))])
        for row in table["rows"]:
            cells = [row[asked][group] for group in groups]
            told = [text for cell in cells for text in (percent(cell["f1"]), _interval(cell.get("difference")))]
            lines.append([row["title"], str(len(row["seeds"])), *told])
        parts.append(f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    parts.append(
        "Strict micro F1 in per cent, mean over the corpora of a group; differences from the training with everything on, in "
        f"points, with 95 % intervals from {table['rounds']:,} rounds that draw documents, the same in both trainings, and the "
        "error of a mean over so few seeds, by the spread between seeds that all ingredients show together."
    )
    return "\n\n".join(parts) + "\n"


def _interval(difference: Optional[Mapping[str, Any]]) -> str:
    if difference is None:
        return ""
    said = signed_points(difference["value"])
    if difference["low"] is None:
        return said
    return f"{said} ({signed_points(difference['low'])} to {signed_points(difference['high'])})"
