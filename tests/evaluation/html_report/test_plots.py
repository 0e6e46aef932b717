"""What the drawings hold, and the picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict

import pytest
from scipy.stats import binomtest

from spacy_gliner_biomed.evaluation.html_report import picture
from spacy_gliner_biomed.evaluation.html_report.drawing import Styles
from spacy_gliner_biomed.evaluation.html_report.error_plots import MOST_LABELS, confusion_drawing, wilson
from spacy_gliner_biomed.evaluation.html_report.score_plots import score_drawing, score_panels
from tests.evaluation.html_report.handmade import one_corpus, throughput


@pytest.mark.parametrize(("found", "gold"), [(0, 7), (7, 7), (3, 10), (410, 500)])
def test_wilson(found: int, gold: int) -> None:
    """scipy's interval."""
    theirs = binomtest(found, gold).proportion_ci(method="wilson")
    assert wilson(found, gold) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_bars_of_one_kind_a_panel(result: Dict[str, Any]) -> None:
    """As many bars as rows, as long as their F1."""
    drawing = score_drawing(result, "strict")
    assert drawing is not None
    for axes, (kind, rows, _) in zip(drawing.figure.axes, score_panels(result, "strict"), strict=True):
        assert {row["kind"] for row in rows} == {kind}
        widths = [bar.get_width() for bar in axes.patches]
        assert widths == pytest.approx([100 * row["scores"]["strict"]["micro"]["f1"]["value"] for row in rows])
        assert [label.get_text() for label in axes.get_yticklabels()] == list(dict.fromkeys(row["corpus"] for row in rows))


def test_systems_differ_without_colour() -> None:
    """Sixteen systems: no two share both colour and marker."""
    names = [str(number) for number in range(16)]
    styles = Styles(names)
    assert len({styles.marker(name) for name in names[:8]}) == 8
    assert len({(styles.colour(name), styles.marker(name)) for name in names}) == 16


def test_confusion_keeps_what_is_confused_most() -> None:
    """Labels never confused are left out; of many the worst stay."""
    rows = {f"l{n:02}": {f"l{n:02}": 50, f"l{(n + 1) % 30:02}": n} for n in range(30)}
    drawing = confusion_drawing({"system": "s", "corpus": "c", "confusion": {**rows, "easy": {"easy": 9}}})
    assert drawing is not None
    shown = [label.get_text() for label in drawing.figure.axes[0].get_yticklabels()]
    assert len(shown) == MOST_LABELS and "l29" in shown and "l01" not in shown and "easy" not in shown
    assert confusion_drawing({"system": "s", "corpus": "c", "confusion": {"easy": {"easy": 9}}}) is None


def test_signs_of_formulas_are_signs() -> None:
    """Labels with dollar signs stand in a drawing as they are."""
    label, other = "$\\frac$ a", "US$ and CA$"
    drawing = confusion_drawing({"system": "s", "corpus": "c", "confusion": {label: {other: 2}, other: {label: 1}}})
    assert drawing is not None
    svg = drawing.svg("title", "text")
    assert f">{label}<" in svg and f">{other}<" in svg


def test_the_picture(tmp_path: Path) -> None:
    """An SVG with its verdict as title and text as text; the same bytes each time, without a date."""
    for name in ("a.svg", "b.svg"):
        picture(one_corpus(), tmp_path / name)
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert svg == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert "<title>mini finds mentions of disease: strict F1 74.5" in svg
    assert "right of 0: mini is better" in svg and "var(--" not in svg
    assert not re.search(r"20\d\d-\d\d-\d\d", svg)


def test_the_picture_as_png(tmp_path: Path) -> None:
    """By its ending."""
    picture({"format": 1, "throughput": throughput()}, tmp_path / "p.PNG")
    assert (tmp_path / "p.PNG").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("result", "name", "said"),
    [
        (one_corpus(), "p.gif", r"name a file that ends in \.svg or \.png"),
        ({"format": 1}, "p.svg", "There is nothing to draw"),
    ],
)
def test_no_picture(tmp_path: Path, result: Dict[str, Any], name: str, said: str) -> None:
    """One sentence, no file."""
    with pytest.raises(ValueError, match=said):
        picture(result, tmp_path / name)
    assert not list(tmp_path.iterdir())
