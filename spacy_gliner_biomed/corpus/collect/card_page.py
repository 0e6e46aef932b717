"""A card as one self-contained HTML page: tables, small histograms with the cut drawn in, samples."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, Dict, Mapping

from .card import at_the_start
from .card_text import COLLECTION_HEADS, collection_table, failing, reason_table, settings_of, step_table
from .quality import BINS

FOLDER = Path(__file__).parent
TEMPLATE = "card.html.jinja"
WIDTH, HEIGHT = 200, 64  # of a histogram, in user units: four a bin


def page(card: Mapping[str, Any]) -> str:
    """RETURNS (str): the card as HTML that asks no network for anything; all texts are escaped."""
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    histograms: Dict[str, Dict[str, Any]] = {}
    for each in card["histograms"]:
        by_source = histograms.setdefault(each["score"], {"title": each["title"], "top": each["top"], "plots": {}})
        by_source["plots"][each["source"]] = {"svg": Markup(histogram_svg(each)), "failing": failing(each)}
    last = card["steps"][-1]
    return environment.get_template(TEMPLATE).render(
        card=card,
        taken=at_the_start(card),
        left=sum(last["out"].values()),
        words=sum(held["words"] for held in card["collection"].values()),
        steps=step_table(card),
        reasons=reason_table(card),
        collection=collection_table(card),
        collection_heads=COLLECTION_HEADS,
        settings=[[step["step"], str(step["version"]), settings_of(step), step["sha256"]] for step in card["steps"]],
        histograms=histograms,
    )


def histogram_svg(histogram: Mapping[str, Any]) -> str:
    """Draw one histogram: bars of what fails are hatched, the cut is a line.

    histogram (mapping): as `card.describe` gives it.
    RETURNS (str): an `<svg>` element whose colours are the page's.
    """
    highest = max(histogram["bins"].values(), default=1)
    limit, top = histogram["limit"], histogram["top"]
    step = WIDTH / BINS
    bars = []
    for number, count in sorted(histogram["bins"].items()):
        height = max(1.0, (HEIGHT - 6) * count / highest)
        middle = (number + 0.5) * top / BINS
        fails = limit is not None and (middle < limit if histogram["at_least"] else middle > limit)
        bars.append(
            f'<rect class="{"fails" if fails else "passes"}" x="{number * step:.1f}" y="{HEIGHT - height:.1f}" '
            f'width="{step - 0.6:.1f}" height="{height:.1f}"/>'
        )
    if limit is not None:
        x = WIDTH * min(max(limit / top, 0.0), 1.0)
        bars.append(f'<line class="cut" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}"/>')
    name = f"{histogram['score']}, {histogram['source']}: {histogram['passages']:,} passages; {failing(histogram)}"
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT + 1}"><title>{escape(name)}</title>{"".join(bars)}'
        f'<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/></svg>'
    )
