"""Small collections for tests, and steps that run on them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List

from spacy_gliner_biomed.corpus.collect.counts import Counts
from spacy_gliner_biomed.corpus.collect.passages import Passage, ShardWriter, read_passages


def make_passages(n: int, source: str = "pubmed") -> List[Passage]:
    """RETURNS (list): passages that all differ."""
    return [Passage(f"{source}{i}", f"Text number {i} of {source}.", source, f"d{i // 2}") for i in range(n)]


def write(folder: Path, passages: Iterable[Passage], size: int = 3) -> Path:
    """RETURNS (Path): the folder, with the passages in shards."""
    with ShardWriter(folder, size) as writer:
        writer.write_all(passages)
    return folder


def ids(folder: Path) -> List[str]:
    """RETURNS (list): the ids of a folder's passages, in order."""
    return [passage.id for passage in read_passages(folder)]


def all_bytes(folder: Path) -> Dict[str, bytes]:
    """RETURNS (dict): every file in and below a folder, whatever its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def shout(passages: Iterator[Passage], settings: Dict[str, Any], counts: Counts) -> Iterator[Passage]:
    """A step: drops ids that end in a digit of `settings["drop"]`; says in a file which shards it has worked on, if asked."""
    first = True
    for passage in passages:
        if first and "log" in settings:
            with open(settings["log"], "a") as log:
                log.write(f"{passage.id} {os.getpid()}\n")
        first = False
        time.sleep(settings.get("pause", 0.0))
        if passage.id[-1] in settings.get("drop", ""):
            counts.drop(passage, "digit", note=f"ends in {passage.id[-1]}")
        else:
            counts.tally("letters", passage.source, len(passage.text))
            yield passage.with_scores({"length": len(passage.text)})
