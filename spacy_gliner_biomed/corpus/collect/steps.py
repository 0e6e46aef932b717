"""Runs one step of the collection over a folder of shards, and continues after a kill.

A step is a generator: passages of one shard in, passages out. It depends on nothing but the shard and its settings, so that
shards can run in any process, or under another engine. Beside each finished shard lies a record with a key: the hash of the
input shard, the step's name and version, and its settings. A second run does only the shards whose key or bytes have
changed. A step that must see all passages first makes a plan from them, one instruction a shard; the instruction is part of
the shard's key, so that a new plan redoes only the shards that it treats otherwise.

    IN/shard-00000.jsonl.gz …
    OUT/shard-00000.jsonl.gz            passages
        records/step.json               the step's name: no other may write here
        records/shard-00000.json        key, hash, counts
        records/plan.jsonl.gz           key, and an instruction a line
        counts.json                     the sum
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import threading
import time
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Callable, Deque, Dict, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, Union

from tqdm import tqdm

from ..assets import sha256
from .counts import Counts, add_up
from .passages import (
    SHARDS,
    PackedLines,
    Passage,
    read_passages,
    remove_shards_from,
    shard_files,
    shard_name,
    write_bytes,
)

COUNTS = "counts.json"
RECORDS = "records"
PLAN = "plan.jsonl.gz"
OWNER = "step.json"
INSTRUCTION = "plan"  # under this name the settings of a shard hold what the plan says about it

Settings = Mapping[str, Any]
Work = Callable[[Iterator[Passage], Settings, Counts], Iterator[Passage]]
Plan = Callable[[Sequence[Path], Settings], Iterable[Any]]


@dataclass(frozen=True)
class _Task:
    """One shard to do: its number, file, key, and the settings with the plan's instruction for it."""

    number: int
    path: Path
    key: str
    settings: Settings


def run_step(
    name: str,
    inputs: Union[Path, Sequence[Path]],
    out: Path,
    function: Work,
    settings: Optional[Settings] = None,
    *,
    version: int = 1,
    plan: Optional[Plan] = None,
    workers: int = 1,
    progress: bool = True,
) -> Dict[str, Any]:
    """Run a step over all shards, but for those that an earlier run has done.

    name (str): the step's name.
    inputs (Path or sequence): folders of shards, or single JSON Lines files; the first file becomes shard 0 and so on.
    out (Path): folder for the shards; it must not be one of the inputs.
    function (callable): `function(passages, settings, counts)` yields the passages to hand on, in order, and calls
        `counts.drop(passage, reason)` for each of the others. With several workers it is sent to other processes: a
        function of a module, or a `functools.partial` of one whose arguments do not change the outcome.
    settings (mapping): ready for JSON. Everything that the outcome depends on, files by their hash.
    version (int): to be raised when the function's outcome changes.
    plan (callable): for a step that must see everything first: `plan(files, settings)` yields one instruction, ready for
        JSON, for each file in order; the function finds it as `settings["plan"]`.
    workers (int): processes; 1 works in this one.
    progress (bool): a bar on stderr, where that is a terminal.
    RETURNS (dict): what `counts.json` holds: `step`, `version`, `settings`, `shards`, `sha256` (of the shards' hashes in
        order) and the sums of `Counts.to_dict()`.
    RAISES (ValueError): as `check_target`; and for a broken line, with file and line: the shards done by then stay done.
    RAISES (FileNotFoundError): where there is nothing to read.
    """
    folders = [inputs] if isinstance(inputs, (str, Path)) else list(inputs)
    out = Path(out)
    check_target(name, folders, out)
    if workers < 1:
        raise ValueError(f"A step needs at least one worker, not {workers}.")
    files = shard_files(*map(Path, folders))
    own: Dict[str, Any] = json.loads(json.dumps(dict(settings or {}), allow_nan=False))
    hashes = [sha256(file) for file in files]
    _write_json(out / RECORDS / OWNER, {"step": name})  # first: whose the folder is, even after a kill
    identity = [name, version, own]
    instructions = _planned(plan, files, own, out, _key(identity, hashes)) if plan else None

    def tasks() -> Iterator[_Task]:
        for number, (file, its_hash) in enumerate(zip(files, hashes, strict=True)):
            full = own if instructions is None else {**own, INSTRUCTION: next(instructions)}
            yield _Task(number, file, _key([name, version, full], its_hash), full)

    with tqdm(total=len(files), desc=name, unit=" shards", disable=None if progress else True) as bar:
        for _ in _run(tasks(), function, out, workers):
            bar.update()
    return _finish(name, version, own, out, len(files))


def check_target(name: str, inputs: Sequence[Path], out: Path) -> None:
    """Make sure that a step writes over nothing but what it has written itself.

    name (str): the step's name, or that of its command.
    inputs (sequence): what it reads.
    out (Path): where it is to write.
    RAISES (ValueError): where `out` is one of the inputs, or holds passages that another step, or none, has written.
    """
    read = {path.parent if path.is_file() else path for path in (Path(each).resolve() for each in inputs)}
    if Path(out).resolve() in read:
        raise ValueError(f"'{name}' cannot write to '{out}', which it reads from; name another folder.")
    # What an earlier version has read into a folder is known by its sum alone
    owner = (_read_json(Path(out) / RECORDS / OWNER) or _read_json(Path(out) / COUNTS) or {}).get("step")
    if any(Path(out).glob(SHARDS)) and owner != name:
        raise ValueError(f"The folder '{out}' holds other passages; empty it or name another.")


