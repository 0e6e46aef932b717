"""Mentions drawn at random, in their context, for a person to read: how precise a rule is, nobody else can say."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple

from ....annotate.output import text_file

AROUND = 50  # characters of context to each side
FILE = "review.tsv"


class Drawn(NamedTuple):
    """A mention with what is around it.

    before, mention, after (str): the text.
    passage (str): id of the row it is from.
    """

    before: str
    mention: str
    after: str
    passage: str


def draw_mentions(rows: Iterable[Mapping[str, Any]], number: int = 25, seed: int = 0) -> Dict[str, List[Drawn]]:
    """Draw mentions of each type, each equally likely (reservoir sampling).

    rows (iterable): annotated passages in the uniform format; read once.
    number (int): mentions of a type.
    seed (int): other seeds draw others.
    RETURNS (dict): label → its mentions, fewer where there are no more; labels by name.
    """
    generator = random.Random(seed)
    drawn: Dict[str, List[Drawn]] = defaultdict(list)
    n_met: Counter[str] = Counter()
    for row in rows:
        for entity in row["entities"]:
            label = entity["label"]
            kept = drawn[label]
            n_met[label] += 1
            place = len(kept) if len(kept) < number else generator.randrange(n_met[label])
            if place < number:
                kept[place : place + 1] = [_in_context(row, entity["start"], entity["end"])]
    return dict(sorted(drawn.items()))


def review_sheet(drawn: Mapping[str, List[Drawn]]) -> str:
    """RETURNS (str): tab-separated lines: label, passage, text with the mention in double square brackets."""
    lines = ["label\tpassage\ttext"]
    for label, mentions in drawn.items():
        lines += [f"{label}\t{one.passage}\t{one.before}[[{one.mention}]]{one.after}" for one in mentions]
    return "\n".join(lines) + "\n"


def write_review(folder: Path, number: int, seed: int = 0) -> Path:
    """Draw from the shards of a folder and write the sheet beside them.

    folder (Path): as `run.annotate_with_patterns` fills it.
    number, seed (int): as for `draw_mentions`.
    RETURNS (Path): the file, `review.tsv`.
    """
    path = folder / FILE
    with text_file(path) as stream:
        stream.write(review_sheet(draw_mentions(_rows(folder), number, seed)))
    return path


def _rows(folder: Path) -> Iterator[Dict[str, Any]]:
    for shard in sorted(folder.glob("shard-*.jsonl.gz")):
        with gzip.open(shard, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def _in_context(row: Mapping[str, Any], start: int, end: int) -> Drawn:
    text = row["text"]
    pieces = (text[max(0, start - AROUND) : start], text[start:end], text[end : end + AROUND])
    before, mention, after = (" ".join(piece.replace("\t", " ").splitlines()) for piece in pieces)
    return Drawn(before, mention, after, str(row["id"]))
