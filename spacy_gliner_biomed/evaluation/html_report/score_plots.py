"""F1 of each corpus and system, one panel a kind of figure; and the difference of two systems, one line a corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .drawing import COLOURS, Drawing, Styles, figure_settings, percent_axis, whisker
from .tables import grouped, rows_of
from .verdict import systems_in_order
from .words import KINDS, LEVEL, adjusted_p, p_value, percent, shortened, signed_points, with_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Result = Mapping[str, Any]
BAR = 0.165  # inches a bar takes
GAP = 0.5  # bars' widths between two corpora
MARGIN = 0.3  # bars' widths above the first and below the last
HEAD = 0.72  # inches of a panel's heading and axis
LINE = 0.2  # inches a line of the comparison takes
LABEL = 0.2  # inches of the words below an axis


def score_panels(result: Result, matching: str) -> List[Tuple[str, List[Mapping[str, Any]], float]]:
    """RETURNS (list): kind, its rows and the inches its bars need, for each kind that has rows."""
    panels = []
    for kind in KINDS:
        rows = rows_of(result, kind, matching)
        if rows:
            corpora = len({row["corpus"] for row in rows})
            panels.append((kind, rows, BAR * (len(rows) + GAP * (corpora - 1) + 2 * MARGIN)))
    return panels


def score_drawing(result: Result, matching: str) -> Optional[Drawing]:
    """Draw F1 with its interval.

    result (Mapping): a checked result.
    matching (str): the matching whose micro F1 is drawn.
    RETURNS (Drawing): one panel a kind; None without rows.
    """
    panels = score_panels(result, matching)
    if not panels:
        return None
    styles = Styles(systems_in_order(result))
    with figure_settings():
        heights = [height for _, _, height in panels]
        drawing = Drawing(f"scores-{matching}", 9.6, sum(heights) + HEAD * len(heights) + 0.25)
        all_axes = drawing.figure.subplots(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
        for axes, (kind, rows, _) in zip(all_axes, panels, strict=True):
            draw_scores(drawing, axes, rows, matching, styles, heading(kind), means_of(result, kind, matching))
        all_axes[-1].set_xlabel(f"{matching} F1, %")
        legend(drawing, styles, [row["system"] for _, rows, _ in panels for row in rows])
    return drawing


def heading(kind: str) -> str:
    """RETURNS (str): what stands above the figures of a kind."""
    return "training unknown" if kind == "unknown" else kind


def means_of(result: Result, kind: str, matching: str) -> str:
    """RETURNS (str): each system's mean over a kind, where the result gives one over more than one row."""
    means = [
        f"{mean['system']} {percent(mean['f1'])}"
        for mean in result.get("means") or ()
        if (mean["kind"], mean["matching"]) == (kind, matching) and mean["n_rows"] > 1
    ]
    return f"mean: {' · '.join(means)}" if means else ""


def draw_scores(
    drawing: Drawing,
    axes: Axes,
    rows: Sequence[Mapping[str, Any]],
    matching: str,
    styles: Styles,
    title: str,
    aside: str,
) -> None:
    """Draw one panel: a group of bars a corpus, in it a bar a system.

    drawing (Drawing): takes the hints.
    axes (Axes): where to draw.
    rows (Sequence[Mapping]): rows of one kind, those of a corpus together.
    matching (str): the matching.
    styles (Styles): of the systems.
    title, aside (str): above the panel, at its left and right end.
    """
    place, before, ends, labels, middles = 0.0, None, [0.0], [], []
    for row in rows:
        if row["corpus"] != before:
            place += GAP if before is not None else 0.0
            before = row["corpus"]
            labels.append(before)
            middles.append(place + (sum(other["corpus"] == before for other in rows) - 1) / 2)
        figure = row["scores"][matching]["micro"]["f1"]
        low, value, high = whisker(figure)
        colour = styles.colour(row["system"])
        bar = axes.barh(place, value, height=0.82, color=colour, alpha=0.28, linewidth=0)[0]
        drawing.hint(bar, f"{row['system']}, {row['corpus']}: {matching} F1 {with_interval(figure)}")
        axes.plot([low, high], [place, place], color=colour, linewidth=1.3, solid_capstyle="butt")
        axes.plot([value], [place], color=colour, marker=styles.marker(row["system"]), markersize=4.5)
        axes.text(high + 1, place, percent(figure["value"]), va="center", ha="left", fontsize=7.5)
        ends.append(place)
        place += 1.0
    axes.set_ylim(max(ends) + 0.5 + MARGIN, -0.5 - MARGIN)
    axes.set_yticks(middles, labels)
    percent_axis(axes, "x")
    axes.set_xlim(0, 106)
    axes.set_title(title)
    axes.set_title(aside, loc="right", fontsize=8, fontweight="normal", color=COLOURS["muted"])


