"""Figures that become part of the page: SVG whose colours are the page's, whose text is text, the same bytes each time."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Sequence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXTRA = "needs the extra 'evaluation': pip install 'spacy-gliner-biomed[evaluation]'."

#: Each colour of a figure by the name of the page's variable; every value is unlike the others, as the page finds them
#: by value. The series keep apart for eyes that do not tell red from green (after Okabe and Ito).
COLOURS: Dict[str, str] = {
    "ink": "#1c2733",
    "muted": "#5f6c7b",
    "grid": "#dde2e8",
    "card": "#fffefc",
    "good": "#2a7f62",
    "bad": "#c0453a",
    "series-1": "#0b6e99",
    "series-2": "#d1731c",
    "series-3": "#7a4fa3",
    "series-4": "#3d8b5f",
    "series-5": "#b5477f",
    "series-6": "#8a7a22",
    "series-7": "#4a5fc1",
    "series-8": "#7d5a44",
}
FONT = "font-family: 'DejaVu Sans', sans-serif"  # as matplotlib writes it: the one font it brings along
FILE_FONTS = "'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
HATCHES = ("", "//", "..", "\\\\", "xx", "--")
SETTINGS: Dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 8.5,
    "axes.labelcolor": COLOURS["muted"],
    "axes.edgecolor": COLOURS["grid"],
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "text.color": COLOURS["ink"],
    "text.parse_math": False,  # labels and names may hold any signs
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["ink"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "ytick.labelcolor": COLOURS["ink"],
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
    "savefig.facecolor": "none",
}


def needs_matplotlib() -> Any:
    """RETURNS (module): matplotlib. RAISES (ImportError): one sentence that names the extra."""
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError(f"Drawing a report {EXTRA}") from error
    return matplotlib


class Styles:
    """The colour, marker and hatch of each system, the same in every figure of a report."""

    def __init__(self, systems: Sequence[str]) -> None:
        """systems (Sequence[str]): all names, in order; after eight of them colours repeat with other markers."""
        self._places = {name: place for place, name in enumerate(systems)}

    def colour(self, system: str) -> str:
        """RETURNS (str): the system's colour."""
        return COLOURS[f"series-{1 + self._places[system] % 8}"]

    def marker(self, system: str) -> str:
        """RETURNS (str): the system's marker, as matplotlib names it."""
        place = self._places[system]
        return MARKERS[(place + place // 8) % len(MARKERS)]

    def handles(self, systems: Sequence[str]) -> List[Any]:
        """RETURNS (List[Line2D]): a legend entry each."""
        from matplotlib.lines import Line2D

        return [
            Line2D([], [], color=self.colour(name), marker=self.marker(name), linestyle="", markersize=6, label=name)
            for name in systems
        ]


class Drawing:
    """A figure with hints: texts that show where the reader points at a mark."""

    def __init__(self, name: str, width: float, height: float) -> None:
        """name (str): unique in its page. width, height (float): in inches."""
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        self.name = re.sub(r"[^A-Za-z0-9]+", "-", name)
        layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, hspace=0.04, wspace=0.04)
        self.figure: Figure = Figure(figsize=(width, height), layout=layout)
        self._hints: List[str] = []

    def hint(self, artist: Any, text: str) -> None:
        """Say what a mark stands for.

        artist (Artist): a line or a patch.
        text (str): shown while the pointer is over it.
        """
        artist.set_gid(f"hint{len(self._hints)}")
        self._hints.append(text)

    def svg(self, title: str, description: str) -> str:
        """Write the figure for a page.

        title (str): a short name, for who cannot see it.
        description (str): what it shows, for the same.
        RETURNS (str): an `<svg>` element; colours are the page's variables, its ids begin with the figure's name.
        """
        buffer = StringIO()
        self._save(buffer, "svg")
        return self._for_page(buffer.getvalue(), title, description)

    def save(self, path: Path, form: str, title: str) -> None:
        """Write the figure to a file on a light ground.

        path (Path): the file.
        form (str): "svg" or "png".
        title (str): what it shows, for who cannot see it; part of an SVG only.
        """
        if form != "svg":
            self._save(path, form, facecolor=COLOURS["card"], dpi=200)
            return
        buffer = StringIO()
        self._save(buffer, form, facecolor=COLOURS["card"])
        svg = self._hinted(buffer.getvalue()).replace(FONT, f"font-family: {FILE_FONTS}")
        path.write_text(re.sub(r"(<svg [^>]*>)", lambda head: f"{head[1]}<title>{escape(title)}</title>", svg, count=1))

    def _save(self, target: Any, form: str, **settings: Any) -> None:
        matplotlib = needs_matplotlib()
        stamp = {"Date": None, "Creator": None, "Format": None, "Type": None} if form == "svg" else {"Software": None}
        with matplotlib.rc_context({**SETTINGS, "svg.hashsalt": self.name}), warnings.catch_warnings():
            # Labels may be in any script: a browser has the letters that matplotlib's font lacks.
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            self.figure.savefig(target, format=form, metadata=stamp, **settings)

    def _for_page(self, svg: str, title: str, description: str) -> str:
        body = svg[svg.index("<svg") :]
        body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
        body = self._hinted(body)
        body = re.sub(r'<g id="[^"]*"', "<g", body)  # figure_1, axes_1 … would stand once a figure in the page
        body = re.sub(r' id="([^"]+)"', rf' id="{self.name}-\1"', body)
        body = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{self.name}-", body)
        for name, value in COLOURS.items():
            body = body.replace(value, f"var(--{name})")
        body = body.replace(FONT, "font-family: var(--sans)")
        _, _, body = body.partition(">")
        width, height = (72 * size for size in self.figure.get_size_inches())
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
            f'viewBox="0 0 {width:g} {height:g}" aria-labelledby="{self.name}-title {self.name}-text">'
            f'<title id="{self.name}-title">{escape(title)}</title><desc id="{self.name}-text">{escape(description)}</desc>'
        )
        return head + body

    def _hinted(self, svg: str) -> str:
        for number, text in enumerate(self._hints):
            svg = svg.replace(f'<g id="hint{number}">', f"<g><title>{escape(text)}</title>", 1)
        return svg


@contextmanager
def figure_settings() -> Iterator[None]:
    """Draw inside this block: matplotlib's own settings of the user play no part.

    RAISES (ImportError): without matplotlib, one sentence that names the extra.
    """
    matplotlib = needs_matplotlib()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def percent_axis(axes: Axes, which: str, step: int = 20) -> None:
    """Make an axis one of per cent, 0 to 100, with lines across.

    axes (Axes): the axes.
    which (str): "x" or "y".
    step (int): per cent from one line to the next.
    """
    ticks = list(range(0, 101, step))
    (axes.set_xlim if which == "x" else axes.set_ylim)(0, 100)
    (axes.set_xticks if which == "x" else axes.set_yticks)(ticks, [str(tick) for tick in ticks])
    axes.grid(axis="x" if which == "x" else "y")
    axes.spines["left" if which == "x" else "bottom"].set_visible(False)


def whisker(figure: Any) -> List[float]:
    """RETURNS (List[float]): low, value, high of a figure in per cent; ends that are not known are at the value."""
    value = 100 * figure["value"]
    low, high = figure.get("low"), figure.get("high")
    return [value if low is None else 100 * low, value, value if high is None else 100 * high]
