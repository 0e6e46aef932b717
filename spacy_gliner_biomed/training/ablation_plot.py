"""The table of an ablation as a picture: a line an ingredient, the difference that switching it off makes, its interval."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping

from ..annotate.output import partial_path
from ..evaluation.html_report.drawing import COLOURS, Drawing, figure_settings, whisker
from ..evaluation.html_report.words import percent, plural, signed_points
from .ablation_table import ASKED

LINE, HEAD = 0.2, 0.75  # inches of a line, and of what stands above and below a panel


def draw_ablation(table: Mapping[str, Any], path: Path) -> None:
    """Draw the differences of `ablation_table`: ways of asking below each other, groups side by side.

    path (Path): the .svg file; it appears whole or not at all.
    RAISES (ValueError): where no ingredient has been compared yet.
    RAISES (ImportError): without matplotlib, one sentence that names the extra.
    """
    rows = [row for row in table["rows"] if "difference" in next(iter(row[next(iter(ASKED))].values()))]
    if not rows:
        raise ValueError("There is nothing to draw yet: no training with an ingredient switched off is finished.")
    groups = list(table["groups"])
    with figure_settings():
        drawing = Drawing("ablation", 3.3 + 2.5 * len(groups), len(ASKED) * (HEAD + LINE * len(rows)) + 0.2)
        panels = drawing.figure.subplots(len(ASKED), len(groups), squeeze=False, sharey=True, sharex="col")
        for across, (asked, title) in zip(panels, ASKED.items(), strict=True):
            for place, (axes, group) in enumerate(zip(across, groups, strict=True)):
                _draw_group(drawing, axes, rows, asked, group)
                axes.set_title(f"{title}\n{group}" if place == 0 else f"\n{group}", fontsize=8.5)
        for axes in panels[-1]:
            axes.set_xlabel("F1, points; left of 0: it is needed")
        with partial_path(path) as partial:
            drawing.save(partial, "svg", "What switching off each ingredient of the training changes")


def _draw_group(drawing: Drawing, axes: Any, rows: List[Mapping[str, Any]], asked: str, group: str) -> None:
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    for place, row in enumerate(rows):
        cell = row[asked][group]
        low, value, high = whisker(cell["difference"])
        clear = low > 0 or high < 0
        colour = COLOURS["muted" if not clear else "good" if value > 0 else "bad"]
        axes.plot([low, high], [place, place], color=colour, linewidth=1.6, solid_capstyle="butt")
        fill = colour if clear else COLOURS["card"]
        (mark,) = axes.plot([value], [place], marker="o" if clear else "D", color=colour, markerfacecolor=fill, markersize=5.5)
        said = f"without {row['title']}: {percent(cell['f1'])}, {signed_points(cell['difference']['value'])} points"
        drawing.hint(mark, f"{said} ({plural(len(row['seeds']), 'seed')})")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row["title"] for row in rows])
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
