"""Tables of a result, made once and written twice: as Markdown and into the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .verdict import peaks, systems_in_order
from .words import (
    KINDS,
    LEVEL,
    MATCHINGS,
    MISSING,
    adjusted_p,
    count,
    enumerate_words,
    interval,
    p_value,
    percent,
    signed_points,
)

Result = Mapping[str, Any]


class Cell(NamedTuple):
    """One cell.

    text (str): what it says.
    order (float or str): what to sort by; None sorts by the text.
    low, value, high (float): ends and middle of an interval of shares (0..1) to draw behind the text; None draws none.
    aside (str): said in smaller letters after the text.
    """

    text: str
    order: Union[float, str, None] = None
    low: Optional[float] = None
    value: Optional[float] = None
    high: Optional[float] = None
    aside: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    title (str): its heading; what it is about.
    columns (tuple): (name, whether it holds numbers) of each column.
    rows (tuple): the cells of each row.
    note (str): one sentence below the heading.
    """

    title: str
    columns: Tuple[Tuple[str, bool], ...]
    rows: Tuple[Tuple[Cell, ...], ...]
    note: str = ""


def kinds_in(entries: Sequence[Mapping[str, Any]]) -> List[str]:
    """RETURNS (List[str]): the kinds that occur, in reading order."""
    return [kind for kind in KINDS if any(entry["kind"] == kind for entry in entries)]


def matchings_in(rows: Sequence[Mapping[str, Any]]) -> List[str]:
    """RETURNS (List[str]): the matchings that any row was scored with, in reading order."""
    return [matching for matching in MATCHINGS if any(row["scores"].get(matching) for row in rows)]


def rows_of(result: Result, kind: str, matching: str) -> List[Mapping[str, Any]]:
    """RETURNS (List[Mapping]): the rows of one kind with a score in one matching: by corpus, then by system."""
    systems, corpora = systems_in_order(result), corpora_in_order(result)
    chosen = [row for row in result.get("rows") or () if row["kind"] == kind and row["scores"].get(matching)]
    return sorted(chosen, key=lambda row: (corpora.index(row["corpus"]), systems.index(row["system"])))


def corpora_in_order(result: Result) -> List[str]:
    """RETURNS (List[str]): names of all corpora: as `corpora` lists them, then as they first appear."""
    named = [corpus["name"] for corpus in result.get("corpora") or ()]
    for section in ("rows", "comparisons", "errors", "calibration", "few_shot"):
        named += [entry["corpus"] for entry in result.get(section) or ()]
    return list(dict.fromkeys(named))


def score_tables(result: Result, matching: str) -> Iterator[Table]:
    """YIELDS (Table): one a kind: precision, recall, F1 with interval, macro F1, size and speed of each row."""
    columns = _columns("corpus system", "precision|recall|F1|macro F1|gold|words/s")
    for kind in KINDS:
        rows = [_score_row(row, matching) for row in rows_of(result, kind, matching)]
        if rows:
            yield Table(kind, columns, tuple(rows), _means(result, kind, matching))


def label_tables(result: Result, matching: str) -> Iterator[Table]:
    """YIELDS (Table): one a kind: the figures of each label."""
    columns = _columns("corpus label system", "precision|recall|F1|gold")
    for kind in KINDS:
        rows = [
            (Cell(row["corpus"]), Cell(label), Cell(row["system"]), *_prf_cells(figures), _gold(figures))
            for row in rows_of(result, kind, matching)
            for label, figures in (row["scores"][matching].get("per_label") or {}).items()
        ]
        if rows:
            ordered = sorted(rows, key=lambda cells: (cells[0].text, cells[1].text))
            yield Table(kind, columns, tuple(ordered))


def matching_tables(result: Result) -> Iterator[Table]:
    """YIELDS (Table): one a kind: micro F1 of each row in every matching."""
    matchings = matchings_in(result.get("rows") or ())
    columns = _columns("corpus system", "|".join(matchings))
    for kind in KINDS:
        rows = [
            (
                Cell(row["corpus"]),
                Cell(row["system"]),
                *(_f1_cell(row["scores"].get(matching)) for matching in matchings),
            )
            for row in _each_once(rows_of(result, kind, matching) for matching in matchings)
        ]
        if rows:
            yield Table(kind, columns, tuple(rows))


def comparison_tables(result: Result) -> Iterator[Table]:
    """YIELDS (Table): one a pair of systems and matching: both F1, difference with interval, p, on which labels."""
    columns = _columns("corpus", "F1 of first|F1 of second|difference|p") + (("labels", False),)
    for (a, b, matching), comparisons in grouped(result, "comparisons", "a", "b", "matching").items():
        method = enumerate_words(list(dict.fromkeys(one["method"] for one in comparisons if one.get("method"))))
        yield Table(f"{a} − {b}, {matching}", columns, tuple(_comparison_row(one) for one in comparisons), method)


