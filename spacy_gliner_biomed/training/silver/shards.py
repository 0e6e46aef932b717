"""A folder of shard files that a run fills, and that a later run continues after a kill.

A shard appears whole or not at all, so that those there are done. The settings are kept beside them: a run with other
settings does not mix its rows with theirs.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Tuple

from tqdm import tqdm

from ...annotate.output import text_file
from .passages import UnlabelledPassage

SHARD_SIZE = 2000
SHARDS = "shard-*.jsonl.gz"
SETTINGS = "settings.json"
SUMMARY = "summary.json"

Row = Dict[str, Any]
Document = List[UnlabelledPassage]
Work = Callable[[List[Document]], Tuple[List[Row], Mapping[str, int]]]


class ShardFolder:
    """A folder of shards.

    folder (Path): made where it is not there.
    settings (mapping): what the rows depend on, ready for JSON; written at once.
    RAISES (ValueError): where the folder was filled with other settings, or holds other things.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        path = folder / SETTINGS
        wanted = json.loads(json.dumps(settings))
        if path.is_file() and any(folder.glob(SHARDS)):
            there = json.loads(path.read_text(encoding="utf-8"))
            changed = sorted(name for name in {*there, *wanted} if not _is_same(name, there, wanted))
            if changed:
                raise ValueError(f"The folder '{folder}' was filled with another {changed[0]}; empty it or name another.")
        elif folder.is_dir() and any(folder.iterdir()) and not path.is_file():
            raise ValueError(f"The folder '{folder}' holds something else; empty it or name another.")
        else:
            with text_file(path) as stream:
                stream.write(json.dumps(wanted, indent=1, ensure_ascii=False, sort_keys=True) + "\n")

    def fill(
        self, documents: Iterable[Document], work: Work, shard_size: int = SHARD_SIZE, progress: bool = True, total: int = 0
    ) -> Dict[str, int]:
        """Work through documents and write a shard for every so many passages; shards that are there are passed over.

        documents (iterable): read one shard ahead; a document is never divided between shards.
        work (callable): documents → rows to write, and counts to add up.
        shard_size (int): passages after which a shard ends with its document.
        progress (bool): a bar on stderr, where that is a terminal.
        total (int): passages in all, for the bar; 0 where unknown.
        RETURNS (dict): the counts of all shards, also written to `summary.json`.
        """
        counts: Counter[str] = Counter()
        with tqdm(total=total or None, unit=" passages", disable=None if progress else True) as bar:
            for number, shard in enumerate(_shards(documents, shard_size)):
                counts.update(self._shard(number, shard, work))
                bar.update(sum(len(document) for document in shard))
        with text_file(self.folder / SUMMARY) as stream:
            stream.write(json.dumps(dict(sorted(counts.items())), indent=1, ensure_ascii=False) + "\n")
        return dict(counts)

    def _shard(self, number: int, documents: List[Document], work: Work) -> Mapping[str, int]:
        path = self.folder / f"shard-{number:05d}.jsonl.gz"
        counts_path = self.folder / "counts" / f"shard-{number:05d}.json"
        if path.is_file() and counts_path.is_file():
            return json.loads(counts_path.read_text(encoding="utf-8"))
        rows, counts = work(documents)
        with text_file(counts_path) as stream:
            stream.write(json.dumps(dict(counts), ensure_ascii=False) + "\n")
        with text_file(path) as stream:  # last: where it is, the shard is done
            for row in rows:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        return counts


def count_lines(files: Iterable[Path]) -> int:
    """RETURNS (int): lines of text files, plain or gzipped; how many passages there are, about, for a progress bar."""
    n_lines = 0
    for file in files:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
            n_lines += sum(1 for _ in lines)
    return n_lines


def _is_same(name: str, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a setting is the same, `there` also as earlier versions wrote it: files as name → hash, those of `exclude` as the
    names of the paths alone, whose content nobody noted; and not at all what they did not know."""
    if name not in there or name not in wanted:
        return name in wanted
    before, now = there[name], wanted[name]
    if isinstance(before, dict) and isinstance(now, list):
        return sorted(map(list, before.items())) == sorted(now)
    if name == "exclude" and before and now and all(isinstance(path, str) for path in before):
        return True
    return bool(before == now)


def _shards(documents: Iterable[Document], shard_size: int) -> Iterator[List[Document]]:
    shard: List[Document] = []
    n_passages = 0
    for document in documents:
        shard.append(document)
        n_passages += len(document)
        if n_passages >= shard_size:
            yield shard
            shard, n_passages = [], 0
    if shard:
        yield shard
