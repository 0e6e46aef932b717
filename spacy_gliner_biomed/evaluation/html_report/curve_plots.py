"""Curves: scores against truth, F1 by number of examples, words a second and memory by batch size."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from .drawing import COLOURS, Drawing, Styles, figure_settings, percent_axis
from .error_plots import small_multiples
from .score_plots import legend
from .tables import grouped
from .verdict import systems_in_order
from .words import count, percent, plural

Result = Mapping[str, Any]


def calibration_drawing(result: Result) -> Optional[Drawing]:
    """Draw reliability curves: of predictions with such a score, how many are right; bars say how many there are.

    result (Mapping): a checked result.
    RETURNS (Drawing): a panel a corpus; None without calibration.
    """
    groups = grouped(result, "calibration", "corpus")
    if not groups:
        return None
    styles = Styles(systems_in_order(result))
    with figure_settings():
        drawing, panels = small_multiples("calibration", len(groups), 2.7)
        for axes, ((corpus,), entries) in zip(panels, groups.items(), strict=True):
            axes.plot([0, 1], [0, 1], color=COLOURS["muted"], linewidth=0.9, linestyle=(0, (4, 3)))
            for entry in entries:
                _draw_reliability(drawing, axes, entry, styles)
            percent_axis(axes, "y", 25)
            axes.set_ylim(0, 1.02)
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
            axes.set_xlim(0, 1.02)
            axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
            errors = ", ".join(percent(entry.get("ece")) for entry in entries)
            axes.set_title(f"{corpus}\ncalibration error {errors}", fontsize=8.5)
            axes.set_xlabel("score")
        panels[0].set_ylabel("right, %")
        legend(drawing, styles, [entry["system"] for entries in groups.values() for entry in entries])
    return drawing


def few_shot_drawing(result: Result) -> Optional[Drawing]:
    """Draw F1 by examples a label: each seed a dot, their mean a line, their range an error bar; at 0 without training.

    result (Mapping): a checked result.
    RETURNS (Drawing): a panel each corpus and kind; None without few-shot runs.
    """
    groups = grouped(result, "few_shot", "corpus", "kind", only=lambda entry: bool(entry["f1"]))
    if not groups:
        return None
    with figure_settings():
        drawing, panels = small_multiples("few-shot", len(groups), 2.6)
        for axes, ((corpus, kind), entries) in zip(panels, groups.items(), strict=True):
            entries = sorted(entries, key=lambda entry: entry["k"])
            start = next((entry["f1_zero_shot"] for entry in entries if entry.get("f1_zero_shot") is not None), None)
            _draw_few_shot(drawing, axes, entries, start)
            axes.set_title(f"{corpus}\n{kind}", fontsize=8.5)
            axes.set_xlabel("examples a label")
            low, high = axes.get_ylim()
            wider = max(0.0, 10.0 - (high - low)) / 2  # so that a flat line looks flat
            axes.set_ylim(max(low - wider, -2.0), high + wider)
        panels[0].set_ylabel("F1, %")
    return drawing


def throughput_drawing(result: Result) -> Optional[Drawing]:
    """Draw words a second and peak memory by batch size; a cross marks a batch that passed the memory cap.

    result (Mapping): a checked result.
    RETURNS (Drawing): two panels a label set; None without throughput.
    """
    groups = grouped(result, "throughput", "label_set", "labels")
    if not groups:
        return None
    systems = systems_in_order({"throughput": result["throughput"], "systems": result.get("systems")})
    styles = Styles(systems)
    with figure_settings():
        drawing = Drawing("throughput", 9.6, 0.45 + 2.6 * len(groups))
        panels = drawing.figure.subplots(len(groups), 2, squeeze=False)
        for (speed, memory), ((label_set, labels), entries) in zip(panels, groups.items(), strict=True):
            for system in dict.fromkeys(entry["system"] for entry in entries):
                own = sorted((one for one in entries if one["system"] == system), key=lambda one: one["batch_size"])
                _draw_series(drawing, speed, own, "words_per_second", "words a second", styles)
                _draw_series(drawing, memory, own, "peak_rss_mib", "MiB", styles)
            sizes = sorted({entry["batch_size"] for entry in entries})
            for axes, what in ((speed, "words a second"), (memory, "peak memory, MiB")):
                axes.set_xscale("log", base=2)
                axes.set_xticks(sizes, [str(size) for size in sizes])
                axes.set_xticks([], minor=True)
                axes.set_ylim(bottom=0)
                axes.yaxis.set_major_formatter(lambda value, _: count(value))
                axes.grid(axis="y")
                axes.spines["left"].set_visible(False)
                axes.set_xlabel("batch size")
                axes.set_title(f"{labels} labels ({label_set}): {what}", fontsize=8.5)
        legend(drawing, styles, [entry["system"] for entry in result["throughput"]])
    return drawing


def _draw_reliability(drawing: Drawing, axes: Any, entry: Mapping[str, Any], styles: Styles) -> None:
    system, bins = entry["system"], [one for one in entry["bins"] if one["n"] and one.get("share_right") is not None]
    if not bins:
        return
    colour, most = styles.colour(system), max(one["n"] for one in bins)
    middles = [one["mean_score"] if one.get("mean_score") is not None else (one["low"] + one["high"]) / 2 for one in bins]
    axes.plot(middles, [one["share_right"] for one in bins], color=colour, linewidth=1.3)
    for one, middle in zip(bins, middles, strict=True):
        width = one["high"] - one["low"]
        axes.bar(one["low"], 0.16 * one["n"] / most, width=width, align="edge", color=colour, alpha=0.2, linewidth=0)
        (mark,) = axes.plot([middle], [one["share_right"]], color=colour, marker=styles.marker(system), markersize=5)
        told = f"{percent(one['share_right'])} % of {count(one['n'])} predictions right"
        drawing.hint(mark, f"{system}, {entry['corpus']}, scores {one['low']:g} to {one['high']:g}: {told}")


def _draw_few_shot(drawing: Drawing, axes: Any, entries: Sequence[Mapping[str, Any]], start: Optional[float]) -> None:
    colour = COLOURS["series-1"]
    names = [str(entry["k"]) for entry in entries]
    means = [100 * sum(entry["f1"]) / len(entry["f1"]) for entry in entries]
    offset = 0 if start is None else 1
    places = [place + offset for place in range(len(entries))]
    if start is not None:
        names, line = ["0", *names], [100 * start, *means]
        axes.axhline(100 * start, color=COLOURS["muted"], linewidth=0.9, linestyle=(0, (4, 3)))
        (mark,) = axes.plot([0], [100 * start], color=COLOURS["muted"], marker="D", markersize=5, zorder=3)
        drawing.hint(mark, f"without training: {percent(start)}")
    else:
        line = means
    axes.plot(range(len(line)), line, color=colour, linewidth=1.6)
    for place, mean, entry in zip(places, means, entries, strict=True):
        seeds = [100 * value for value in entry["f1"]]
        axes.plot([place, place], [min(seeds), max(seeds)], color=colour, linewidth=1.3)
        axes.plot([place] * len(seeds), seeds, color=colour, marker="_", markersize=7, linestyle="", alpha=0.6)
        (mark,) = axes.plot([place], [mean], color=colour, marker="o", markersize=5.5)
        drawing.hint(mark, f"{plural(entry['k'], 'example')} a label: {mean:.1f} ({min(seeds):.1f}–{max(seeds):.1f})")
        axes.annotate(f"{mean:.1f}", (place, mean), (5, -10), textcoords="offset points", fontsize=7.5)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.4, len(names) - 0.4)
    axes.margins(y=0.2)
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)


def _draw_series(
    drawing: Drawing, axes: Any, entries: Sequence[Mapping[str, Any]], key: str, unit: str, styles: Styles
) -> None:
    known = [entry for entry in entries if entry.get(key) is not None]
    if not known:
        return
    system = known[0]["system"]
    colour = styles.colour(system)
    axes.plot([one["batch_size"] for one in known], [one[key] for one in known], color=colour, linewidth=1.4)
    for one in known:
        marker = "X" if one["over_cap"] else styles.marker(system)
        fill = COLOURS["card"] if one["over_cap"] else colour
        (mark,) = axes.plot([one["batch_size"]], [one[key]], color=colour, marker=marker, markerfacecolor=fill, markersize=6)
        told = ", over the memory cap" if one["over_cap"] else ""
        drawing.hint(mark, f"{system}, batch size {one['batch_size']}: {count(one[key])} {unit}{told}")
