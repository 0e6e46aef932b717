"""The runner of steps: what is done stays done, what has changed is done again, and a kill at any time changes nothing."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import pytest

from spacy_gliner_biomed.corpus.collect.counts import EXAMPLES
from spacy_gliner_biomed.corpus.collect.passages import Passage, read_passages, shard_files
from spacy_gliner_biomed.corpus.collect.steps import read_counts, run_step
from tests.corpus.collect.making import all_bytes, ids, make_passages, shout, write


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Seven shards of three passages, two sources."""
    return write(tmp_path / "in", [*make_passages(12), *make_passages(9, "patents")])


def run(folder: Path, out: Path, **settings: Any) -> Dict[str, Any]:
    """RETURNS (dict): the counts of the step `shout`."""
    return run_step("shout", folder, out, shout, settings, progress=False)


def times(out: Path) -> Dict[str, int]:
    """RETURNS (dict): when each file was written."""
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


def worked_on(log: Path) -> List[str]:
    """RETURNS (list): the first passage of each shard that was worked on, and the log is empty again."""
    lines = log.read_text().splitlines() if log.is_file() else []
    log.unlink(missing_ok=True)
    return [line.split()[0] for line in lines]


def is_running(process: int) -> bool:
    """RETURNS (bool): False too for one that has ended and that nobody has asked about."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_passages_go_through_and_are_counted(tmp_path: Path, collection: Path) -> None:
    """In, out, dropped by reason and source, tallies and examples, over all shards."""
    counts = run(collection, tmp_path / "out", drop="12")
    assert [each for each in ids(collection) if each[-1] not in "12"] == ids(tmp_path / "out")
    assert counts["in"] == {"patents": 9, "pubmed": 12} and counts["out"] == {"patents": 7, "pubmed": 9}
    assert counts["dropped"] == {"patents": 2, "pubmed": 3} and counts["reasons"] == {"digit": {"patents": 2, "pubmed": 3}}
    assert counts["tallies"]["letters"]["patents"] == sum(
        len(passage.text) for passage in read_passages(tmp_path / "out") if passage.source == "patents"
    )
    shown = counts["examples"]["digit"]
    assert len(shown) == EXAMPLES and shown[0]["id"] == "pubmed1" and shown[0]["note"] == "ends in 1"
    assert counts["shards"] == 7 and counts["settings"] == {"drop": "12"} and read_counts(tmp_path / "out") == counts


def test_a_second_run_does_nothing(tmp_path: Path, collection: Path) -> None:
    """No shard is worked on, no file is written."""
    out = tmp_path / "out"
    counts, before = run(collection, out), times(out)
    assert run(collection, out) == counts and times(out) == before


def test_only_what_has_changed_is_done_again(tmp_path: Path, collection: Path) -> None:
    """A changed shard, a damaged or missing result, another setting; and shards that are gone leave nothing."""
    out, log = tmp_path / "out", tmp_path / "log"

    def redone(**settings: Any) -> List[str]:
        run(collection, out, log=str(log), **settings)
        done = worked_on(log)
        assert all_bytes(out) == all_bytes_of_a_new_run(**settings)
        return done

    def all_bytes_of_a_new_run(**settings: Any) -> Dict[str, bytes]:
        fresh = tmp_path / f"fresh{random.random()}"
        run(collection, fresh, log=str(log), **settings)
        log.unlink(missing_ok=True)
        return all_bytes(fresh)

    assert len(redone()) == 7 and redone() == []
    files = shard_files(collection)
    write(tmp_path / "other", [Passage("new", "New text.", "pubmed", "d")])
    files[2].write_bytes(shard_files(tmp_path / "other")[0].read_bytes())
    assert redone() == ["new"]
    shard_files(out)[1].write_bytes(b"damaged")
    (out / "records" / "shard-00003.json").unlink()
    (out / "records" / "shard-00004.json").write_text('{"key"')
    shard_files(out)[6].unlink()
    assert redone() == ["pubmed3", "pubmed9", "patents0", "patents6"]
    assert len(redone(drop="1")) == 7
    files[5].unlink()
    files[6].unlink()
    assert redone(drop="1") == [] and len(shard_files(out)) == 5


def test_another_version_is_another_step(tmp_path: Path, collection: Path) -> None:
    """Raising it does everything again."""
    log, settings = tmp_path / "log", {"log": str(tmp_path / "log")}
    for version, shards in ((1, 7), (1, 0), (2, 7)):
        run_step("shout", collection, tmp_path / "out", shout, settings, version=version, progress=False)
        assert len(worked_on(log)) == shards


def test_kill_at_random_points(tmp_path: Path, collection: Path) -> None:
    """Ten kills: the end is byte-identical to an unbroken run, and a kill costs no more than the shard it met."""
    log = tmp_path / "log"
    settings = {"drop": "4", "log": str(log), "pause": 0.004}
    run(collection, tmp_path / "whole", **settings)
    log.unlink()
    whole = all_bytes(tmp_path / "whole")
    context, chance = multiprocessing.get_context("fork"), random.Random(5)
    repeated_at_most, kills = 0, 0
    for attempt in range(5):
        out = tmp_path / f"out{attempt}"
        for _ in range(2):
            process = context.Process(target=run, args=(collection, out), kwargs=settings)
            process.start()
            time.sleep(chance.uniform(0.0, 0.12))
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            kills += process.exitcode == -signal.SIGKILL
            for shard in out.glob("shard-*.jsonl.gz"):  # what is there is whole
                assert shard.read_bytes() == whole[shard.name]
        run(collection, out, **settings)
        assert all_bytes(out) == whole
        repeated_at_most += len(worked_on(log)) - 7
    assert 1 <= kills <= 10 and repeated_at_most <= kills


def test_several_processes_give_the_same(tmp_path: Path, collection: Path) -> None:
    """Byte for byte; what is done is not sent out again."""
    log = tmp_path / "log"
    settings = {"drop": "3", "log": str(log)}
    run_step("shout", collection, tmp_path / "two", shout, settings, workers=2, progress=False)
    assert len(set(worked_on(log))) == 7
    run(collection, tmp_path / "one", **settings)
    log.unlink()
    assert all_bytes(tmp_path / "one") == all_bytes(tmp_path / "two")
    (tmp_path / "two" / "records" / "shard-00001.json").unlink()
    run_step("shout", collection, tmp_path / "two", shout, settings, workers=2, progress=False)
    assert worked_on(log) == ["pubmed3"] and all_bytes(tmp_path / "one") == all_bytes(tmp_path / "two")


def test_workers_end_with_their_parent(tmp_path: Path, collection: Path) -> None:
    """Nobody waits for ever after a kill; the next run finishes, with the bytes of an unbroken one."""
    log, out = tmp_path / "log", tmp_path / "out"
    settings = {"log": str(log), "pause": 0.02}
    run(collection, tmp_path / "whole", **settings)
    log.unlink()
    arguments = ("shout", collection, out, shout, settings)
    process = multiprocessing.get_context("fork").Process(
        target=run_step, args=arguments, kwargs={"workers": 2, "progress": False}
    )
    process.start()
    while not log.is_file():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    workers = {int(line.split()[1]) for line in log.read_text().splitlines()}
    assert workers and process.pid not in workers
    end = time.monotonic() + 20
    while any(map(is_running, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_running, workers))
    run_step(*arguments, progress=False)
    assert all_bytes(out) == all_bytes(tmp_path / "whole")


def count_all(files: Sequence[Path], settings: Dict[str, Any]) -> Iterator[List[int]]:
    """A plan: the rows of each shard whose text is the longest of all."""
    with open(settings["plans"], "a") as log:
        log.write("planned ")
    longest = max(len(passage.text) for passage in read_passages(*files))
    for file in files:
        yield [row for row, passage in enumerate(read_passages(file)) if len(passage.text) == longest]


def keep_planned(passages: Iterator[Passage], settings: Dict[str, Any], counts: Any) -> Iterator[Passage]:
    """A step: the rows of the plan."""
    with open(settings["log"], "a") as log:
        log.write("shard 1\n")
    for row, passage in enumerate(passages):
        if row in settings["plan"]:
            yield passage
        else:
            counts.drop(passage, "short")


def test_a_plan_is_made_once(tmp_path: Path, collection: Path) -> None:
    """From everything; when it changes, the shards that it treats otherwise are done again, and the changed one."""
    plans, log, out = tmp_path / "plans", tmp_path / "log", tmp_path / "out"

    def run_planned(folder: Path = out) -> int:
        settings = {"plans": str(plans), "log": str(log)}
        run_step("planned", collection, folder, keep_planned, settings, plan=count_all, progress=False)
        return len(worked_on(log))

    assert run_planned() == 7 and run_planned() == 0 and plans.read_text() == "planned "
    assert ids(out) == ["pubmed10", "pubmed11", *(f"patents{i}" for i in range(9))]
    same_length = Passage("new", "Text number 0 of patentS.", "pubmed", "d")
    shard_files(collection)[0].write_bytes(shard_files(write(tmp_path / "b", [same_length]))[0].read_bytes())
    assert run_planned() == 1 and plans.read_text() == "planned planned "
    longer = Passage("new", "A text that is longer than all others.", "pubmed", "d")
    shard_files(collection)[0].write_bytes(shard_files(write(tmp_path / "c", [longer]))[0].read_bytes())
    assert run_planned() == 5 and ids(out) == ["new"]  # the new shard, and the four that had something to keep
    (out / "records" / "plan.jsonl.gz").write_bytes(b"damaged")
    assert run_planned() == 0 and plans.read_text() == "planned " * 4
    run_planned(tmp_path / "fresh")
    assert all_bytes(tmp_path / "fresh") == all_bytes(out)


def test_a_broken_line_stops_the_run_and_what_was_done_stays(tmp_path: Path, collection: Path) -> None:
    """After the repair only the rest is done."""
    log, files = tmp_path / "log", shard_files(collection)
    whole = files[3].read_bytes()
    files[3].write_bytes(whole[:-15])
    for workers in (1, 2):
        with pytest.raises(ValueError, match=r"shard-00003\.jsonl\.gz, after line .*damaged"):
            run_step("shout", collection, tmp_path / f"{workers}", shout, {"log": str(log)}, workers=workers, progress=False)
        assert len(shard_files(tmp_path / f"{workers}")) == 3
        worked_on(log)
    files[3].write_bytes(whole)
    run(collection, tmp_path / "1", log=str(log))
    assert worked_on(log) == ["pubmed9", "patents0", "patents3", "patents6"]


def test_a_step_must_account_for_each_passage(tmp_path: Path, collection: Path) -> None:
    """One that forgets a passage without a reason is wrong, and so is a plan for fewer shards."""

    def forget(passages: Iterator[Passage], settings: Dict[str, Any], counts: Any) -> Iterator[Passage]:
        return (passage for passage in passages if passage.id != "pubmed1")

    with pytest.raises(RuntimeError, match="3 passages went in, 2 came out and 0 were dropped"):
        run_step("forget", collection, tmp_path / "out", forget, progress=False)
    with pytest.raises(RuntimeError, match="A plan for 7 shards holds 1 instructions"):
        run_step("plan", collection, tmp_path / "out", forget, plan=lambda files, settings: [1], progress=False)


def test_what_cannot_be_run_is_told(tmp_path: Path, collection: Path) -> None:
    """Nothing to read, the folder itself as the target, no worker, a folder that no step has filled."""
    with pytest.raises(FileNotFoundError, match="no file of passages"):
        run(tmp_path / "gone", tmp_path / "out")
    with pytest.raises(ValueError, match="which it reads from; name another folder"):
        run(collection, collection / ".." / "in")
    with pytest.raises(ValueError, match="at least one worker, not 0"):
        run_step("shout", collection, tmp_path / "out", shout, workers=0)
    with pytest.raises(ValueError, match="does not hold the counts of a step"):
        read_counts(collection)


def test_several_inputs_and_single_files(tmp_path: Path, collection: Path) -> None:
    """In the order given; a folder without a passage goes through."""
    plain = tmp_path / "plain.jsonl"
    plain.write_text('{"id": "p", "text": "t", "source": "s", "document": "d"}\n')
    empty = write(tmp_path / "empty", [])
    counts = run_step("shout", [plain, collection, empty], tmp_path / "out", shout, progress=False)
    assert ids(tmp_path / "out") == ["p", *ids(collection)] and counts["in"] == {"s": 1, "pubmed": 12, "patents": 9}
    assert counts["shards"] == 9
