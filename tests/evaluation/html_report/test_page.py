"""The HTML page: whole, self-contained, safe, accessible."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from spacy_gliner_biomed.evaluation.html_report import write_html
from spacy_gliner_biomed.evaluation.html_report.drawing import COLOURS
from spacy_gliner_biomed.evaluation.html_report.page import FOLDER, render
from tests.evaluation.html_report.handmade import TEXT, one_corpus, row

KIND_HEADINGS = ["in-schema", "unseen corpus", "unseen label", "training unknown"]
NOTHING = {"words": "1", "gold": 0, "found": 0}
VOID = {"meta", "br", "link", "img", "input"}
Attributes = Dict[str, Optional[str]]


class Page(HTMLParser):
    """Elements in order, with the text of each `<p class="text">` without its tags; refuses what is not well nested."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: List[Tuple[str, Attributes]] = []
        self.passages: List[str] = []
        self.hidden = 0
        self._open: List[Tuple[str, Attributes]] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs)))
        if (tag, dict(attrs).get("class")) == ("p", "text"):
            self.passages.append("")

    def handle_startendtag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        classes = [str(attributes.get("class")) for _, attributes in self._open]
        if "text" in classes and not any(name.startswith("tag ") for name in classes):
            self.passages[-1] += data

    def attributes(self, name: str) -> List[str]:
        """RETURNS (List[str]): the values of an attribute, wherever it stands."""
        return [str(attributes[name]) for _, attributes in self.elements if name in attributes]


@pytest.fixture(scope="module")
def parsed(page: str) -> Page:
    """The page of everything, parsed."""
    return Page(page)


def test_sections_and_links(parsed: Page) -> None:
    """Each section that the navigation names is there, and every reference within the page leads somewhere."""
    ids = parsed.attributes("id")
    assert len(ids) == len(set(ids))
    sections = [attributes["id"] for tag, attributes in parsed.elements if tag == "section"]
    assert sections == ["scores", "comparison", "errors", "worst", "calibration", "few-shot", "throughput", "data", "made"]
    references = [value for name in ("href", "xlink:href") for value in parsed.attributes(name)]
    references += [value for name in ("clip-path", "style", "fill") for value in parsed.attributes(name)]
    inner = [target for value in references for target in re.findall(r"(?:^|url\()#([^)]+)", value)]
    assert len(inner) > 100
    assert set(inner) <= set(ids)


def test_nothing_is_asked_from_the_network(page: str, parsed: Page) -> None:
    """No address but in what the page says of itself, and a policy that forbids more."""
    assert not [value for name in ("src", "srcset", "data", "action", "poster") for value in parsed.attributes(name)]
    assert all(value.startswith("#") for name in ("href", "xlink:href") for value in parsed.attributes(name))
    assert not {"link", "img", "iframe", "object", "embed", "image"} & {tag for tag, _ in parsed.elements}
    addresses = set(re.findall(r"https?://[^\"' <]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_markup_in_a_result_stays_text(page: str, parsed: Page) -> None:
    """Titles, ids, texts and labels are escaped."""
    assert "<script>alert" not in page and "<img" not in page
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Development corpora &lt;b&gt;" in page


def test_passages_are_whole(parsed: Page, result: Dict[str, Any]) -> None:
    """Their letters, in order, with line ends."""
    assert parsed.passages == [example["text"] for entry in result["errors"] for example in entry["examples"]]
    assert parsed.passages[0] == TEXT


def test_plots_have_names(parsed: Page) -> None:
    """Every drawing is an image with a title and a description; colours are the page's."""
    drawings = [attributes for tag, attributes in parsed.elements if tag == "svg"]
    assert len(drawings) == 2 + 1 + 2 + 8 + 3  # scores, comparison, errors, confusions, the other three
    for attributes in drawings:
        assert attributes["role"] == "img"
        assert set(str(attributes["aria-labelledby"]).split()) <= set(parsed.attributes("id"))
    styles = " ".join(attributes.get("style") or "" for tag, attributes in parsed.elements if tag in ("path", "text", "use"))
    assert "var(--series-1)" in styles
    assert not re.search(r"#[0-9a-f]{6}", styles)


def test_every_colour_is_in_the_style_sheet() -> None:
    """In the light and twice in the dark."""
    css = (FOLDER / "page.css").read_text(encoding="utf-8")
    for name, value in COLOURS.items():
        assert len(re.findall(rf"--{name}: #[0-9a-f]{{6}}", css)) == 3, name
        assert f"--{name}: {value}" in css
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_kinds_have_panels_of_their_own(page: str) -> None:
    """A heading each, in the drawing and over the tables."""
    drawing = page[page.index('aria-labelledby="scores-strict-title') :].partition("</svg>")[0]
    assert [text for text in re.findall(r">([^<>]+)</text>", drawing) if text in KIND_HEADINGS] == KIND_HEADINGS


def test_hints_on_bars(page: str) -> None:
    """What the pointer shows."""
    assert "<g><title>mini, NCBI Disease: strict F1 74.5 (73.1–75.9)</title>" in page
    assert 'id="hint' not in page and "-hint" not in page


def test_the_same_page_twice(tmp_path: Path) -> None:
    """No date and no chance; written whole."""
    write_html(one_corpus(), tmp_path / "a" / "page.html")
    assert (tmp_path / "a" / "page.html").read_text(encoding="utf-8") == render(one_corpus())
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["page.html"]


def test_a_result_with_nothing_in_it() -> None:
    """Still a page."""
    page = Page(render({"format": 1}))
    assert [attributes["id"] for tag, attributes in page.elements if tag == "section"] == ["made"]


def test_fewer_examples() -> None:
    """The rest is counted."""
    result = {"format": 1, "errors": [{"system": "s", "corpus": "c", "counts": {}, "examples": [_example(n) for n in range(3)]}]}
    page = render(result, examples=2)
    assert "1 more are in the result file." in page and len(Page(page).passages) == 2
    assert not Page(render(result, examples=0)).passages


def test_unknown_intervals_and_strange_figures() -> None:
    """Neither a missing interval nor a corpus without gold stops the page."""
    result = one_corpus()
    result["rows"][0]["scores"]["strict"]["micro"]["f1"] = {"value": 0.0, "low": None, "high": None}
    result["comparisons"][0]["difference"].update(low=None, high=None)
    result["errors"] = [{"system": "mini", "corpus": "NCBI Disease", "counts": {"missed": 0}, "by_length": [NOTHING]}]
    result["calibration"] = [{"system": "mini", "corpus": "NCBI Disease", "ece": 0.0, "bins": []}]
    assert "strict F1 0.0 on NCBI Disease" in render(result)


def test_tiles_leave_out_what_has_no_gold() -> None:
    """One row is a figure with its interval, not a mean from 0."""
    result = one_corpus()
    empty = row("mini", "Nothing", "in-schema", ("disease",), 0.0)
    empty["scores"]["strict"]["micro"]["support"] = 0
    result["rows"].insert(1, empty)
    result["means"] = [{"system": "mini", "kind": "in-schema", "matching": "strict", "f1": 0.745, "n_rows": 1}]
    page = render(result)
    assert "(73.1–75.9) on NCBI Disease" in page[page.index('<ul class="tiles">') :].partition("</ul>")[0]


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One sentence, no file."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"^Drawing a report needs the extra 'evaluation': pip install '.+\[evaluation\]'\.$"):
        write_html(one_corpus(), tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def _example(number: int) -> Dict[str, Any]:
    return {"id": str(number), "text": "fever", "gold": [[0, 5, "a"]], "predicted": [], "errors": 1}