def error_tables(result: Result) -> Iterator[Table]:
    """YIELDS (Table): counts of each error; share of the gold found by label and by name seen in training or not."""
    entries = result.get("errors") or ()
    names = list(dict.fromkeys(name for entry in entries for name in entry["counts"]))
    if entries:
        rows = [
            (*_place(entry), *(Cell(count(entry["counts"].get(name)), entry["counts"].get(name)) for name in names))
            for entry in entries
        ]
        yield Table("Kinds of error", _columns("corpus system", "|".join(names)), tuple(rows))
    for key, what in (("by_label_seen", "label"), ("by_surface_seen", "name")):
        split = [entry for entry in entries if entry.get(key)]
        sides = list(dict.fromkeys(side for entry in split for side in entry[key]))
        if split:
            rows = [(*_place(entry), *(_found_cell(entry[key].get(side)) for side in sides)) for entry in split]
            note = f"Share of gold mentions found, by whether their {what} occurs in the training data."
            yield Table(f"Found, by {what}", _columns("corpus system", "|".join(sides)), tuple(rows), note)


def calibration_tables(result: Result) -> Iterator[Table]:
    """YIELDS (Table): calibration error and best threshold of each corpus and system, and of each label."""
    entries = result.get("calibration") or ()
    columns = "best threshold|F1 there|F1 at default"
    overall = [
        (*_place(entry), Cell(percent(entry.get("ece")), entry.get("ece")), *_threshold_cells(entry.get("threshold"), "best"))
        for entry in entries
    ]
    if overall:
        note = "Calibration error: how far scores lie from the share that is right, in points, averaged over predictions."
        yield Table("Thresholds", _columns("corpus system", f"calibration error|{columns}"), tuple(overall), note)
    labels = [
        (*_place(entry), Cell(label), *_threshold_cells(best, "threshold"))
        for entry in entries
        for label, best in (entry.get("labels") or {}).items()
    ]
    if labels:
        yield Table("Thresholds by label", _columns("corpus system label", columns), tuple(labels))


def few_shot_tables(result: Result) -> Iterator[Table]:
    """YIELDS (Table): one a kind: mean and range of F1 over seeds for each number of examples."""
    columns = _columns("corpus", "examples a label|F1|lowest|highest|seeds|seconds a seed")
    for kind in kinds_in(result.get("few_shot") or ()):
        rows: List[Tuple[Cell, ...]] = []
        for (corpus, its_kind), entries in grouped(result, "few_shot", "corpus", "kind").items():
            if its_kind != kind:
                continue
            start = next((one["f1_zero_shot"] for one in entries if one.get("f1_zero_shot") is not None), None)
            if start is not None:
                rows.append((Cell(corpus), Cell("0", 0), _share(start), *[Cell(MISSING)] * 4))
            rows += [_few_shot_row(entry) for entry in sorted(entries, key=lambda one: one["k"]) if entry["f1"]]
        yield Table(kind, columns, tuple(rows))


def throughput_tables(result: Result) -> Iterator[Table]:
    """YIELDS (Table): one a label set: the fastest batch size of each system within the memory cap."""
    columns = _columns("system", "words/s|batch size|peak memory, MiB|× the last system")
    for (label_set, labels), best in peaks(result).items():
        last = list(best.values())[-1]["words_per_second"]
        rows = [
            (
                Cell(system),
                Cell(count(entry["words_per_second"]), entry["words_per_second"]),
                Cell(count(entry["batch_size"]), entry["batch_size"]),
                Cell(count(entry.get("peak_rss_mib")), entry.get("peak_rss_mib")),
                Cell(f"{entry['words_per_second'] / last:.2f}" if last else MISSING),
            )
            for system, entry in best.items()
        ]
        yield Table(f"{labels} labels ({label_set})", columns, tuple(rows))


def corpus_tables(result: Result) -> Iterator[Table]:
    """YIELDS (Table): what was evaluated on."""
    columns = _columns("corpus part", "passages|documents|words|mentions|labels") + (
        ("spans", False),
        ("discontinuous", False),
        ("texts in training", True),
    )
    rows = []
    for corpus in result.get("corpora") or ():
        sizes = [corpus.get(name) for name in ("passages", "documents", "words", "mentions")]
        labels, seen, pieces = corpus.get("labels"), corpus.get("training_overlap"), corpus.get("discontinuous")
        spans = f"{'nested' if corpus.get('nested') else 'flat'} gold, {corpus.get('overlap') or 'unknown'} predictions"
        rows.append(
            (
                Cell(corpus["name"]),
                Cell(corpus.get("part") or MISSING),
                *(Cell(count(size), size) for size in sizes),
                Cell(MISSING if labels is None else str(len(labels)), None if labels is None else len(labels)),
                Cell(spans),
                Cell(f"{pieces['count']} ({pieces['policy']})" if pieces else MISSING),
                Cell(f"{percent(seen['share'])} %" if seen else "not measured", seen["share"] if seen else -1),
            )
        )
    if rows:
        yield Table("Corpora", columns, tuple(rows))


