"""A card as Markdown."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence

from .quality import BINS

BLOCKS = " ▁▂▃▄▅▆▇█"
COLUMNS = 25  # of a histogram in text
COLLECTION_HEADS = ("source", "passages", "words", "dates", "retrieved", "licences")
WIDE = 200  # characters of a sample or setting in a table


def markdown(card: Mapping[str, Any]) -> str:
    """RETURNS (str): the card as Markdown, histograms as a line of block characters."""
    return "\n".join(_lines(card)) + "\n"


def step_table(card: Mapping[str, Any]) -> List[List[str]]:
    """RETURNS (list): rows of words: step, then for each source and in all "out of in"."""
    rows = []
    for step in card["steps"]:
        cells = [_flow(step["in"].get(source, 0), step["out"].get(source, 0)) for source in card["sources"]]
        rows.append([step["step"], *cells, _flow(sum(step["in"].values()), sum(step["out"].values()))])
    return rows


def reason_table(card: Mapping[str, Any]) -> List[List[str]]:
    """RETURNS (list): rows of words: step, reason, then how many passages of each source and in all."""
    rows = []
    for step in card["steps"]:
        for reason, numbers in step["reasons"].items():
            cells = [f"{numbers[source]:,}" if numbers.get(source) else "–" for source in card["sources"]]
            rows.append([step["step"], reason, *cells, f"{sum(numbers.values()):,}"])
    return rows


def collection_table(card: Mapping[str, Any]) -> List[List[str]]:
    """RETURNS (list): rows of words: source, passages, words, dates, times of retrieval, licences."""
    rows = []
    for source, held in card["collection"].items():
        licences = [f"{name} ({number:,})" for name, number in held["licences"].items()]
        if held["other_licences"]:
            licences.append(f"{held['other_licences']:,} more")
        times = [" to ".join(dict.fromkeys(held[name])) or "–" for name in ("dates", "retrieved")]
        rows.append([source, f"{held['passages']:,}", f"{held['words']:,}", *times, "; ".join(licences) or "–"])
    return rows


def settings_of(step: Mapping[str, Any]) -> str:
    """RETURNS (str): a step's settings in a line, thresholds left out (they have a table)."""
    shown = {name: value for name, value in step["settings"].items() if name != "thresholds" and value is not None}
    texts = shown.pop("test_texts", None)
    words = [f"{key} {each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)}" for key, each in shown.items()]
    if texts is not None:
        words.append("test texts " + ", ".join(f"{text['name']} ({text['sha256'][:12]})" for text in texts))
    return "; ".join(words) or "–"


def failing(histogram: Mapping[str, Any]) -> str:
    """RETURNS (str): the limit and the share that fails it, "≤ 0.3: 4.2 % fail"; "not judged" for another rule."""
    if histogram["limit"] is None:
        return "not judged"
    share = 100 * histogram["failed"] / histogram["passages"] if histogram["passages"] else 0.0
    return f"{'≥' if histogram['at_least'] else '≤'} {histogram['limit']:g}: {share:.1f} % fail"


def _lines(card: Mapping[str, Any]) -> Iterator[str]:
    sources = card["sources"]
    yield f"# {_plain(card['title'])}"
    yield ""
    yield from (f"- {_plain(note)}" for note in card["notes"])
    yield from _section("Passages out of passages in", ["step", *sources, "all"], step_table(card))
    yield from _section("Why passages were dropped", ["step", "reason", *sources, "all"], reason_table(card))
    yield from ("", "One that was dropped for several reasons counts under each.")
    yield from _section("What is left", COLLECTION_HEADS, collection_table(card))
    if card["thresholds"]:
        yield from _section("Thresholds", ["score", "what it is", *sources], card["thresholds"])
    if card["histograms"]:
        rows = [
            [each["score"], each["source"], f"`{_sparkline(each)}`", f"0 to {each['top']:g} and above", failing(each)]
            for each in card["histograms"]
        ]
        yield from _section("Scores before the cut", ["score", "source", "passages", "range", "limit"], rows)
    rows = [[each["step"], str(each["version"]), settings_of(each), f"`{each['sha256']}`"] for each in card["steps"]]
    yield from _section("Settings and hashes", ["step", "version", "settings", "SHA-256 of the shards' hashes"], rows)
    yield from _samples(card["collection"])
    yield from _examples(card["steps"])


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield "| " + " | ".join(map(_plain, heads)) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell if cell.startswith("`") else _plain(cell) for cell in row) + " |"


def _samples(collection: Mapping[str, Dict[str, Any]]) -> Iterator[str]:
    yield from ("", "## Samples")
    for source, held in collection.items():
        for sample in held["samples"]:
            yield from ("", f"**{_plain(source)}**, {_plain(sample['id'])}", "", f"> {_plain(sample['text'])}")


def _examples(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("", "## Examples of what was dropped")
    for step in steps:
        for reason, examples in step["examples"].items():
            yield from ("", f"**{_plain(step['step'])}: {_plain(reason)}**", "")
            for example in examples:
                note = f" ({_plain(example['note'])})" if example["note"] else ""
                yield f"- {_plain(example['id'])}{note}: {_plain(example['text'][:WIDE])}"


def _sparkline(histogram: Mapping[str, Any]) -> str:
    width = BINS // COLUMNS
    sums = [sum(histogram["bins"].get(number, 0) for number in range(first, first + width)) for first in range(0, BINS, width)]
    highest = max(sums)
    return "".join(BLOCKS[-(-number * (len(BLOCKS) - 1) // highest)] for number in sums)


def _flow(taken: int, given: int) -> str:
    return f"{given:,} of {taken:,}" if taken else "–"


def _plain(text: str) -> str:
    """Text that Markdown takes as text, on one line."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|~" else letter for letter in line)
