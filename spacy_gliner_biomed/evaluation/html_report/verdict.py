"""The verdict of a result in plain words, with its uncertainty; never one mean over two kinds of figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from .words import (
    KINDS,
    LEVEL,
    adjusted_p,
    count,
    enumerate_words,
    p_value,
    percent,
    plural,
    points,
    signed_points,
    with_interval,
)

Result = Mapping[str, Any]
# How a sentence goes on after the corpora a figure comes from.
PLACES = {
    "in-schema": "{} it was trained on",
    "unseen corpus": "{} it was not trained on",
    "unseen label": "labels of {} it was never trained on",
    "unknown": "{}",
}


@dataclass(frozen=True)
class Verdict:
    """What a result says.

    headline (str): one sentence about the first system, with its interval and the comparison.
    sentences (tuple): what else there is to say, a sentence each.
    cautions (tuple): what the figures should be read with: texts seen in training, mentions left out, notes.
    """

    headline: str
    sentences: Tuple[str, ...] = ()
    cautions: Tuple[str, ...] = ()


def verdict(result: Result) -> Verdict:
    """Say what a result amounts to.

    result (Mapping): a checked result.
    RETURNS (Verdict): its headline, further sentences and cautions.
    """
    said = [*_score_sentences(result), *_few_shot_sentences(result), *_throughput_sentences(result)]
    headline, *others = said or ["Nothing was measured."]
    return Verdict(headline, tuple(others), tuple(_cautions(result)))


def systems_in_order(result: Result) -> List[str]:
    """RETURNS (List[str]): the names of all systems: as `systems` lists them, then as they first appear."""
    named = [system["name"] for system in result.get("systems") or ()]
    for section in ("rows", "errors", "calibration", "throughput"):
        named += [entry["system"] for entry in result.get(section) or ()]
    named += [comparison[side] for comparison in result.get("comparisons") or () for side in ("a", "b")]
    return list(dict.fromkeys(named))


def has_gold(row: Mapping[str, Any]) -> bool:
    """RETURNS (bool): whether a row with strict scores has a gold mention: without one no system could score there."""
    return row["scores"]["strict"]["micro"].get("support") != 0


def compare_words(comparison: Mapping[str, Any]) -> str:
    """RETURNS (str): "better than the lexicon by 12 points (p < 0.001)", about system `a` of a comparison."""
    difference, p = float(comparison["difference"]["value"]), adjusted_p(comparison)
    if p >= LEVEL:
        return f"not clearly different from {comparison['b']} ({signed_points(difference)} points, {p_value(p)})"
    return f"{'better' if difference > 0 else 'worse'} than {comparison['b']} by {points(difference)} ({p_value(p)})"


def seen_from(comparison: Mapping[str, Any], system: str) -> Dict[str, Any]:
    """Turn a comparison so that a system comes first.

    comparison (Mapping): one of the result's.
    system (str): one of its two systems.
    RETURNS (dict): a comparison whose `a` is the system; difference and interval change sign with it.
    """
    if comparison["a"] == system:
        return dict(comparison)
    figure = comparison["difference"]
    ends = [None if figure.get(end) is None else -figure[end] for end in ("high", "low")]
    turned = {"value": -figure["value"], "low": ends[0], "high": ends[1]}
    swapped = {"a": comparison["b"], "b": comparison["a"], "f1_a": comparison["f1_b"], "f1_b": comparison["f1_a"]}
    return {**comparison, **swapped, "difference": turned}


def _score_sentences(result: Result) -> Iterator[str]:
    rows = [row for row in result.get("rows") or () if row["scores"].get("strict") and has_gold(row)]
    for number, system in enumerate(name for name in systems_in_order(result) if _of(rows, name)):
        own = _of(rows, system)
        figures = "; ".join(_kind_phrase(result, system, kind, own) for kind in KINDS if _kind(own, kind))
        if number > 0:
            yield f"{system}: strict F1 {figures}."
            continue
        against = list(_comparison_phrases(result, system, own))
        if len(own) == 1:
            figure = with_interval(own[0]["scores"]["strict"]["micro"]["f1"])
            place = f"{figure} on {own[0]['corpus']}"
            yield f"{system} finds {_what(own)}: strict F1 {place}{'; '.join(['', *against]).replace('; ', ', ', 1)}."
            yield f"The kind of this figure is '{own[0]['kind']}': {KINDS[own[0]['kind']]}."
        else:
            yield f"{system} finds {_what(own)}: strict F1 {figures}."
            yield from (f"{system} is {phrase}." for phrase in against)


def _what(rows: Sequence[Mapping[str, Any]]) -> str:
    """ "mentions of disease and chemical", or how many labels in how many corpora."""
    labels = list(dict.fromkeys(label for row in rows for label in row.get("labels") or ()))
    corpora = {row["corpus"] for row in rows}
    if not labels:
        return f"entities in {plural(len(corpora), 'corpus', 'corpora')}"
    if len(labels) <= 3:
        return f"mentions of {enumerate_words(labels)}"
    return f"mentions of {plural(len(labels), 'label')} in {plural(len(corpora), 'corpus', 'corpora')}"


def _kind_phrase(result: Result, system: str, kind: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """ "74.5 (73.1–75.9) on NCBI Disease, a corpus it was trained on"; a mean only where one was given."""
    of_kind = _kind(rows, kind)
    if len(of_kind) == 1:
        figure = with_interval(of_kind[0]["scores"]["strict"]["micro"]["f1"])
        corpus = of_kind[0]["corpus"]
        if kind == "unseen label":
            return f"{figure} on {PLACES[kind].format(corpus)}"
        return f"{figure} on {corpus}{PLACES[kind].format(', a corpus' if kind != 'unknown' else '')}"
    place = PLACES[kind].format(plural(len({row["corpus"] for row in of_kind}), "corpus", "corpora"))
    for mean in result.get("means") or ():
        if (mean["system"], mean["kind"], mean["matching"]) == (system, kind, "strict"):
            return f"{percent(mean['f1'])} on average on {place}"
    values = sorted(row["scores"]["strict"]["micro"]["f1"]["value"] for row in of_kind)
    return f"{percent(values[0])} to {percent(values[-1])} on {place}"


def _comparison_phrases(result: Result, system: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    by_other: Dict[str, List[Dict[str, Any]]] = {}
    for comparison in result.get("comparisons") or ():
        if system in (comparison["a"], comparison["b"]) and comparison["matching"] == "strict":
            turned = seen_from(comparison, system)
            by_other.setdefault(turned["b"], []).append(turned)
    for other, comparisons in by_other.items():
        if len(comparisons) == 1:
            yield compare_words(comparisons[0]) + _on_fewer_labels(comparisons[0], rows)
            continue
        clear = [one for one in comparisons if adjusted_p(one) < LEVEL]
        better = sum(one["difference"]["value"] > 0 for one in clear)
        counts = [
            ("better", "than", better),
            ("worse", "than", len(clear) - better),
            ("not clearly different", "from", len(comparisons) - len(clear)),
        ]
        (word, link, n), *others = [one for one in counts if one[2]]
        first = f"{word} {link} {other} on {n} of {plural(len(comparisons), 'corpus', 'corpora')}"
        yield enumerate_words([first, *(f"{word} on {n}" for word, _, n in others)])


def _on_fewer_labels(comparison: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    compared = set(comparison.get("labels") or ())
    asked = {label for row in rows if row["corpus"] == comparison["corpus"] for label in row.get("labels") or ()}
    return f" on {enumerate_words(sorted(compared))}" if compared and compared < asked else ""


def _few_shot_sentences(result: Result) -> Iterator[str]:
    entries = [entry for entry in result.get("few_shot") or () if entry.get("support") != 0]
    for corpus, kind in dict.fromkeys((entry["corpus"], entry["kind"]) for entry in entries):
        cells = [entry for entry in entries if (entry["corpus"], entry["kind"]) == (corpus, kind) and entry["f1"]]
        if not cells:
            continue
        last = max(cells, key=lambda entry: entry["k"])
        start = last.get("f1_zero_shot")
        low, high = min(last["f1"]), max(last["f1"])
        spread = f" ({percent(low)}–{percent(high)} over {len(last['f1'])} seeds)" if len(last["f1"]) > 1 else ""
        before = "" if start is None else f" from {percent(start)}"
        mean = percent(sum(last["f1"]) / len(last["f1"]))
        yield f"With {plural(last['k'], 'example')} a label, F1 on {corpus} ({kind}) goes{before} to {mean}{spread}."


def _throughput_sentences(result: Result) -> Iterator[str]:
    for (label_set, labels), best in peaks(result).items():
        first, *others = best.values()
        told = f"{first['system']} reads {count(first['words_per_second'])} words a second at best"
        ratios = [
            f"{first['words_per_second'] / other['words_per_second']:.1f} times as many as {other['system']}"
            for other in others
            if other["words_per_second"]
        ]
        among = {"umls": "UMLS semantic types", "own": "labels of the data set"}.get(label_set, f"labels ({label_set})")
        yield f"With {labels} {among}, {told}{', ' if ratios else ''}{enumerate_words(ratios)}."


def peaks(result: Result) -> Dict[Tuple[str, int], Dict[str, Mapping[str, Any]]]:
    """Find each system's fastest batch size within the memory cap.

    result (Mapping): a checked result.
    RETURNS (dict): (label set, number of labels) → system → its throughput entry.
    """
    best: Dict[Tuple[str, int], Dict[str, Mapping[str, Any]]] = {}
    for entry in result.get("throughput") or ():
        if entry["over_cap"] or entry.get("words_per_second") is None:
            continue
        group = best.setdefault((entry["label_set"], entry["labels"]), {})
        held = group.get(entry["system"])
        if held is None or entry["words_per_second"] > held["words_per_second"]:
            group[entry["system"]] = entry
    return best


def _cautions(result: Result) -> Iterator[str]:
    for corpus in result.get("corpora") or ():
        seen, pieces = corpus.get("training_overlap"), corpus.get("discontinuous")
        if seen and seen["passages"]:
            told = f"{plural(seen['passages'], 'passage')} ({percent(seen['share'])} %)"
            yield f"{corpus['name']}: {told} share text with the training data, so its figures may flatter."
        if pieces and pieces["count"]:
            mentions = plural(pieces["count"], "discontinuous mention")
            yield f"{corpus['name']}: {mentions}, policy '{pieces['policy']}'."
        if corpus.get("absent_labels"):
            absent = enumerate_words(corpus["absent_labels"])
            yield f"{corpus['name']}: the gold has no mention of {absent}, so any that is predicted counts as wrong."
        if corpus.get("problems"):
            left_out = plural(corpus.get("n_problems") or len(corpus["problems"]), "annotation")
            yield f"{corpus['name']}: {left_out} left out, as not fitting the text or the labels annotated for."
    for system in result.get("systems") or ():
        yield from (f"{system['name']}: {note}" for note in system.get("notes") or ())


def _of(rows: Sequence[Mapping[str, Any]], system: str) -> List[Mapping[str, Any]]:
    return [row for row in rows if row["system"] == system]


def _kind(rows: Sequence[Mapping[str, Any]], kind: str) -> List[Mapping[str, Any]]:
    return [row for row in rows if row["kind"] == kind]
