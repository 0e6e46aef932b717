"""Reading into shards: once, the same each time, on after a kill; and the command that does it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from spacy_gliner_biomed.cli.app import main
from spacy_gliner_biomed.corpus.collect import passages
from spacy_gliner_biomed.corpus.collect.passages import read_passages
from spacy_gliner_biomed.corpus.collect.sources import SOURCES, into_shards
from spacy_gliner_biomed.corpus.collect.sources.into_shards import read_into
from spacy_gliner_biomed.corpus.collect.steps import read_counts
from tests.corpus.collect.sources.reading import zipped
from tests.corpus.collect.sources.test_clinical_trials import trial

RAW = Path(__file__).parents[4] / "project" / "assets" / "raw"


def trials(folder: Path, n_files: int = 6, n_trials: int = 5) -> Path:
    """RETURNS (Path): a folder of files of trials."""
    folder.mkdir(exist_ok=True)
    for file in range(n_files):
        rows = [trial(100 * file + number) for number in range(n_trials)]
        (folder / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def content(out: Path) -> Dict[str, bytes]:
    """RETURNS (dict): all files by name, with their bytes."""
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def read(out: Path, source: Path, **options: Any) -> Dict[str, Any]:
    """RETURNS (dict): the counts of a reading in shards of four."""
    return read_into(out, SOURCES["clinical_trials"], [str(source)], size=4, progress=False, **options)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """RETURNS (list): fills with what is read."""
    seen: List[str] = []
    real = into_shards._read_part
    monkeypatch.setattr(into_shards, "_read_part", lambda *given: seen.extend(given[2]) or real(*given))
    monkeypatch.setattr(into_shards, "PART_BYTES", 1)
    return seen


def test_shards_and_counts(tmp_path: Path) -> None:
    """All passages in order; what was left out and what was broken is in the counts, as other steps have them."""
    source = trials(tmp_path / "in")
    (source / "9.jsonl").write_text("broken\n")
    done = read(tmp_path / "out", source)
    assert 60 == len(list(read_passages(tmp_path / "out"))) and 15 == done["shards"]
    assert done == read_counts(tmp_path / "out")
    assert {"clinical_trials": 30, "clinical_trials_arms": 30} == done["out"]
    assert {"an arm without a description": {"clinical_trials": 30}} == done["reasons"]
    assert {"problems": {"clinical_trials": 1}} == done["tallies"]
    assert sum(done["in"].values()) == sum(done["out"].values()) + sum(done["dropped"].values())
    assert "9.jsonl, line 1: this is not JSON" in (tmp_path / "out" / "problems.txt").read_text()


def test_twice_reads_once(tmp_path: Path, opened: List[str]) -> None:
    """Nothing is read again, and no byte changes."""
    source = trials(tmp_path / "in")
    read(tmp_path / "out", source)
    before = content(tmp_path / "out")
    assert 6 == len(opened)
    read(tmp_path / "out", source)
    assert 6 == len(opened) and before == content(tmp_path / "out")


def test_changed_file_is_read_again(tmp_path: Path, opened: List[str]) -> None:
    """It and what lies behind it; the end is as if read at once."""
    source = trials(tmp_path / "in")
    read(tmp_path / "out", source)
    opened.clear()
    (source / "4.jsonl").write_text(json.dumps(trial(7)))
    read(tmp_path / "out", source)
    assert [str(source / "4.jsonl"), str(source / "5.jsonl")] == opened
    read(tmp_path / "other", source)
    assert content(tmp_path / "other") == content(tmp_path / "out")


def test_changed_setting_reads_again(tmp_path: Path, opened: List[str]) -> None:
    """Shards of another setting are not mixed in, and those too many are removed."""
    source = trials(tmp_path / "in")
    read(tmp_path / "out", source)
    read(tmp_path / "out", source, settings={"arms": False})
    assert {"clinical_trials"} == {passage.source for passage in read_passages(tmp_path / "out")}
    read(tmp_path / "other", source, settings={"arms": False})
    assert content(tmp_path / "other") == content(tmp_path / "out")


def test_damaged_or_missing_shard_is_made_again(tmp_path: Path) -> None:
    """Whatever happened to the files, the end is the same."""
    source = trials(tmp_path / "in")
    read(tmp_path / "out", source)
    before = content(tmp_path / "out")
    (tmp_path / "out" / "shard-00003.jsonl.gz").write_bytes(b"x")
    (tmp_path / "out" / "shard-00007.jsonl.gz").unlink()
    (tmp_path / "out" / "records" / "part-00000.json").write_text("{")
    read(tmp_path / "out", source)
    assert before == content(tmp_path / "out")


def test_killed_readings_end_the_same(tmp_path: Path) -> None:
    """Kill -9 at several moments; then one reading to the end."""
    source = trials(tmp_path / "in", n_files=8, n_trials=60)
    script = (
        "from pathlib import Path; import sys\n"
        "from spacy_gliner_biomed.corpus.collect.sources import SOURCES, into_shards\n"
        "into_shards.PART_BYTES = 1\n"
        "into_shards.read_into(Path(sys.argv[1]), SOURCES['clinical_trials'], [sys.argv[2]], size=10, progress=False)\n"
    )
    whole = tmp_path / "whole"
    subprocess.run([sys.executable, "-c", script, str(whole), str(source)], check=True)
    out, n_killed = tmp_path / "out", 0
    for shards in (1, 30, 60):
        running = subprocess.Popen([sys.executable, "-c", script, str(out), str(source)])
        while running.poll() is None and len(list(out.glob("shard-*"))) < shards:
            time.sleep(0.005)
        if running.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
            n_killed += 1
        running.wait()
    assert n_killed >= 2
    subprocess.run([sys.executable, "-c", script, str(out), str(source)], check=True)
    assert content(whole) == {name: data for name, data in content(out).items() if not name.endswith(".partial")}


class Ended(BaseException):
    """The power went."""


def packed(monkeypatch: pytest.MonkeyPatch, until: Optional[int] = None) -> List[str]:
    """RETURNS (list): fills with the ids of passages that are packed; after `until` of them the run ends."""
    seen: List[str] = []
    real = passages.PackedLines.add

    def add(self: passages.PackedLines, passage: passages.Passage) -> None:
        if len(seen) == until:
            raise Ended
        seen.append(passage.id)
        real(self, passage)

    monkeypatch.setattr(passages.PackedLines, "add", add)
    return seen


@pytest.mark.parametrize("as_archive", [False, True])
@pytest.mark.parametrize("name", SOURCES)
def test_broken_off_anywhere_it_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, as_archive: bool
) -> None:
    """After whichever passage: the end is the same, problems and counts too, and no finished shard is packed again."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power fails here, and hundreds of small files are written
    where = RAW / name
    if as_archive:
        files = [path for path in sorted(where.rglob("*")) if path.is_file()]
        where = tmp_path / "all.zip"
        where.write_bytes(zipped(**{path.relative_to(RAW).as_posix(): path.read_bytes() for path in files}))

    def run(out: Path) -> Dict[str, Any]:
        return read_into(out, SOURCES[name], [str(where)], {"name": "own"} if name == "local" else None, size=2, progress=False)

    total = sum(run(tmp_path / "whole")["out"].values())
    whole = content(tmp_path / "whole")
    assert total >= 2 and whole["problems.txt"]
    for until in range(total):
        out = tmp_path / f"{until}"
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Ended):
            packed(patch, until)
            run(out)
        with pytest.MonkeyPatch.context() as patch:
            again = packed(patch)
            run(out)
        assert total - until // 2 * 2 == len(again)
        assert whole == content(out)


