"""The F1–speed curve as a picture: every point with its name, and the line of those that nothing beats in both."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping, Sequence

from ..annotate.output import partial_path
from .curve_points import FAMILIES
from .html_report.drawing import COLOURS, Drawing, Styles, figure_settings
from .html_report.score_plots import legend
from .html_report.words import count, percent

FAR = 6.0  # an axis of speeds further apart than this factor is logarithmic
TICKS = (0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)
# Where a point's name may stand: points (1/72 inch) to the right and up, and which end of it is there
PLACES = ((8, 0, "left"), (-8, 0, "right"), (0, 11, "center"), (0, -11, "center"), (8, 10, "left"), (8, -10, "left"),
          (-8, 10, "right"), (-8, -10, "right"), (0, 22, "center"), (0, -22, "center"))  # fmt: skip


def draw_curve(result: Mapping[str, Any], path: Path) -> None:
    """Draw F1 over speed, relative to `gliner` where it was timed.

    result (Mapping): as `measure_curve` returns it. path (Path): the .svg file; it appears whole or not at all.
    RAISES (ValueError): where no point was timed.
    RAISES (ImportError): without matplotlib, one sentence that names the extra.
    """
    rows = [row for row in result["points"] if row["words_per_second"] is not None]
    if not rows:
        raise ValueError("There is nothing to draw: no point was timed within the memory cap.")
    key = "ratio" if all(row["ratio"] is not None for row in rows) else "words_per_second"
    families = [family for family in FAMILIES if any(row["family"] == family for row in rows)]
    with figure_settings():
        drawing = Drawing("curve", 7.6, 4.8)
        axes = drawing.figure.subplots()
        styles = Styles(families)
        best = sorted((row for row in rows if row["best"]), key=lambda row: row[key])
        line = [[row[key] for row in best], [100 * row["f1"] for row in best]]
        axes.plot(*line, color=COLOURS["muted"], linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        for row in rows:
            (mark,) = axes.plot(
                [row[key]], [100 * row["f1"]], color=styles.colour(row["family"]), marker=styles.marker(row["family"]),
                markersize=7, linestyle="", zorder=3,
            )  # fmt: skip
            drawing.hint(mark, f"{row['name']}: F1 {percent(row['f1'])}, {count(row['words_per_second'])} words a second")
        speeds = [row[key] for row in rows]
        if max(speeds) / min(speeds) > FAR:
            axes.set_xscale("log")
            axes.set_xticks([], minor=True)
            if key == "ratio":
                shown = [tick for tick in TICKS if min(speeds) / 1.2 <= tick <= max(speeds) * 1.2]
                axes.set_xticks(shown, [f"{tick:g}×" for tick in shown])
            else:
                axes.xaxis.set_major_formatter(lambda value, _: count(value))
        axes.margins(0.14)
        axes.grid()
        axes.set_ylabel("strict F1, %, mean over the corpora")
        axes.set_xlabel("words a second, as multiples of gliner's" if key == "ratio" else "words a second")
        legend(drawing, styles, families)
        _name_points(drawing, axes, rows, key)
        with partial_path(path) as partial:
            drawing.save(partial, "svg", "F1 against speed")


def _name_points(drawing: Drawing, axes: Any, rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Write each name where it hides no mark and no other name, as far as there is such a place."""
    from matplotlib.transforms import Bbox

    drawing.figure.draw_without_rendering()  # the layout is known from here on
    pixels = [axes.transData.transform((row[key], 100 * row["f1"])) for row in rows]
    size = 5 * drawing.figure.dpi / 72
    taken: List[Any] = [Bbox.from_bounds(x - size, y - size, 2 * size, 2 * size) for x, y in pixels]
    for number, row in enumerate(rows):
        others = taken[:number] + taken[number + 1 :]
        tried: List[Any] = []
        for right, up, end in PLACES:
            name = axes.annotate(
                row["name"], (row[key], 100 * row["f1"]), (right, up), textcoords="offset points", ha=end, va="center",
                fontsize=7.5,
            )  # fmt: skip
            box = name.get_window_extent()
            outside = not (axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1)
            tried.append((sum(box.overlaps(other) for other in others) + outside, len(tried), name, box))
            name.remove()
            if not tried[-1][0]:
                break
        _, _, name, box = min(tried, key=lambda one: one[:2])
        axes.add_artist(name)
        taken.append(box)
