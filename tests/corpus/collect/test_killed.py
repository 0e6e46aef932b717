"""The whole way from raw documents to a decontaminated collection, killed at random points: the end is the same, byte for byte."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any, Dict, List

import pytest

from spacy_gliner_biomed.corpus.collect import steps
from spacy_gliner_biomed.corpus.collect.balance import balance_plan, balance_step
from spacy_gliner_biomed.corpus.collect.decontaminate import decontaminate_settings, decontaminate_step
from spacy_gliner_biomed.corpus.collect.deduplicate import near_duplicates_plan
from spacy_gliner_biomed.corpus.collect.dropping import drop_listed
from spacy_gliner_biomed.corpus.collect.exact_duplicates import BY_ID, exact_duplicates_plan
from spacy_gliner_biomed.corpus.collect.heuristics import choose_thresholds
from spacy_gliner_biomed.corpus.collect.near_duplicates import find_duplicates
from spacy_gliner_biomed.corpus.collect.quality import cut_step, measure, score_settings, score_step
from spacy_gliner_biomed.corpus.collect.sources import SOURCES, into_shards
from tests.corpus.collect.making import all_bytes

ASSETS = Path(__file__).parents[3] / "project" / "assets"
TESTS = ASSETS / "test_passages.jsonl"
KILLS = 10
SIZE = 3  # passages in a shard


def collect(out: Path, log: Path) -> None:
    """Read five sources and take all steps; note in a file each shard that is worked on, and each that is read."""
    note_work(log)
    for name in sorted(SOURCES):
        into_shards.read_into(out / "read" / name, SOURCES[name], [str(ASSETS / "raw" / name)], size=SIZE, progress=False)
    near = {"threshold": 0.9, "method": "exact", "split": True}
    run = partial(steps.run_step, progress=False)
    run("score", [out / "read" / name for name in sorted(SOURCES)], out / "scored", score_step, score_settings())
    run("filter", out / "scored", out / "filtered", cut_step, {"thresholds": choose_thresholds()})
    run("exact", out / "filtered", out / "exact", drop_listed, {"by_id": BY_ID}, plan=exact_duplicates_plan)
    run("near", out / "exact", out / "unique", drop_listed, near, plan=near_duplicates_plan)
    balance = {"seed": 42, "per_source": 5, "sources": None}
    run("balance", out / "unique", out / "balanced", balance_step, balance, plan=balance_plan)
    step = partial(decontaminate_step, files=(TESTS,))
    run("decontaminate", out / "balanced", out / "clean", step, decontaminate_settings([TESTS], 13))


def note_work(log: Path) -> None:
    """Write a line to a file for each shard that a step works on, and for each that a reading has finished.

    It changes modules for good: only a process that ends with its work may call it.
    """
    work, store = steps.work_on_shard, into_shards._Unfinished.store

    def worked(path: Path, *given: Any) -> Any:
        note(log, f"step {path.parent.name} {path.name}")
        return work(path, *given)

    def stored(self: Any, report: Any, shards: List[str], taken: Any) -> None:
        note(log, f"read {self.path.parent.parent.name} {len(shards)}")
        store(self, report, shards, taken)

    steps.work_on_shard = worked
    into_shards._Unfinished.store = stored
    os.fsync = lambda _: None  # a kill loses nothing that was handed to the system


def note(log: Path, line: str) -> None:
    """Add a line that is there even after a kill."""
    with log.open("a") as stream:
        stream.write(line + "\n")


def whole_files(out: Path) -> Dict[str, bytes]:
    """RETURNS (dict): the files by name with their bytes; what a kill left half written has another name."""
    return {name: data for name, data in all_bytes(out).items() if ".partial" not in name}


def worked_on(log: Path) -> int:
    """RETURNS (int): shards that were worked on, one that was done again counted again."""
    return len(log.read_text().splitlines()) if log.is_file() else 0


@pytest.mark.timeout(600)
def test_ten_kills_at_random_points(tmp_path: Path) -> None:
    """Kill -9 ten times: each collection ends as the undisturbed one, and a kill costs the shard it met and no other."""
    context, chance = multiprocessing.get_context("fork"), random.Random(23)
    measure("What is loaded once here, every process would load by itself.")
    find_duplicates(["the same words", "the same words"])

    def started(out: Path) -> Any:
        process = context.Process(target=collect, args=(out, out.with_suffix(".log")))
        process.start()
        return process

    begin = time.monotonic()
    undisturbed = started(tmp_path / "whole")
    undisturbed.join()
    seconds = time.monotonic() - begin
    whole, n_shards = whole_files(tmp_path / "whole"), worked_on(tmp_path / "whole.log")
    assert 0 == undisturbed.exitcode and n_shards > 50

    n_kills = n_collections = 0
    while n_kills < KILLS:
        out, own_kills, process = tmp_path / f"out{n_collections}", 0, None
        while process is None or process.exitcode != 0:
            process = started(out)
            if n_kills + own_kills < KILLS:
                process.join(chance.uniform(0.0, seconds))
                if process.exitcode is None:
                    os.kill(process.pid, signal.SIGKILL)
            process.join()
            assert process.exitcode in (0, -signal.SIGKILL)
            own_kills += process.exitcode == -signal.SIGKILL
        assert whole_files(out) == whole
        assert worked_on(out.with_suffix(".log")) <= n_shards + own_kills
        n_kills += own_kills
        n_collections += 1
        assert n_collections < 40
    assert KILLS == n_kills