def test_entries_that_were_read_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an archive of twenty, only the one that was being read and those behind it; damaged notes about it cost the notes."""
    files = {f"{number:02}__json": json.dumps(trial(number)).encode() for number in range(20)}
    (tmp_path / "all.zip").write_bytes(zipped(**files))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Ended):
        packed(patch, 31)
        read(tmp_path / "out", tmp_path / "all.zip")
    opened: List[str] = []
    real = zipfile.ZipFile.open
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda self, entry: opened.append(entry.filename) or real(self, entry))
    note = tmp_path / "out" / "records" / "unfinished-00000.json"
    assert 7 == len(json.loads(note.read_text())["shards"])
    copy = Path(shutil.copytree(tmp_path / "out", tmp_path / "copy"))
    read(tmp_path / "out", tmp_path / "all.zip")
    assert [f"{number:02}.json" for number in range(13, 20)] == opened and not note.exists()
    for damaged in ("{", '{"key": 1}', note_with(copy, "mark", {}), note_with(copy, "taken", 3)):
        shutil.rmtree(tmp_path / "out")
        shutil.copytree(copy, tmp_path / "out")
        note.write_text(damaged)
        opened.clear()
        read(tmp_path / "out", tmp_path / "all.zip")
        assert 20 == len(opened) and 40 == len(list(passages.read_passages(tmp_path / "out")))


def note_with(out: Path, name: str, value: Any) -> str:
    """RETURNS (str): the note of a reading that was broken off, with another value."""
    note = json.loads((out / "records" / "unfinished-00000.json").read_text())
    return json.dumps({**note, name: value})


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings by name, counts on stdout, problems on stderr."""
    source = trials(tmp_path / "in", 2)
    (source / "9.jsonl").write_text("broken\n")
    arguments = ["corpus", "read", "clinical_trials", str(source), "--out", str(tmp_path / "out"), "--set", "arms=no"]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    shown = capsys.readouterr()
    assert 0 == ended.value.code
    assert "read clinical_trials: 10 passages of clinical_trials." in shown.out and "broken documents: 1" in shown.out
    assert "9.jsonl, line 1" in shown.err
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--strict"])
    assert 1 == ended.value.code and "documents are broken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "x"], "There is no source 'nowhere'"),
        (["patents", "no/such/file"], "There is nothing at 'no/such/file'"),
        (["patents", "x", "--set", "classes"], "write NAME=VALUE"),
        (["patents", "x", "--set", "colour=red"], "has no setting 'colour'"),
        (["pubmed", "query:x"], "must be a day"),
        (["dailymed", "setid:../x"], "is no set id"),
        (["dailymed", "http://example.org/x.zip"], "only https:// is"),
    ],
)
def test_command_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: List[str], message: str) -> None:
    """One sentence each."""
    with pytest.raises(SystemExit) as ended:
        main(["corpus", "read", *arguments, "--out", str(tmp_path / "out")])
    shown = capsys.readouterr().err
    assert 1 == ended.value.code and message in shown and 1 == len(shown.splitlines())