def read_counts(folder: Path) -> Dict[str, Any]:
    """RETURNS (dict): the `counts.json` of a folder that a step has filled.

    RAISES (ValueError): where the folder has none, or a damaged one; one sentence.
    """
    path = Path(folder) / COUNTS
    found = _read_json(path)
    if found is None or not {"step", "in", "out", "reasons", "sha256"} <= found.keys():
        raise ValueError(f"'{path}' does not hold the counts of a step; name a folder that a step has filled.")
    return found


def _run(tasks: Iterator[_Task], function: Work, out: Path, workers: int) -> Iterator[int]:
    """Do what is to be done; yields the number of each shard when it is there."""
    if workers == 1:
        for task in tasks:
            if not _is_done(out, task):
                _store(out, task, work_on_shard(task.path, function, task.settings))
            yield task.number
        return
    waiting: Deque[Tuple[_Task, Optional[Future[Tuple[bytes, Dict[str, Any]]]]]] = deque()
    # Forked processes would inherit torch's threads in an undefined state
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with_parent, initargs=(os.getpid(),))
    try:
        for task in tasks:
            done = _is_done(out, task)
            waiting.append((task, None if done else pool.submit(work_on_shard, task.path, function, task.settings)))
            if len(waiting) > 2 * workers:  # finished shards lie in memory until it is their turn
                yield _collect(out, *waiting.popleft())
        while waiting:
            yield _collect(out, *waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _collect(out: Path, task: _Task, future: Optional[Future[Tuple[bytes, Dict[str, Any]]]]) -> int:
    if future is not None:
        _store(out, task, future.result())
    return task.number


def work_on_shard(path: Path, function: Work, settings: Settings) -> Tuple[bytes, Dict[str, Any]]:
    """Do one shard; nothing is written, so that any process may do it, and do it twice.

    path (Path): the shard.
    function (callable), settings (mapping): as for `run_step`.
    RETURNS (tuple): the bytes of the new shard, and its counts.
    RAISES (RuntimeError): where the function lost passages without saying why.
    """
    counts, lines = Counts(), PackedLines()

    def read() -> Iterator[Passage]:
        for passage in read_passages(path):
            counts.passages_in[passage.source] += 1
            yield passage

    for passage in function(read(), settings, counts):
        lines.add(passage)
        counts.passages_out[passage.source] += 1
    if counts.passages_in != counts.passages_out + counts.dropped:
        raise RuntimeError(
            f"{path}: {counts.passages_in.total()} passages went in, {counts.passages_out.total()} came out and "
            f"{counts.dropped.total()} were dropped; a step must account for each passage."
        )
    return lines.close(), counts.to_dict()


def _planned(plan: Plan, files: Sequence[Path], settings: Settings, out: Path, key: str) -> Iterator[Any]:
    """The instructions of the plan, made now or by an earlier run, one at a time."""
    path = out / RECORDS / PLAN
    if not _has_key(path, key):
        lines = [json.dumps(each, ensure_ascii=False, allow_nan=False) for each in (key, *plan(files, settings))]
        if len(lines) != len(files) + 1:
            raise RuntimeError(f"A plan for {len(files)} shards holds {len(lines) - 1} instructions.")
        write_bytes(path, gzip.compress("\n".join(lines).encode("utf-8"), mtime=0))
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        next(stream)
        for line in stream:
            yield json.loads(line)


def _has_key(path: Path, key: str) -> bool:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            return json.loads(next(stream)) == key
    except (OSError, EOFError, ValueError, StopIteration):
        return False


def _is_done(out: Path, task: _Task) -> bool:
    record, shard = _read_json(_record_path(out, task.number)), out / shard_name(task.number)
    return record is not None and record.get("key") == task.key and shard.is_file() and record.get("sha256") == sha256(shard)


def _store(out: Path, task: _Task, result: Tuple[bytes, Dict[str, Any]]) -> None:
    data, counts = result
    record = {"key": task.key, "sha256": hashlib.sha256(data).hexdigest(), "counts": counts}
    write_bytes(out / shard_name(task.number), data)
    _write_json(_record_path(out, task.number), record)  # last: with it, the shard is done


def _finish(name: str, version: int, settings: Settings, out: Path, n_shards: int) -> Dict[str, Any]:
    """Remove what an earlier run had more, and sum up."""
    remove_shards_from(out, n_shards)
    for path in (out / RECORDS).glob("shard-*.json"):
        number = path.stem.removeprefix("shard-")
        if number.isdigit() and int(number) >= n_shards:
            path.unlink()
    records = [_read_json(_record_path(out, number)) or {} for number in range(n_shards)]
    total = {
        "step": name,
        "version": version,
        "settings": dict(settings),
        "shards": n_shards,
        "sha256": _key([record["sha256"] for record in records]),
        **add_up(record["counts"] for record in records),
    }
    _write_json(out / COUNTS, total)
    return total


def _record_path(out: Path, number: int) -> Path:
    return out / RECORDS / f"shard-{number:05d}.json"


def _read_json(path: Path) -> Optional[Dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
        write_bytes(path, text.encode("utf-8"))


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()


def _end_with_parent(parent: int) -> None:
    """Let a worker end when the process that started it is killed; it would wait for work for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
