"""Annotated corpora in the uniform format: a JSON object a line, plain or gzipped, and the labels each annotates.

A row holds `id`, `text` and `entities`, each entity `start`, `end` (character offsets into `text`, end exclusive) and
`label`. A folder of corpora holds `train/` and `dev/`, and may hold `MANIFEST.json`, which lists the label inventory of
each file: a label outside a corpus' inventory is unknown there, not absent.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Iterator, List, Optional, Sequence, Tuple

from .strict import Mention

SUFFIXES = (".jsonl.gz", ".jsonl")


@dataclass(frozen=True)
class GoldPassage:
    """A passage and its gold mentions, each `(start, end, label)` in characters of `text`, end exclusive."""

    id: str
    text: str
    mentions: Tuple[Mention, ...]


@dataclass(frozen=True)
class GoldCorpus:
    """A corpus file and the labels it annotates, most frequent first where that is known."""

    name: str
    path: Path
    labels: Tuple[str, ...]

    def is_nested(self) -> bool:
        """RETURNS (bool): whether at least one mention in a hundred begins inside another; reads the file once."""
        n_mentions = n_inside = 0
        for passage in self.passages():
            furthest = -1
            for start, end in sorted({mention[:2] for mention in passage.mentions}, key=lambda span: (span[0], -span[1])):
                n_mentions += 1
                n_inside += start < furthest
                furthest = max(furthest, end)
        return n_inside * 100 >= max(n_mentions, 1)

    def passages(self) -> Iterator[GoldPassage]:
        """YIELDS (GoldPassage): the passages in file order, read one at a time."""
        return read_passages(self.path)


def find_corpora(folder: Path, part: str = "dev") -> List[GoldCorpus]:
    """The corpora of one part of a folder, in alphabetical order.

    folder (Path): holds a folder named `part`, and `MANIFEST.json` where there is one.
    part (str): `dev`, `train`, …
    RETURNS (List[GoldCorpus]): one for each `.jsonl` or `.jsonl.gz`.
    RAISES (FileNotFoundError): where there is no such file.
    """
    files = sorted(path for suffix in SUFFIXES for path in (folder / part).glob("*" + suffix))
    if not files:
        raise FileNotFoundError(f"No .jsonl or .jsonl.gz file in '{folder / part}'; name the folder that holds it.")
    return [open_corpus(path) for path in files]


def choose_corpora(folder: Path, part: str = "dev", names: Sequence[str] = ()) -> List[GoldCorpus]:
    """Some corpora of one part of a folder.

    folder, part: as for `find_corpora`.
    names (Sequence[str]): the corpora wanted; all of them where empty.
    RETURNS (List[GoldCorpus]): in alphabetical order.
    RAISES (ValueError): for a name that the folder does not hold.
    """
    corpora = find_corpora(folder, part)
    known = [corpus.name for corpus in corpora]
    for name in names:
        if name not in known:
            raise ValueError(f"There is no corpus '{name}' in '{folder / part}'; it holds {', '.join(known)}.")
    return [corpus for corpus in corpora if not names or corpus.name in names]


def open_corpus(path: Path) -> GoldCorpus:
    """A corpus by its file; its inventory comes from `../MANIFEST.json` or else from reading the file once.

    path (Path): a `.jsonl` or `.jsonl.gz` file.
    RETURNS (GoldCorpus): name (the file's, without suffix), path and labels.
    """
    name = path.name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    labels = _manifest_labels(path.parent.parent / "MANIFEST.json", name)
    return GoldCorpus(name, path, labels if labels is not None else _labels_met(path))


def read_passages(path: Path) -> Iterator[GoldPassage]:
    """Read a corpus file line by line.

    path (Path): a `.jsonl` or `.jsonl.gz` file.
    YIELDS (GoldPassage): one a row; a missing `id` becomes the line's number.
    RAISES (ValueError): names file and line where a row is not an object with `text` and `entities`, or a mention does
        not lie inside the text.
    """
    with _open(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                text = row["text"]
                mentions = tuple((int(e["start"]), int(e["end"]), str(e["label"])) for e in row["entities"])
            except (ValueError, KeyError, TypeError) as error:
                reason = f"no {error}" if isinstance(error, KeyError) else str(error)
                raise ValueError(f"{path}, line {number}: not a row with 'text' and 'entities' ({reason}).") from error
            for start, end, label in mentions:
                if not 0 <= start < end <= len(text):
                    raise ValueError(
                        f"{path}, line {number}: '{label}' at {start}-{end} leaves its text of {len(text)} characters."
                    )
            yield GoldPassage(str(row.get("id", number)), text, mentions)


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _labels_met(path: Path) -> Tuple[str, ...]:
    labels = {label for passage in read_passages(path) for _, _, label in passage.mentions}
    return tuple(sorted(labels))


def _manifest_labels(path: Path, name: str) -> Optional[Tuple[str, ...]]:
    if not path.is_file():
        return None
    for files in json.loads(path.read_text(encoding="utf-8")).values():
        labels = files.get(name, {}).get("labels") if isinstance(files, dict) else None
        if labels:
            return tuple(labels)
    return None
