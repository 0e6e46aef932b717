"""What goes wrong: outcomes of each corpus and system, recall by length of the mention, labels taken for others."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .drawing import COLOURS, HATCHES, Drawing, Styles, figure_settings, percent_axis
from .score_plots import legend
from .tables import corpora_in_order, grouped
from .verdict import systems_in_order
from .words import percent

Result = Mapping[str, Any]
OUTCOMES: Dict[str, str] = {
    "correct": "good",
    "wrong boundary": "series-1",
    "wrong label": "series-3",
    "wrong label and boundary": "series-5",
    "missed": "bad",
    "spurious": "series-2",
}
MOST_LABELS = 16
Z = 1.959964  # of a 95 % interval


def outcome_drawing(result: Result) -> Optional[Drawing]:
    """Draw what became of gold mentions and predictions, as shares of all outcomes.

    result (Mapping): a checked result.
    RETURNS (Drawing): a bar each corpus and system; None without errors.
    """
    entries = [entry for entry in result.get("errors") or () if sum(entry["counts"].values())]
    if not entries:
        return None
    corpora = corpora_in_order(result)
    entries.sort(key=lambda entry: corpora.index(entry["corpus"]))
    with figure_settings():
        drawing = Drawing("outcomes", 9.6, 0.95 + 0.26 * len(entries))
        axes = drawing.figure.subplots()
        for place, entry in enumerate(entries):
            total, left = sum(entry["counts"].values()), 0.0
            for number, (outcome, colour) in enumerate(OUTCOMES.items()):
                n = entry["counts"].get(outcome, 0)
                style: Dict[str, Any] = {"facecolor": COLOURS[colour], "edgecolor": COLOURS["card"], "hatch": HATCHES[number]}
                bar = axes.barh(place, 100 * n / total, left=left, height=0.72, alpha=0.85, linewidth=0.6, **style)
                if place == 0:
                    bar.set_label(outcome)
                drawing.hint(bar[0], f"{entry['system']}, {entry['corpus']}: {n:,} {outcome} ({percent(n / total)} %)")
                left += 100 * n / total
        axes.set_yticks(range(len(entries)), [f"{entry['corpus']} · {entry['system']}" for entry in entries])
        axes.set_ylim(len(entries) - 0.5, -0.5)
        percent_axis(axes, "x")
        axes.set_xlabel("% of all outcomes")
        drawing.figure.legend(loc="outside upper left", ncols=6, handlelength=1.4, columnspacing=1.2)
    return drawing


def length_drawing(result: Result) -> Optional[Drawing]:
    """Draw the share of gold mentions found by their length in words, with 95 % Wilson intervals.

    result (Mapping): a checked result.
    RETURNS (Drawing): a panel a corpus; None without such counts.
    """
    groups = grouped(result, "errors", "corpus", only=lambda entry: bool(entry.get("by_length")))
    if not groups:
        return None
    styles = Styles(systems_in_order(result))
    with figure_settings():
        drawing, panels = small_multiples("lengths", len(groups), 1.9)
        for axes, ((corpus,), entries) in zip(panels, groups.items(), strict=True):
            lengths = list(dict.fromkeys(one["words"] for entry in entries for one in entry["by_length"]))
            for number, entry in enumerate(entries):
                aside = 0.16 * (number - (len(entries) - 1) / 2)
                _draw_lengths(drawing, axes, entry, lengths, aside, styles)
            axes.set_xticks(range(len(lengths)), lengths)
            percent_axis(axes, "y", 25)
            axes.set_title(corpus)
            axes.set_xlabel("words in the mention")
        panels[0].set_ylabel("found, %")
        legend(drawing, styles, [entry["system"] for entries in groups.values() for entry in entries])
    return drawing


def confusion_drawing(entry: Mapping[str, Any], name: str = "confusion") -> Optional[Drawing]:
    """Draw which labels are taken for which.

    entry (Mapping): one of the result's `errors`.
    name (str): the drawing's, unique in its page.
    RETURNS (Drawing): gold labels down, predicted labels across, shaded by the share of the row; the labels most often
        in a confusion where there are many. None where no label was taken for another.
    """
    confusion: Mapping[str, Mapping[str, float]] = entry.get("confusion") or {}
    wrong: Dict[str, float] = {}
    for gold, row in confusion.items():
        for predicted, n in row.items():
            if gold != predicted and n:
                wrong[gold] = wrong.get(gold, 0) + n
                wrong[predicted] = wrong.get(predicted, 0) + n
    labels = sorted(sorted(wrong, key=lambda label: (-wrong[label], label))[:MOST_LABELS])
    if not labels:
        return None
    size = len(labels)
    with figure_settings():
        from matplotlib.patches import Rectangle

        drawing = Drawing(name, min(9.6, 2.8 + 0.46 * size), 1.6 + 0.3 * size)
        axes = drawing.figure.subplots()
        for down, gold in enumerate(labels):
            row = confusion.get(gold, {})
            total = sum(row.values()) or 1
            for across, predicted in enumerate(labels):
                n = row.get(predicted, 0)
                if not n:
                    continue
                colour = COLOURS["good" if gold == predicted else "bad"]
                cell = Rectangle((across - 0.5, down - 0.5), 1, 1, facecolor=colour, alpha=0.08 + 0.62 * n / total)
                axes.add_patch(cell)
                drawing.hint(cell, f"{gold}, predicted {predicted}: {n:,} ({percent(n / total)} % of its row)")
                axes.text(across, down, f"{n:,}", ha="center", va="center", fontsize=7.5)
        axes.set_xlim(-0.5, size - 0.5)
        axes.set_ylim(size - 0.5, -0.5)
        axes.set_xticks(range(size), labels, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), labels)
        axes.set_xticks([place + 0.5 for place in range(size)], minor=True)
        axes.set_yticks([place + 0.5 for place in range(size)], minor=True)
        axes.grid(which="minor", linewidth=0.6)
        axes.tick_params(which="minor", size=0)
        axes.set_xlabel("predicted")
        axes.set_ylabel("gold")
        axes.set_title(f"{entry['corpus']} · {entry['system']}")
    return drawing


def wilson(found: float, gold: float) -> Tuple[float, float]:
    """The 95 % score interval of a share (Wilson, Journal of the American Statistical Association 22, 1927).

    found, gold (float): how many of how many.
    RETURNS (Tuple[float, float]): its ends, within 0..1.
    """
    if not gold:
        return 0.0, 1.0
    share = found / gold
    middle = (share + Z * Z / (2 * gold)) / (1 + Z * Z / gold)
    half = Z * math.sqrt(share * (1 - share) / gold + Z * Z / (4 * gold * gold)) / (1 + Z * Z / gold)
    return max(0.0, middle - half), min(1.0, middle + half)


def small_multiples(name: str, number: int, height: float) -> Tuple[Drawing, List[Any]]:
    """Lay out equal panels.

    name (str): the figure's. number (int): of panels, up to three side by side. height (float): of each, in inches.
    RETURNS (Tuple[Drawing, List[Axes]]): the figure and its panels in reading order; none is left empty.
    """
    across = min(3, number)
    lines = math.ceil(number / across)
    drawing = Drawing(name, 9.6, 0.4 + height * lines)
    panels = list(drawing.figure.subplots(lines, across, squeeze=False).ravel())
    for unused in panels[number:]:
        unused.set_axis_off()
    return drawing, panels[:number]


def _draw_lengths(
    drawing: Drawing, axes: Any, entry: Mapping[str, Any], lengths: List[str], aside: float, styles: Styles
) -> None:
    colour, system = styles.colour(entry["system"]), entry["system"]
    for one in entry["by_length"]:
        if not one["gold"]:
            continue
        place, share = lengths.index(one["words"]) + aside, one["found"] / one["gold"]
        low, high = wilson(one["found"], one["gold"])
        axes.plot([place, place], [100 * low, 100 * high], color=colour, linewidth=1.3)
        (mark,) = axes.plot([place], [100 * share], color=colour, marker=styles.marker(system), markersize=5)
        told = f"{one['found']:,} of {one['gold']:,} ({percent(low)}–{percent(high)} %)"
        drawing.hint(mark, f"{system}, {entry['corpus']}, words in the mention: {one['words']}; found {told}")
