"""The card: its numbers are those of the steps, its page shows any text as text, and nothing in it depends on the day."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from spacy_gliner_biomed.corpus.collect.balance import balance_plan, balance_step
from spacy_gliner_biomed.corpus.collect.card import MOST_LICENCES, SAMPLE, describe, write_card
from spacy_gliner_biomed.corpus.collect.card_page import histogram_svg, page
from spacy_gliner_biomed.corpus.collect.card_text import markdown
from spacy_gliner_biomed.corpus.collect.heuristics import ARM_GROUPS, SCORES, choose_thresholds
from spacy_gliner_biomed.corpus.collect.passages import Passage
from spacy_gliner_biomed.corpus.collect.quality import cut_step, score_step
from spacy_gliner_biomed.corpus.collect.repair import NO_REPAIR
from spacy_gliner_biomed.corpus.collect.steps import run_step
from tests.corpus.collect.making import write

GOOD = "The patients of this group were seen by a doctor and then treated for ten long days. "
EVIL = "</title></blockquote><script>alert(1)</script> | `code` **bold**"


def make(folder: Path) -> Tuple[Path, Path]:
    """RETURNS (tuple): the folders of a filter and of a balance."""
    passages = [
        Passage(f"p{number}", EVIL + GOOD * (3 + number), "pubmed", "d", licence=f"licence {number % 2}", date=f"2024-0{number}-01")
        for number in range(1, 7)
    ]
    passages += [Passage(f"t{number}", GOOD * 7 + f"Patent {number}.", "patents", "d", licence="CC0") for number in range(3)]
    passages.append(Passage("a1", "Patients get 5 mg. They stay.", ARM_GROUPS, "d"))
    scored = folder / "filtered" / "scored"
    run_step("score", write(folder / "in", passages), scored, score_step, {"repair": NO_REPAIR}, progress=False)
    thresholds = {"thresholds": choose_thresholds()}
    run_step("filter", scored, folder / "filtered", cut_step, thresholds, progress=False)
    chosen: Dict[str, Any] = {"seed": 1, "per_source": 2}
    run_step("balance", folder / "filtered", folder / "balanced", balance_step, chosen, plan=balance_plan, progress=False)
    return folder / "filtered", folder / "balanced"


class Tags(HTMLParser):
    """Gathers the tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: List[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Take a tag."""
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.text += data


def test_numbers(tmp_path: Path) -> None:
    """Steps in their order, with those inside; what is left; licences; samples that the seed draws."""
    card = describe(make(tmp_path), samples=1)
    assert [step["step"] for step in card["steps"]] == ["score", "filter", "balance"]
    assert card["sources"] == [ARM_GROUPS, "patents", "pubmed"]
    left = card["collection"]
    assert {source: held["passages"] for source, held in left.items()} == card["steps"][-1]["out"]
    assert left["patents"]["licences"] == {"CC0": 2} and left[ARM_GROUPS]["licences"] == {"not stated": 1}
    assert sum(left["pubmed"]["licences"].values()) == 2 and left["pubmed"]["dates"][0] >= "2024-02-01"
    assert left["pubmed"]["samples"][0]["text"].endswith(" …") and len(left["pubmed"]["samples"][0]["text"]) == SAMPLE + 2
    assert card["sha256"] == card["steps"][-1]["sha256"] and describe(make(tmp_path / "again"), samples=1) == card


def test_histograms_and_cuts(tmp_path: Path) -> None:
    """One for each score and source, with the limit of that source and how many fail it; arm groups are judged otherwise."""
    card = describe(make(tmp_path))
    histograms = {(each["score"], each["source"]): each for each in card["histograms"]}
    assert set(histograms) == {(score, source) for score in SCORES for source in card["sources"]}
    assert histograms["newlines", "patents"]["limit"] == 0.15 and histograms["newlines", "pubmed"]["limit"] == 0.30
    assert histograms["sentences", "pubmed"]["failed"] == card["steps"][1]["reasons"]["sentences"]["pubmed"] > 0
    assert histograms["sentences", ARM_GROUPS]["limit"] is None


def test_what_does_not_fit_together_is_said(tmp_path: Path) -> None:
    """A step whose input is no longer what the step before gives."""
    folders = make(tmp_path)
    assert not any("took in" in note for note in describe(folders)["notes"])
    thresholds = {"thresholds": choose_thresholds(["sentences=1"])}
    run_step("filter", folders[0] / "scored", folders[0], cut_step, thresholds, progress=False)
    [note] = [note for note in describe(folders)["notes"] if "took in" in note]
    assert note.startswith("'filtered' holds 10 passages, but 'balance' took in ")
    with pytest.raises(ValueError, match="does not hold the counts of a step"):
        describe([tmp_path / "in"])
    with pytest.raises(ValueError, match="at least one folder"):
        describe([])


def test_sources_are_added_up(tmp_path: Path) -> None:
    """Several that were read before the first step give what it takes in."""
    folders = make(tmp_path)
    for name, n in (("pubmed", 6), ("patents", 3)):
        read: Dict[str, Any] = {**json.loads((folders[0] / "counts.json").read_text()), "step": f"read {name}", "settings": {}}
        read |= {"in": {name: n + 1}, "out": {name: n}, "reasons": {}, "tallies": {}, "examples": {}}
        (tmp_path / name).mkdir()
        (tmp_path / name / "counts.json").write_text(json.dumps(read))
    card = describe([tmp_path / "pubmed", tmp_path / "patents", *folders])
    [note] = [note for note in card["notes"] if "took in" in note]
    assert note.startswith("'pubmed' and 'patents' hold 9 passages, but 'score' took in 10: ")
    assert "of 9 at the start" in page(card)  # one document of each gave no passage


def test_page(tmp_path: Path) -> None:
    """One file that asks no network for anything; texts stay texts; a plot for each histogram."""
    card = describe(make(tmp_path), title=f"Texts {EVIL}")
    html = page(card)
    found = Tags(html)
    assert "script" not in found.tags and found.text.count("<script>alert(1)</script>") >= 3
    assert found.tags.count("svg") == len(card["histograms"]) == 24
    assert not re.search(r"(src|href|url\()", html) and card["sha256"] in html
    for each in card["histograms"]:
        drawing = ElementTree.fromstring(histogram_svg({**each, "source": EVIL}))
        bars = [part for part in drawing if part.tag == "rect"]
        assert len(bars) == len(each["bins"]) and (each["limit"] is not None) == any(part.get("class") == "cut" for part in drawing)


def test_bars_beyond_the_cut_are_marked() -> None:
    """On the side that fails."""
    base = {"score": "s", "source": "p", "bins": {0: 3, 10: 1, 49: 2}, "top": 1.0, "limit": 0.2, "passages": 6, "failed": 3}
    for at_least, wanted in ((False, ["passes", "fails", "fails"]), (True, ["fails", "passes", "passes"])):
        drawing = ElementTree.fromstring(histogram_svg({**base, "at_least": at_least}))
        assert [part.get("class") for part in drawing if part.tag == "rect"] == wanted


def test_markdown(tmp_path: Path) -> None:
    """Tables whose rows have as many cells as their heads; texts cannot break out of them."""
    text = markdown(describe(make(tmp_path)))
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(tables) == 6
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert "<script>" not in text and "| filter | " in text and "█" in text


def test_files(tmp_path: Path) -> None:
    """The ending says which; the same collection gives the same bytes."""
    card = describe(make(tmp_path))
    for name in ("card.html", "card.md"):
        write_card(card, tmp_path / name)
        first = (tmp_path / name).read_bytes()
        write_card(describe(make(tmp_path / name[5:])), tmp_path / name)
        assert (tmp_path / name).read_bytes() == first and str(tmp_path).encode() not in first
    with pytest.raises(ValueError, match="can be .html or .md, not 'card.pdf'"):
        write_card(card, tmp_path / "card.pdf")
    json.dumps(card)


def test_many_licences_are_counted(tmp_path: Path) -> None:
    """The most frequent are named."""
    passages = [Passage(str(number), "t", "local", "d", licence=f"L{number}") for number in range(MOST_LICENCES + 3)]
    folder = write(tmp_path / "in", passages)
    run_step("balance", folder, tmp_path / "out", balance_step, {"seed": 1}, plan=balance_plan, progress=False)
    card = describe([tmp_path / "out"], samples=0)
    assert card["collection"]["local"]["other_licences"] == 3 and card["histograms"] == [] and "3 more" in markdown(card)
    assert card["collection"]["local"]["samples"] == [] and "Scores before the cut" not in page(card)