def test_sources_and_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sources are listed with their settings; names of drugs go into a file."""
    from tests.corpus.collect.sources.test_dailymed import SET_ID, label

    with pytest.raises(SystemExit):
        main(["corpus", "sources"])
    shown = capsys.readouterr().out
    assert all(f"{name}: " in shown for name in SOURCES) and "--set date_type=pdat" in shown
    (tmp_path / "a.xml").write_bytes(label())
    with pytest.raises(SystemExit):
        main(["corpus", "drug-names", str(tmp_path / "a.xml"), "--out", str(tmp_path / "names.jsonl")])
    assert [SET_ID] == [json.loads(line)["set_id"] for line in (tmp_path / "names.jsonl").read_text().splitlines()]


def test_neighbours_and_links_are_told_of(tmp_path: Path, opened: List[str]) -> None:
    """What has another ending is not read; a link that leads out is not followed, a file that is named is read."""
    source = trials(tmp_path / "in", 2)
    (source / "0.jsonl.md5").write_text("0123 0.jsonl\n")
    (source / "9.jsonl").symlink_to(trials(tmp_path / "other", 1) / "0.jsonl")
    done = read(tmp_path / "out", source)
    assert [str(source / "0.jsonl"), str(source / "1.jsonl")] == opened
    assert {"clinical_trials": 1} == done["reasons"]["files that do not end in .json, .jsonl, .ndjson or .zip"]
    assert "9.jsonl: this link leads out of the folder" in (tmp_path / "out" / "problems.txt").read_text()
    assert done == read(tmp_path / "out", source)
    assert {"clinical_trials": 5, "clinical_trials_arms": 5} == read(tmp_path / "named", source / "9.jsonl")["out"]


def test_a_folder_with_nothing_to_read_removes_nothing(tmp_path: Path) -> None:
    """Links, files of other endings, none at all behind an earlier run; only a first run may find an empty folder."""
    source, out = tmp_path / "in", tmp_path / "out"
    read(out, trials(source, 2))
    before = content(out)
    source.rename(tmp_path / "elsewhere")
    source.mkdir()
    assert not read(tmp_path / "first", source)["out"] and not read(tmp_path / "first", source)["out"]
    with pytest.raises(ValueError, match="is empty, and '.*out' holds passages"):
        read(out, source)
    (source / "notes.pdf").write_text("x")
    with pytest.raises(ValueError, match="holds no file for clinical_trials, which end in .json"):
        read(out, source)
    (source / "0.jsonl").symlink_to(tmp_path / "elsewhere" / "0.jsonl")
    with pytest.raises(ValueError, match="holds nothing to read but links that lead out of it, as '.*0.jsonl'"):
        read(out, source)
    assert before == content(out)


@pytest.mark.parametrize("name", ["local", "clinical_trials"])
def test_one_of_several_folders_may_be_empty(tmp_path: Path, name: str) -> None:
    """Also behind an earlier run; not all of them."""
    folders = [tmp_path / "empty", trials(tmp_path / "in", 1)]
    folders[0].mkdir()
    (folders[1] / "0.jsonl").write_text('{"text": "fever"}\n' if name == "local" else (folders[1] / "0.jsonl").read_text())
    settings = {"name": "own"} if name == "local" else None
    wheres = [str(folder) for folder in folders]
    first = read_into(tmp_path / "out", SOURCES[name], wheres, settings, progress=False)
    assert first["out"] and first == read_into(tmp_path / "out", SOURCES[name], wheres, settings, progress=False)
    (folders[1] / "0.jsonl").unlink()
    with pytest.raises(ValueError, match=r"empty', '.*in'\) is empty, and '.*out' holds passages"):
        read_into(tmp_path / "out", SOURCES[name], wheres, settings, progress=False)


@pytest.mark.parametrize("note", ["part", "unfinished"])
def test_what_an_earlier_version_left_unfinished_goes_on(tmp_path: Path, note: str) -> None:
    """It wrote down whose the folder is only at the end; passages without any record are still another's."""
    out, source = tmp_path / "out", trials(tmp_path / "in", 2)
    done = read(out, source)
    for path in (out / "counts.json", out / "records" / "step.json"):
        path.unlink()
    (out / "records" / "part-00000.json").rename(out / "records" / f"{note}-00000.json")
    (out / "raw").mkdir()
    assert done == read(out, source) and (out / "raw").is_dir()
    for path in (out / "counts.json", *(out / "records").iterdir()):
        path.unlink()
    with pytest.raises(ValueError, match="holds other passages"):
        read(out, source)