def grouped(
    result: Result, section: str, *keys: str, only: Callable[[Mapping[str, Any]], bool] = lambda entry: True
) -> Dict[Tuple[Any, ...], List[Mapping[str, Any]]]:
    """Put a section's entries into groups.

    result (Mapping): a checked result.
    section (str): the section's name.
    keys (str): entries with the same values under these keys form a group.
    only (Callable): which entries to take.
    RETURNS (dict): the keys' values → the entries, both in order of first appearance.
    """
    groups: Dict[Tuple[Any, ...], List[Mapping[str, Any]]] = {}
    for entry in result.get(section) or ():
        if only(entry):
            groups.setdefault(tuple(entry[key] for key in keys), []).append(entry)
    return groups


def _columns(words: str, numbers: str) -> Tuple[Tuple[str, bool], ...]:
    return tuple((name, False) for name in words.split()) + tuple((name, True) for name in numbers.split("|"))


def _score_row(row: Mapping[str, Any], matching: str) -> Tuple[Cell, ...]:
    score, speed = row["scores"][matching], row.get("words_per_second")
    macro = score.get("macro")
    return (
        Cell(row["corpus"]),
        Cell(row["system"]),
        *_prf_cells(score["micro"]),
        _share(macro["f1"]["value"]) if macro else Cell(MISSING),
        _gold(score["micro"]),
        Cell(count(speed), speed),
    )


def _prf_cells(figures: Mapping[str, Any]) -> Tuple[Cell, Cell, Cell]:
    return _share(figures["precision"]["value"]), _share(figures["recall"]["value"]), _figure(figures["f1"])


def _figure(figure: Mapping[str, Any]) -> Cell:
    value = figure["value"]
    return Cell(percent(value), value, figure.get("low"), value, figure.get("high"), interval(figure))


def _f1_cell(score: Optional[Mapping[str, Any]]) -> Cell:
    return _figure(score["micro"]["f1"]) if score else Cell(MISSING)


def _share(value: float) -> Cell:
    return Cell(percent(value), value)


def _gold(figures: Mapping[str, Any]) -> Cell:
    return Cell(count(figures.get("support")), figures.get("support"))


def _found_cell(found: Optional[Mapping[str, Any]]) -> Cell:
    if not found or not found["gold"]:
        return Cell(MISSING, -1)
    share = found["found"] / found["gold"]
    return Cell(percent(share), share, aside=f"% of {count(found['gold'])}")


def _place(entry: Mapping[str, Any]) -> Tuple[Cell, Cell]:
    return Cell(entry["corpus"]), Cell(entry["system"])


def _comparison_row(one: Mapping[str, Any]) -> Tuple[Cell, ...]:
    figure, p = one["difference"], adjusted_p(one)
    ends = [figure.get("low"), figure.get("high")]
    aside = "" if None in ends else f"({signed_points(ends[0])} to {signed_points(ends[1])})"
    verdict = "" if p < LEVEL else "not clear"
    return (
        Cell(one["corpus"]),
        _share(one["f1_a"]),
        _share(one["f1_b"]),
        Cell(signed_points(figure["value"]), figure["value"], aside=aside),
        Cell(p_value(p).removeprefix("p ").removeprefix("= "), p, aside=verdict),
        Cell(enumerate_words(one.get("labels") or [MISSING])),
    )


def _threshold_cells(best: Optional[Mapping[str, Any]], key: str) -> Tuple[Cell, ...]:
    if not best:
        return (Cell(MISSING),) * 3
    return Cell(f"{best[key]:.2f}", best[key]), _share(best["f1"]), _share(best["f1_at_default"])


def _few_shot_row(entry: Mapping[str, Any]) -> Tuple[Cell, ...]:
    f1, seconds = entry["f1"], entry.get("seconds") or []
    mean = sum(f1) / len(f1)
    return (
        Cell(entry["corpus"]),
        Cell(str(entry["k"]), entry["k"]),
        _share(mean),
        _share(min(f1)),
        _share(max(f1)),
        Cell(str(len(f1)), len(f1)),
        Cell(count(sum(seconds) / len(seconds)) if seconds else MISSING),
    )


def _means(result: Result, kind: str, matching: str) -> str:
    means = [
        f"{mean['system']} {percent(mean['f1'])} over {mean['n_rows']}"
        for mean in result.get("means") or ()
        if (mean["kind"], mean["matching"]) == (kind, matching) and mean["n_rows"] > 1
    ]
    return f"Mean F1: {' · '.join(means)} corpora." if means else ""


def _each_once(groups: Any) -> List[Mapping[str, Any]]:
    return list({id(row): row for group in groups for row in group}.values())