def comparison_groups(result: Result) -> Dict[Tuple[Any, ...], List[Mapping[str, Any]]]:
    """RETURNS (dict): (a, b, matching) → comparisons."""
    return grouped(result, "comparisons", "a", "b", "matching")


def comparison_reach(result: Result) -> float:
    """RETURNS (float): points that an axis needs on either side of 0 to hold every interval."""
    ends = [abs(end) for one in result.get("comparisons") or () for end in whisker(one["difference"])]
    return 1.08 * max([5.0, *ends])


def comparison_drawing(result: Result) -> Optional[Drawing]:
    """Draw the difference of F1 with its interval, a panel a pair of systems.

    result (Mapping): a checked result.
    RETURNS (Drawing): the figure; None without comparisons.
    """
    groups = comparison_groups(result)
    if not groups:
        return None
    with figure_settings():
        heights = [LINE * len(comparisons) for comparisons in groups.values()]
        drawing = Drawing("comparisons", 9.6, sum(heights) + (HEAD + LABEL) * len(heights))
        all_axes = drawing.figure.subplots(len(groups), 1, height_ratios=heights, squeeze=False)[:, 0]
        for axes, (names, comparisons) in zip(all_axes, groups.items(), strict=True):
            draw_comparison(drawing, axes, names, comparisons, comparison_reach(result))
    return drawing


def draw_comparison(
    drawing: Drawing,
    axes: Axes,
    names: Sequence[str],
    comparisons: Sequence[Mapping[str, Any]],
    reach: float,
    aside: bool = True,
) -> None:
    """Draw one pair of systems: a line a corpus; filled where the difference is clear.

    drawing (Drawing): takes the hints.
    axes (Axes): where to draw.
    names (Sequence[str]): first system, second system, matching.
    comparisons (Sequence[Mapping]): theirs.
    reach (float): points from the middle to either end of the axis.
    aside (bool): whether both F1 and p stand at the right.
    """
    first, second, matching = names
    axes.axvline(0, color=COLOURS["muted"], linewidth=1)
    for place, one in enumerate(comparisons):
        low, value, high = whisker(one["difference"])
        clear = adjusted_p(one) < LEVEL
        colour = COLOURS["muted" if not clear else "good" if value > 0 else "bad"]
        axes.plot([low, high], [place, place], color=colour, linewidth=1.8, solid_capstyle="butt")
        fill = colour if clear else COLOURS["card"]
        (mark,) = axes.plot([value], [place], marker="o" if clear else "D", color=colour, markerfacecolor=fill, markersize=6)
        told = f"{percent(one['f1_a'])} against {percent(one['f1_b'])}, {p_value(adjusted_p(one))}"
        drawing.hint(mark, f"{one['corpus']}: {signed_points(one['difference']['value'])} points ({told})")
        if aside:
            axes.text(1.01, place, told, transform=axes.get_yaxis_transform(), va="center", fontsize=7.5)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(comparisons) - 0.5, -0.5)
    axes.set_yticks(range(len(comparisons)), [one["corpus"] for one in comparisons])
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_title(f"{shortened(first)} − {shortened(second)}")
    axes.set_xlabel(f"{matching} F1, points; right of 0: {shortened(first)} is better")


def legend(drawing: Drawing, styles: Styles, systems: Sequence[str], below: bool = False) -> None:
    """Name the systems at the head of a figure, or below it, where there is more than one."""
    names = list(dict.fromkeys(systems))
    if len(names) > 1:
        place: Any = "outside lower left" if below else "outside upper left"
        drawing.figure.legend(handles=styles.handles(names), loc=place, ncols=min(len(names), 5), handletextpad=0.1)
