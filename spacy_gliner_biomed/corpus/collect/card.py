"""The card of a collection: what each step took in and gave out, and what is left. `card_page` and `card_text` show it.

Nothing in it depends on the day or the machine: the same collection has the same card.
"""

from __future__ import annotations

import heapq
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from ...annotate.output import text_file
from ...evaluation.html_report.words import plural
from .balance import draw_of
from .heuristics import ARM_GROUPS, HEURISTICS, limit_of, threshold_table
from .passages import Passage, read_passages
from .quality import HISTOGRAM
from .steps import COUNTS, read_counts

Card = Dict[str, Any]
SAMPLE = 600  # characters
MOST_LICENCES = 20  # listed of a source; articles may each have one in their own words
TOKENS = (
    "Tokens, sentences and stop words are spaCy's for English (a rule finds the ends of sentences); the thresholds were made "
    "for NLTK's, so that near them some texts are judged otherwise."
)


def describe(folders: Sequence[Path], title: str = "Collected text", samples: int = 2) -> Card:
    """Gather what a card says.

    folders (sequence): folders that steps have filled, in their order; the last holds the collection. Folders in them that
        a step has filled as well come before them.
    title (str): the heading.
    samples (int): passages to show of each source.
    RETURNS (dict): ready for JSON; `steps`, `sources`, `passages`, `histograms`, `thresholds`, `notes`, `sha256`.
    RAISES (ValueError): for a folder without the counts of a step.
    """
    steps: List[Dict[str, Any]] = []
    for folder in map(Path, folders):
        inner = [path.parent for path in sorted(folder.glob(f"*/{COUNTS}"))]
        steps += [{"folder": each.name, **read_counts(each)} for each in (*inner, folder)]
    if not steps:
        raise ValueError("A card needs at least one folder that a step has filled.")
    sources = sorted({source for step in steps for source in (*step["in"], *step["out"])})
    return {
        "title": title,
        "sources": sources,
        "steps": steps,
        "collection": _collection(Path(folders[-1]), sources, samples),
        "histograms": _histograms(steps, sources),
        "thresholds": _thresholds(steps, sources),
        "notes": _notes(steps),
        "sha256": steps[-1]["sha256"],
    }


def is_reading(step: Mapping[str, Any]) -> bool:
    """RETURNS (bool): whether the counts are those of a source, which takes no passages from another folder."""
    return str(step["step"]).startswith("read ")


def at_the_start(card: Mapping[str, Any]) -> int:
    """RETURNS (int): passages that all sources gave, or that the first step took in."""
    readings = [sum(step["out"].values()) for step in card["steps"] if is_reading(step)]
    return sum(readings) if readings else sum(card["steps"][0]["in"].values())


def write_card(card: Card, path: Path) -> None:
    """Write a card: one self-contained page for `.html`, Markdown for `.md`.

    RAISES (ValueError): for another ending.
    """
    from .card_page import page
    from .card_text import markdown

    if path.suffix not in (".html", ".md"):
        raise ValueError(f"A card can be .html or .md, not '{path.name}'.")
    text = page(card) if path.suffix == ".html" else markdown(card)
    with text_file(path) as stream:
        stream.write(text)


def _collection(folder: Path, sources: Sequence[str], samples: int) -> Dict[str, Dict[str, Any]]:
    """What is left of each source, from one reading of the passages."""
    passages: Counter[str] = Counter()
    words: Counter[str] = Counter()
    licences: Dict[str, Counter[str]] = {source: Counter() for source in sources}
    times: Dict[str, Dict[str, List[str]]] = {"date": {}, "retrieved": {}}
    shown: Dict[str, List[tuple[int, int, Passage]]] = {source: [] for source in sources}
    for number, passage in enumerate(read_passages(folder)):
        source = passage.source
        passages[source] += 1
        words[source] += len(passage.text.split())
        licences[source][passage.licence or "not stated"] += 1
        for name, found in times.items():
            if time := getattr(passage, name):
                first, last = found.get(source, (time, time))
                found[source] = [min(first, time), max(last, time)]
        drawn = (-draw_of(passage, 0), -number, passage)
        if len(shown[source]) < samples:
            heapq.heappush(shown[source], drawn)
        elif samples:
            heapq.heappushpop(shown[source], drawn)
    return {
        source: {
            "passages": passages[source],
            "words": words[source],
            "licences": dict(licences[source].most_common(MOST_LICENCES)),
            "other_licences": max(0, len(licences[source]) - MOST_LICENCES),
            "dates": times["date"].get(source, []),
            "retrieved": times["retrieved"].get(source, []),
            "samples": [_sample(passage) for _, _, passage in sorted(shown[source], reverse=True)],
        }
        for source in sources
    }


def _sample(passage: Passage) -> Dict[str, Any]:
    cut = passage.text if len(passage.text) <= SAMPLE else passage.text[:SAMPLE] + " …"
    return {**passage.to_row(), "text": cut}


def _histograms(steps: Sequence[Dict[str, Any]], sources: Sequence[str]) -> List[Dict[str, Any]]:
    """One for each score and source: the numbers of passages by bin, the limit, and how many fail it."""
    tallies: Dict[str, Dict[str, int]] = {}
    reasons: Dict[str, Dict[str, int]] = {}
    limits: Dict[str, float] = {}
    for step in steps:
        tallies.update({name: bins for name, bins in step["tallies"].items() if name.startswith(f"{HISTOGRAM} ")})
        if "thresholds" in step["settings"]:
            reasons, limits = step["reasons"], step["settings"]["thresholds"]
    found = []
    for heuristic in HEURISTICS:
        for source in sources:
            bins = tallies.get(f"{HISTOGRAM} {heuristic.name} {source}")
            if bins:
                judged = bool(limits) and source != ARM_GROUPS
                found.append({
                    "score": heuristic.name,
                    "title": heuristic.title,
                    "source": source,
                    "bins": {int(name): number for name, number in bins.items()},
                    "top": heuristic.top,
                    "at_least": heuristic.at_least,
                    "limit": limit_of(heuristic.name, source, limits) if judged else None,
                    "passages": sum(bins.values()),
                    "failed": reasons.get(heuristic.name, {}).get(source, 0) if judged else None,
                })  # fmt: skip
    return found


def _thresholds(steps: Sequence[Dict[str, Any]], sources: Sequence[str]) -> List[List[str]]:
    chosen = [step["settings"]["thresholds"] for step in steps if "thresholds" in step["settings"]]
    return threshold_table(chosen[-1], sources) if chosen else []


def _notes(steps: Sequence[Dict[str, Any]]) -> List[str]:
    """What a reader should know before trusting the table."""
    notes = []
    given: Counter[str] = Counter()
    holders: List[str] = []
    for step in steps:
        if not is_reading(step):
            if holders and given != Counter(step["in"]):
                notes.append(
                    f"{' and '.join(holders)} {'holds' if len(holders) == 1 else 'hold'} {given.total():,} passages, but "
                    f"'{step['step']}' took in {sum(step['in'].values()):,}: the step before it was run again after it, or "
                    "it was run on another folder."
                )
            given, holders = Counter(), []
        given.update(step["out"])  # of sources, all that are read before the first step
        holders.append(f"'{step['folder']}'")
    for step in steps:
        if "repair" in step["settings"]:
            repair = step["settings"]["repair"]
            repaired = sum(step["tallies"].get("repaired", {}).values())
            notes.append(
                "Texts were not repaired."
                if repair == "none"
                else f"{plural(repaired, 'passage was', 'passages were')} repaired with {repair}."
            )
        if "thresholds" in step["settings"]:
            notes.append(TOKENS)
    return notes
