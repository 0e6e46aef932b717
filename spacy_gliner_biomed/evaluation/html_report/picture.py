"""One figure that sums a result up, for a README."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import Any, List, Mapping

from ...annotate.output import partial_path
from .curve_plots import few_shot_drawing, throughput_drawing
from .drawing import COLOURS, Drawing, Styles, figure_settings
from .schema import check_result
from .score_plots import (
    HEAD,
    LABEL,
    LINE,
    comparison_groups,
    comparison_reach,
    draw_comparison,
    draw_scores,
    heading,
    legend,
    means_of,
    score_panels,
)
from .tables import matchings_in
from .verdict import systems_in_order, verdict

FORMS = ("svg", "png")


def picture(result: Mapping[str, Any], path: Path) -> None:
    """Draw the verdict, the F1 of each corpus by kind of figure, and the comparisons beside them.

    A result without scores is drawn by its few-shot curves or its throughput.

    result (Mapping): the result, as in its file.
    path (Path): the file, .svg or .png; it appears whole or not at all.
    RAISES (ValueError): for another ending, or a result with nothing to draw.
    RAISES (ImportError): without matplotlib, one sentence that names the extra.
    """
    path = Path(path)
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise ValueError(f"Cannot draw '{path}': name a file that ends in .{' or .'.join(FORMS)}.")
    check_result(result)
    drawing = _summary(result)
    with partial_path(path) as partial:
        drawing.save(partial, form, verdict(result).headline)


def _summary(result: Mapping[str, Any]) -> Drawing:
    matchings = matchings_in(result.get("rows") or ())
    if not matchings:
        drawing = few_shot_drawing(result) or throughput_drawing(result)
        if drawing is None:
            raise ValueError("There is nothing to draw: the result has no rows, no few-shot runs and no throughput.")
        return drawing
    matching = matchings[0]
    panels, pairs, reach = score_panels(result, matching), comparison_groups(result), comparison_reach(result)
    left = [height for _, _, height in panels]
    right = [LINE * len(comparisons) for comparisons in pairs.values()]
    headline = verdict(result).headline.replace(" < ", "\u00a0<\u00a0").replace(" = ", "\u00a0=\u00a0")
    said = wrap(headline, 124)  # a line never ends within "p < 0.001"
    with figure_settings():
        inner = max(sum(heights) + (HEAD + LABEL) * len(heights) for heights in (left, right))
        drawing = Drawing("summary", 10.5, inner + 0.5 + 0.17 * len(said))
        told = "\n".join(said)
        drawing.figure.suptitle(told, x=0.012, ha="left", fontsize=10, fontweight="bold", color=COLOURS["ink"])
        styles = Styles(systems_in_order(result))
        parts = drawing.figure.subfigures(1, 2 if pairs else 1, width_ratios=[1, 0.85] if pairs else None, squeeze=False)[0]
        for axes, (kind, rows, _) in zip(_column(parts[0], left, inner), panels, strict=True):
            draw_scores(drawing, axes, rows, matching, styles, heading(kind), means_of(result, kind, matching))
            axes.set_xlabel(f"{matching} F1, %")
        if pairs:
            for axes, (names, comparisons) in zip(_column(parts[1], right, inner), pairs.items(), strict=True):
                draw_comparison(drawing, axes, names, comparisons, reach, aside=False)
        legend(drawing, styles, [row["system"] for _, rows, _ in panels for row in rows], below=True)
    return drawing


def _column(part: Any, heights: List[float], inner: float) -> Any:
    """Panels one below the other; what they do not fill stays empty, so that lines are equally high on both sides."""
    spare = max(0.001, inner - sum(heights) - (HEAD + LABEL) * len(heights))
    grid = part.add_gridspec(len(heights) + 1, 1, height_ratios=[*heights, spare])
    return [part.add_subplot(grid[place]) for place in range(len(heights))]