@pytest.mark.parametrize("step", ["read pubmed", "balance"])
@pytest.mark.parametrize("note", ["records/step.json", "counts.json"])
def test_passages_of_others_are_not_removed(tmp_path: Path, step: str, note: str) -> None:
    """Neither another source's nor another step's; its own, even of an earlier version, it goes on with."""
    out = tmp_path / "out"
    read(out, trials(tmp_path / "in", 2))
    (out / "records" / "step.json").unlink()
    read(out, trials(tmp_path / "in", 3))
    for name in ("records/step.json", "counts.json"):
        (out / name).unlink()
    (out / note).write_text(json.dumps({"step": step}))
    before = content(out)
    with pytest.raises(ValueError, match="holds other passages; empty it or name another"):
        read(out, tmp_path / "in")
    assert before == content(out)


@pytest.mark.parametrize("inside", [".", "out", "a/out"])
@pytest.mark.parametrize("name", ["local", "clinical_trials"])
def test_a_target_that_would_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, inside: str) -> None:
    """A folder is not read into itself, however it is called."""
    trials(tmp_path / "in", 1)
    monkeypatch.chdir(tmp_path / "in")
    with pytest.raises(ValueError, match="where the next run would read it; name a folder elsewhere"):
        read_into(Path(inside), SOURCES[name], ["."], progress=False)
    assert ["0.jsonl"] == os.listdir()


def test_long_queries_are_no_paths(tmp_path: Path) -> None:
    """A query may be longer than a file name."""
    with pytest.raises(ValueError, match="The setting 'from' of pubmed must be a day"):
        read_into(tmp_path / "out", SOURCES["pubmed"], ["query:" + "fever OR " * 600], progress=False)
