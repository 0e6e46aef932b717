"""Reads a source into a folder of shards, and continues after a kill.

What is read is divided into parts: a file that is large by itself, several small ones, a query. The shards of a part lie
behind those of the parts before it; beside them is a record with the part's key: the hashes of its files, the settings. A
second run reads only parts whose key or shards have changed, and those behind them, whose numbers may have.

A part that was broken off goes on behind its last finished shard. Of what lies before, nothing is packed or written again.
Read again is only the piece that shard ends in: a file or, of an archive, an entry. It is unpacked and parsed from its beginning
(about 30 MB of XML a second), as compressed files cannot be entered in the middle; pieces before it are not opened, pages that
were fetched stay. The hashes of a part's files are always computed.

    OUT/shard-00000.jsonl.gz …
        records/step.json                   the source's name: no other source or step may write here
        records/part-00000.json             key, hashes of its shards, counts
        records/unfinished-00000.json       of a part that is not: key, hashes of the shards there are, where to go on
        counts.json                         the sum, as the other steps write it
        problems.txt                        what was broken: file, line, a sentence
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from tqdm import tqdm

from ...assets import sha256
from ..counts import Counts, add_up
from ..passages import (
    SHARD_SIZE,
    SHARDS,
    Passage,
    ShardWriter,
    read_passages,
    remove_shards_from,
    shard_name,
    write_bytes,
)
from ..steps import COUNTS, OWNER, RECORDS, check_target
from .base import Source
from .files import is_wanted, links_out, other_endings, plain_files, report_links
from .places import is_fetched
from .report import Report

VERSION = 2  # to be raised when a source gives other passages
PART_BYTES = 64 << 20  # of small files that are read as one part
PROBLEMS, PROBLEM_TALLY = "problems.txt", "problems"


def read_into(
    out: Path,
    source: Source,
    wheres: Sequence[str],
    settings: Optional[Mapping[str, Any]] = None,
    raw: Optional[Path] = None,
    size: int = SHARD_SIZE,
    progress: bool = True,
) -> Dict[str, Any]:
    """Read a source into shards.

    out (Path): the folder for the shards.
    source (Source): what to read.
    wheres (sequence): files, folders, or what else the source reads, in order.
    settings (mapping): values for some of the source's settings.
    raw (Path): a folder for what is fetched; `out/raw` without.
    size (int): passages in a shard.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): what `counts.json` holds: `step`, `version`, `settings`, `shards`, `sha256`, and the sums of
        `Counts.to_dict()`: `in` counts what was read and what was left out, `tallies` the broken documents.
    RAISES (ValueError): for a wrong setting, and for what cannot be read at all; where `out` holds other passages, or lies in
        a folder that is read; where a folder holds only what is not read; and where it holds passages and there is nothing to
        read at all.
    RAISES (OSError): where a server fails for long; what was read and fetched by then stays.
    """
    complete, step = source.complete(settings), f"read {source.name}"
    folder = out / "raw" if raw is None else raw
    if not _is_unfinished(out):
        check_target(step, [], out)
    parts = [part for where in wheres for part in _parts(source, where, out)]
    if not parts and any(out.glob(SHARDS)) and next(read_passages(out), None) is not None:
        names = ", ".join(f"'{where}'" for where in wheres)
        raise ValueError(f"What to read ({names}) is empty, and '{out}' holds passages; empty that too, or name another folder.")
    _write_json(out / RECORDS / OWNER, {"step": step})  # first: whose the folder is, even after a kill
    records: List[Dict[str, Any]] = []
    first = 0
    with tqdm(desc=source.name, unit=" passages", disable=None if progress else True) as bar:
        for number, part in enumerate(parts):
            path = out / RECORDS / f"part-{number:05d}.json"
            fingerprints = [_fingerprint(where) for where in part.files]
            key = _key(VERSION, source.name, complete, size, first, fingerprints, part.links, part.others)
            record = _read_json(path)
            if record is None or record.get("key") != key or not _is_whole(out, first, record):
                unfinished = _Unfinished(out, number, key, first, size)
                read = _read_part(out, source, part.files, complete, folder, unfinished, bar, part.links, part.others)
                record = {"key": key, **read}
                _write_json(path, record)  # with it, the part is done
                unfinished.path.unlink(missing_ok=True)
            records.append(record)
            first += len(record["shards"])
    return _finish(out, source, step, complete, records, first)


def _is_unfinished(out: Path) -> bool:
    """Whether a reading of an earlier version was broken off here: it noted its parts at once, and its name only at the end."""
    records = out / RECORDS
    noted = any(any(records.glob(name)) for name in ("part-*.json", "unfinished-*.json"))
    return noted and not (records / OWNER).exists() and not (out / COUNTS).exists()


class _Part(NamedTuple):
    """What is read one after the other.

    files (list): files of a folder, or what was given.
    links (list), others (int): of a folder's first part: its links that are not followed, how many files have other endings.
    """

    files: List[str]
    links: Sequence[str] = ()
    others: int = 0


def _parts(source: Source, where: str, out: Path) -> Iterator[_Part]:
    """YIELDS (_Part): the parts of a folder, none of an empty one; one where it is no folder, or must be read as one."""
    if is_fetched(where) or not Path(where).is_dir():
        yield _Part([where])
        return
    files = list(plain_files(Path(where)))
    wanted = [file for file in files if is_wanted(file.name, source.suffixes)]
    links = [str(link) for link in links_out(Path(where))]
    _check_folder(source, Path(where), out, bool(wanted), len(files), links)
    if source.whole_folders:
        if wanted:
            yield _Part([where])
        return
    beside: Tuple[Sequence[str], int] = (links, len(files) - len(wanted))
    part: List[str] = []
    n_bytes = 0
    for file in wanted:
        part.append(str(file))
        n_bytes += file.stat().st_size
        if n_bytes >= PART_BYTES:
            yield _Part(part, *beside)
            part, n_bytes, beside = [], 0, ((), 0)
    if part:
        yield _Part(part, *beside)


def _check_folder(source: Source, folder: Path, out: Path, is_read: bool, n_files: int, links: Sequence[str]) -> None:
    """RAISES (ValueError): where a run would read its own passages, or a folder holds only what is not read."""
    if out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"'{out}' lies in '{folder}', where the next run would read it; name a folder elsewhere.")
    if is_read:
        return
    if links:
        raise ValueError(
            f"'{folder}' holds nothing to read but links that lead out of it, as '{links[0]}', and those are not followed; "
            "name the files themselves."
        )
    if n_files:
        endings = ", ".join((*source.suffixes, ".zip"))
        raise ValueError(f"'{folder}' holds no file for {source.name}, which end in {endings}, packed or not; name another.")


def _read_part(
    out: Path,
    source: Source,
    part: Sequence[str],
    settings: Mapping[str, Any],
    raw: Path,
    unfinished: _Unfinished,
    bar: Any,
    links: Sequence[str],
    others: int,
) -> Dict[str, Any]:
    report, counts = Report(), Counts()
    shards, taken = unfinished.restore(report)
    if not shards:  # else they are in what was restored
        report_links(links, report)
        if others:
            report.leave_out(other_endings(source.suffixes), others)
    n_written = len(shards) * unfinished.size
    with ShardWriter(out, unfinished.size, unfinished.first + len(shards)) as writer:
        writer.count = n_written
        for number in range(report.mark.where, len(part)):
            report.start(number)
            earlier = partial(unfinished.passages, shards[:], report.mark.begun, report.mark.passages)
            for passage in source.read(part[number], settings, report, raw, earlier):
                report.passages += 1
                if report.passages <= n_written:
                    continue  # the shard that was finished last holds it
                writer.write(passage)
                taken[passage.source] += 1
                bar.update()
                if writer.count % unfinished.size == 0:
                    shards.append(sha256(out / shard_name(writer.shards - 1)))
                    unfinished.store(report, shards, taken)
    counts.passages_in, counts.passages_out = Counter(taken), Counter(taken)
    for reason, n in report.left_out.items():
        counts.reasons.setdefault(reason, Counter())[source.name] += n
        counts.passages_in[source.name] += n
        counts.dropped[source.name] += n
    if report.count:
        counts.tally(PROBLEM_TALLY, source.name, report.count)
    shards += [sha256(out / shard_name(number)) for number in range(unfinished.first + len(shards), writer.shards)]
    return {"shards": shards, "counts": counts.to_dict(), "problems": [str(problem) for problem in report]}


class _Unfinished:
    """How far a part has been read: beside it while it is, so that a later run goes on there.

    out (Path), number (int), key (str): the folder, the part's number and key.
    first (int): the number of the part's first shard.
    size (int): passages in a shard.
    """

    def __init__(self, out: Path, number: int, key: str, first: int, size: int) -> None:
        self.path = out / RECORDS / f"unfinished-{number:05d}.json"
        self.first, self.size = first, size
        self._out, self._key = out, key

    def restore(self, report: Report) -> Tuple[List[str], Counter[str]]:
        """Set a report to where an earlier run was broken off, if there is one, and its shards are as it left them.

        RETURNS (tuple): the hashes of the shards there are, and the numbers of passages in them by source.
        """
        try:
            row = json.loads(self.path.read_text(encoding="utf-8"))
            if row["key"] == self._key and _is_whole(self._out, self.first, row):
                shards, taken = list(row["shards"]), Counter(row["taken"])
                report.restore(row["mark"])
                return shards, taken
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return [], Counter()

    def store(self, report: Report, shards: Sequence[str], taken: Mapping[str, int]) -> None:
        """Write down how far it is; to be called when a shard is finished."""
        row = {"key": self._key, "shards": list(shards), "taken": dict(taken), "mark": report.to_dict()}
        _write_json(self.path, row)

    def passages(self, shards: Sequence[str], begin: int, end: int) -> Iterator[Passage]:
        """YIELDS (Passage): those of the part from number `begin` to `end`, from its shards."""
        files = [self._out / shard_name(self.first + number) for number in range(len(shards))]
        return islice(read_passages(*files), begin, end) if end > begin else iter(())


def _finish(
    out: Path, source: Source, step: str, settings: Mapping[str, Any], records: Sequence[Mapping[str, Any]], n_shards: int
) -> Dict[str, Any]:
    """Remove what an earlier run had more, and sum up."""
    remove_shards_from(out, n_shards)
    for path in (out / RECORDS).glob("part-*.json"):
        if path.stem.removeprefix("part-").isdigit() and int(path.stem.removeprefix("part-")) >= len(records):
            path.unlink()
    for path in (out / RECORDS).glob("unfinished-*.json"):  # of a run with other settings
        path.unlink()
    problems = [line for record in records for line in record["problems"]]
    write_bytes(out / PROBLEMS, "".join(f"{line}\n" for line in problems).encode("utf-8", "backslashreplace"))
    total = {
        "step": step,
        "version": VERSION,
        "settings": json.loads(json.dumps(settings)),
        "shards": n_shards,
        "sha256": _key([digest for record in records for digest in record["shards"]]),
        **add_up(record["counts"] for record in records),
    }
    _write_json(out / COUNTS, total)
    return total


def _fingerprint(where: str) -> List[Any]:
    """RETURNS (list): what tells whether there is anything else to read now; for what is fetched, only where it is."""
    if is_fetched(where):
        return [where, ""]
    path = Path(where)
    if path.is_dir():
        return [where, [[file.relative_to(path).as_posix(), sha256(file)] for file in plain_files(path)]]
    return [where, sha256(path) if path.is_file() else ""]


def _is_whole(out: Path, first: int, record: Mapping[str, Any]) -> bool:
    files = [out / shard_name(first + number) for number in range(len(record["shards"]))]
    return all(file.is_file() for file in files) and [sha256(file) for file in files] == record["shards"]


def _read_json(path: Path) -> Optional[Dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"key", "shards", "counts", "problems"} <= found.keys() else None


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    write_bytes(
        path,
        (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8", "backslashreplace"),
    )


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()
