"""Annotations that are kept apart from their text, brought back to it.

Text may be free to read and to train on, yet not ours to hand on. A stand-off row holds what was marked and where, and enough to
find the text again and to know that it is the same:

    {"file": "ctgov_criteria", "id": "NCT01.0", "start": 0, "end": 412, "sha256": "5be8…",
     "kinds": [{"names": ["age limit", "permitted age"], "spans": [[15, 26]]}, {"names": ["vaccine"], "spans": []}]}

`file` is the name of a JSON Lines file without its suffix, `id` a row of it, `start` and `end` the part of its text, in characters,
that was read, `sha256` that part's first 16 hexadecimal digits. Spans are `[start, end)` in that part. A kind without spans is
absent from it; names of one kind say the same. Rows of the same part, of two files or two annotators, are one passage of all their
kinds.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Set, Tuple

from tqdm import tqdm

from ...annotate.output import text_file
from .passages import file_stem, read_rows

DIGITS = 16

Row = Dict[str, Any]
Key = Tuple[str, str, int, str]


def attach(notes: Sequence[Path], files: Sequence[Path], out: Path, corpus: str, progress: bool = True) -> Dict[str, int]:
    """Write the annotated passages as JSON Lines in the uniform format, every name of a kind as a label.

    notes (sequence): files of stand-off rows. files (sequence): JSON Lines files of the text.
    out (Path): `.jsonl` or `.jsonl.gz`.
    corpus (str): what the passages are to be called. progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): counts of passages, labels, mentions, and of passages whose text is not there or is another one, which are
        left out.
    RAISES (ValueError): for a row that is not as described, with its line; and where no passage is found.
    """
    waiting: Dict[str, Dict[str, List[Row]]] = {}
    order: Dict[Key, Row] = {}
    for row in _read_notes(notes):
        same = order.setdefault(_key(row), row)
        if same is row:
            waiting.setdefault(row["file"], {}).setdefault(row["id"], []).append(row)
        else:
            same["kinds"] += row["kinds"]
    counts: Counter[str] = Counter()
    found: Dict[Key, Row] = {}
    others: Set[Key] = set()
    if not order:
        raise ValueError(f"There is no annotated passage in {', '.join(map(str, notes))}.")
    for file in files:
        of_file = waiting.get(file_stem(file))
        if of_file is None:
            continue
        rows = read_rows(file)
        for given in tqdm(rows, desc=file.name, unit=" rows", disable=None if progress else True):
            source = given.row or {}
            for row in of_file.get(str(source.get("id", "")), ()):
                text = given.text[row["start"] : row["end"]]
                if text_digest(text) == row["sha256"]:
                    found[_key(row)] = _passage(row, text, source, corpus)
                else:  # perhaps of another row: some files give an id twice
                    others.add(_key(row))
    if not found:
        file_, id_, *_ = next(iter(order))
        raise ValueError(
            f"None of the {len(order):,} annotated passages is in {', '.join(map(str, files))}; name the files "
            f"that hold them, such as {file_}.jsonl.gz with its row {id_!r}."
        )
    changed, missing = sum(key in others and key not in found for key in order), sum(key not in found for key in order)
    counts.update({"passages whose text is another one": changed, "passages that are not there": missing - changed})
    with text_file(out) as stream:
        for key in order:
            if key in found:
                counts.update({"passages": 1, "mentions": len(found[key]["entities"]), "labels": len(found[key]["labels"])})
                stream.write(json.dumps(found[key], ensure_ascii=False) + "\n")
    return {name: number for name, number in counts.items() if number}


def text_digest(text: str) -> str:
    """RETURNS (str): what tells whether a text is the one that was annotated."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:DIGITS]


def _key(row: Row) -> Key:
    return row["file"], row["id"], row["start"], row["sha256"]


def _passage(row: Row, text: str, source: Row, corpus: str) -> Row:
    labels = [name for kind in row["kinds"] for name in kind["names"]]
    marked = [(start, end, name) for kind in row["kinds"] for name in kind["names"] for start, end in kind["spans"]]
    return {
        "id": f"{row['file']}:{row['id']}:{row['start']}:{row['sha256'][:4]}",
        "doc_id": str(source.get("doc_id") or row["id"]),
        "text": text,
        "corpus": corpus,
        "source": str(source.get("source", "")),
        "license": str(source.get("license", "")),
        "labels": sorted(set(labels)),
        "entities": [{"start": start, "end": end, "label": name} for start, end, name in sorted(set(marked))],
    }


def _read_notes(paths: Sequence[Path]) -> Iterator[Row]:
    for path in paths:
        for given in read_rows(path, "sha256"):
            row = given.row or {}
            try:
                spans = [span for kind in row["kinds"] for span in kind["spans"]]
                names = [kind["names"] for kind in row["kinds"]]
                places = [row["start"], row["end"], *(place for span in spans for place in span)]
                named = all(isinstance(row[name], str) for name in ("file", "id")) and all(
                    isinstance(own, list) and own and all(isinstance(name, str) for name in own) for own in names
                )
                fits = all(type(place) is int and place >= 0 for place in places) and all(
                    start < end <= row["end"] - row["start"] for start, end in spans
                )
            except (KeyError, TypeError, ValueError):
                fits = named = False
            if not (fits and named):
                raise ValueError(
                    f"{given.name} is not a stand-off annotation; it needs file, id, start and end (whole numbers from 0), "
                    "sha256, and kinds with names and with spans within the text."
                )
            yield row
