"""One HTML page of a result: verdict, tables, plots, worst passages. A single file that asks no network for anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ...annotate.output import text_file
from .curve_plots import calibration_drawing, few_shot_drawing, throughput_drawing
from .drawing import EXTRA, Drawing, needs_matplotlib
from .error_plots import confusion_drawing, length_drawing, outcome_drawing
from .passages import SIGNS, MarkedPassage, mark
from .schema import check_result
from .score_plots import comparison_drawing, heading, score_drawing
from .tables import (
    Table,
    calibration_tables,
    comparison_tables,
    corpus_tables,
    error_tables,
    few_shot_tables,
    kinds_in,
    label_tables,
    matching_tables,
    matchings_in,
    score_tables,
    throughput_tables,
)
from .verdict import has_gold, verdict
from .words import KINDS, MATCHINGS, interval, percent, plural, with_interval

FOLDER = Path(__file__).parent
TEMPLATE = "page.html.jinja"
EXAMPLES = 8
SMALL = 5.0  # inches: two of these stand side by side


@dataclass(frozen=True)
class Plot:
    """A drawing in the page: its `<svg>` element, what stands below it, whether others may stand beside it."""

    svg: str
    caption: str
    small: bool = False


@dataclass(frozen=True)
class Tab:
    """One of several views of a section: its name, what it shows, plots, tables, and tables that are folded away."""

    name: str
    note: str
    plots: Tuple[Plot, ...] = ()
    tables: Tuple[Table, ...] = ()
    folded: Tuple[Table, ...] = ()


@dataclass(frozen=True)
class Worst:
    """The worst passages of a system on a corpus; `hidden` more are in the result only."""

    system: str
    corpus: str
    passages: Tuple[MarkedPassage, ...]
    hidden: int


def write_html(result: Mapping[str, Any], path: Path, examples: int = EXAMPLES) -> None:
    """Write the page of a result.

    result (Mapping): the result, as in its file.
    path (Path): the page; it appears whole or not at all.
    examples (int): worst passages to show of each corpus and system.
    RAISES (ValueError): where the result is none; the message names the first place that is wrong.
    RAISES (ImportError): without matplotlib or Jinja2, one sentence that names the extra.
    """
    page = render(result, examples)
    with text_file(Path(path)) as stream:
        stream.write(page)


def render(result: Mapping[str, Any], examples: int = EXAMPLES) -> str:
    """RETURNS (str): the page that `write_html` writes; the same bytes for the same result."""
    needs_matplotlib()
    try:
        from jinja2 import Environment, FileSystemLoader
    except ImportError as error:
        raise ImportError(f"Writing a report {EXTRA}") from error
    check_result(result)
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["heading"] = heading
    environment.globals["plural"] = plural
    rows = result.get("rows") or ()
    return environment.get_template(TEMPLATE).render(
        result=result,
        title=result.get("title") or "Evaluation",
        verdict=verdict(result),
        tiles=list(_tiles(result)),
        kinds={kind: KINDS[kind] for kind in kinds_in([*rows, *(result.get("few_shot") or ())])},
        score_tabs=list(_score_tabs(result)),
        has_intervals=_has_intervals(result),
        comparison=_section(comparison_drawing(result), "comparison", comparison_tables(result)),
        errors=_errors(result),
        worst=list(_worst(result, examples)),
        signs=SIGNS,
        calibration=_section(calibration_drawing(result), "calibration", calibration_tables(result)),
        few_shot=_section(few_shot_drawing(result), "few_shot", few_shot_tables(result)),
        throughput=_section(throughput_drawing(result), "throughput", throughput_tables(result)),
        corpora=list(corpus_tables(result)),
    )


#: What each plot shows, for who cannot see it and below it for everybody.
CAPTIONS: Dict[str, Tuple[str, str]] = {
    "comparison": (
        "Difference of F1",
        "Difference of F1 on the same documents and labels, with its 95 % interval. Filled dots: p < 0.05 after the correction "
        "for several comparisons; hollow diamonds: not clear.",
    ),
    "outcomes": ("Outcomes", "What became of gold mentions and predictions, as shares of all outcomes."),
    "lengths": ("Found by length", "Share of gold mentions found by their number of words, with 95 % Wilson intervals."),
    "confusion": ("Confusion of labels", "Gold labels down, predicted labels across; darker is a larger share of the row."),
    "calibration": (
        "Reliability",
        "Of the predictions with such a score, how many are right. On the dashed line scores say how often they are right; "
        "below it they promise too much. Bars: how many predictions there are.",
    ),
    "few_shot": (
        "Few-shot",
        "F1 after training on k examples of each label. Dots: mean over seeds; bars: lowest to highest seed; "
        "diamond and dashed line: without training.",
    ),
    "throughput": (
        "Throughput",
        "Words a second and peak memory by batch size. A hollow cross is a batch size that passed the memory cap.",
    ),
}


def _section(drawing: Optional[Drawing], caption: str, tables: Iterator[Table]) -> Optional[Tab]:
    if drawing is None:
        return None
    return Tab(caption, "", (_plot(drawing, *CAPTIONS[caption]),), tuple(tables))


def _plot(drawing: Drawing, title: str, caption: str) -> Plot:
    return Plot(drawing.svg(title, caption), caption, drawing.figure.get_figwidth() < SMALL)


_WITH = {True: ", with 95 % intervals", False: ""}


def _has_intervals(result: Mapping[str, Any]) -> bool:
    """Whether some score came with an interval: not without resampling, nor for one document."""
    rows = result.get("rows") or ()
    return any(interval(scores["micro"]["f1"]) for row in rows for scores in row["scores"].values() if scores)


def _score_tabs(result: Mapping[str, Any]) -> Iterator[Tab]:
    matchings = matchings_in(result.get("rows") or ())
    for matching in matchings:
        drawing = score_drawing(result, matching)
        caption = f"Micro F1, {matching} matching{_WITH[_has_intervals(result)]}; one panel for each kind of figure."
        plots = () if drawing is None else (_plot(drawing, f"F1, {matching}", caption),)
        tables = tuple(score_tables(result, matching)), tuple(label_tables(result, matching))
        yield Tab(matching, MATCHINGS[matching], plots, *tables)
    if len(matchings) > 1:
        yield Tab("all matchings", "Micro F1 in every matching.", (), tuple(matching_tables(result)))


def _errors(result: Mapping[str, Any]) -> Optional[Tab]:
    drawings = [(outcome_drawing(result), "outcomes"), (length_drawing(result), "lengths")]
    drawings += [(confusion_drawing(entry, f"confusion-{n}"), "confusion") for n, entry in enumerate(result.get("errors") or ())]
    plots = tuple(_plot(drawing, *CAPTIONS[caption]) for drawing, caption in drawings if drawing is not None)
    tables = tuple(error_tables(result))
    return Tab("errors", "", plots, tables) if plots or tables else None


def _worst(result: Mapping[str, Any], most: int) -> Iterator[Worst]:
    for entry in result.get("errors") or ():
        examples: Sequence[Mapping[str, Any]] = entry.get("examples") or ()
        if examples[:most]:
            shown = tuple(mark(example) for example in examples[:most])
            yield Worst(entry["system"], entry["corpus"], shown, len(examples) - len(shown))


def _tiles(result: Mapping[str, Any]) -> Iterator[Dict[str, Any]]:
    """Big numbers at the top: the first system's strict F1 of each kind: a mean that was given, or its only row."""
    rows: List[Mapping[str, Any]] = [row for row in result.get("rows") or () if row["scores"].get("strict") and has_gold(row)]
    for kind in kinds_in(rows):
        of_kind = [row for row in rows if row["kind"] == kind]
        system = of_kind[0]["system"]
        own = [row for row in of_kind if row["system"] == system]
        if len(own) == 1:
            figure = own[0]["scores"]["strict"]["micro"]["f1"]
            yield {
                "kind": kind,
                "system": system,
                "value": percent(figure["value"]),
                "below": f"{with_interval(figure).partition(' ')[2]} on {own[0]['corpus']}".strip(),
                "figure": figure,
            }
            continue
        for mean in result.get("means") or ():
            if (mean["system"], mean["kind"], mean["matching"]) == (system, kind, "strict"):
                ends = [row["scores"]["strict"]["micro"]["f1"]["value"] for row in own]
                below = f"mean of {mean['n_rows']} rows, from {percent(min(ends))} to {percent(max(ends))}"
                figure = {"value": mean["f1"], "low": min(ends), "high": max(ends)}
                yield {"kind": kind, "system": system, "value": percent(mean["f1"]), "below": below, "figure": figure}
