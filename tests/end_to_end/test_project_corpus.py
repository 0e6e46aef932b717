"""The spaCy project's workflow `corpus`: from raw documents of five sources to a clean, balanced collection, offline."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

import pytest
import srsly

from spacy_gliner_biomed.cli.app import main
from spacy_gliner_biomed.corpus.collect.passages import read_passages, shard_files
from spacy_gliner_biomed.corpus.collect.steps import read_counts
from tests.end_to_end.test_project import PROJECT, copy_project, run_offline

SOURCES = ("pubmed", "clinical_trials", "dailymed", "patents", "local")
STEPS = ["read", "filter", "deduplicate", "balance", "decontaminate", "card"]
PLANTED: List[Dict[str, str]] = [json.loads(line) for line in (PROJECT / "assets" / "planted.jsonl").read_text().splitlines()]
# For each step, where it reads from and where it writes to
FOLDERS = {
    "filter": ("filtered/scored", "filtered"),
    "exact duplicates": ("filtered", "unique/exact"),
    "near-duplicates": ("unique/exact", "unique"),
    "decontaminate": ("balanced", "clean"),
}
SECONDS = 60  # of the processor


def run(project: Path, workflow: str = "corpus", **variables: Any) -> None:
    """Run a workflow offline."""
    run_offline(project, workflow, **variables)


def written(project: Path) -> Dict[str, int]:
    """RETURNS (dict): when each file of the collection was written, by its path in it."""
    collection = project / "corpus" / "collected"
    return {
        path.relative_to(collection).as_posix(): path.stat().st_mtime_ns for path in collection.rglob("*") if path.is_file()
    }


def locked(project: Path) -> Dict[str, Any]:
    """RETURNS (dict): what weasel knows of each command that has run."""
    return dict(srsly.read_yaml(project / "project.lock"))


def keys(folder: Path) -> Set[str]:
    """RETURNS (set): source and id of each passage."""
    return {f"{passage.source} {passage.id}" for passage in read_passages(folder)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after `corpus` has run once, within its time."""
    project = copy_project(tmp_path_factory.mktemp("corpus"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(project)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS
    return project


@pytest.mark.timeout(600)
def test_the_collection_is_balanced_and_described(finished: Path) -> None:
    """Each step hands on to the next; all sources are left, equally until the test texts take theirs; a card says so."""
    collection = finished / "corpus" / "collected"
    assert STEPS == list(locked(finished))
    read = [read_counts(collection / "read" / source) for source in SOURCES]
    names = ("filtered/scored", "filtered", "unique/exact", "unique", "balanced", "clean")
    steps = [read_counts(collection / name) for name in names]
    assert sum(sum(each["out"].values()) for each in read) == sum(steps[0]["in"].values())
    for before, after in zip(steps, steps[1:], strict=False):
        assert before["out"] == after["in"] and sum(after["out"].values()) <= sum(after["in"].values())
    balanced = steps[-2]["out"]
    assert {5} == set(balanced.values()) and {*SOURCES, "clinical_trials_arms"} == set(balanced)
    assert set(balanced) == set(steps[-1]["out"]) and 27 == sum(steps[-1]["out"].values())
    for passage in read_passages(collection / "clean"):
        assert passage.document and passage.licence and 8 == len(passage.scores)
    page = (collection / "card.html").read_text(encoding="utf-8")
    assert "near-duplicate" in page and steps[-1]["sha256"] in page and "<svg" in page


@pytest.mark.timeout(600)
@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted['source']}-{planted['id']}")
def test_what_was_planted_is_found(finished: Path, planted: Dict[str, str]) -> None:
    """Each duplicate, bad text, test text and broken file goes in its step, for its reason, and nothing before takes it."""
    collection = finished / "corpus" / "collected"
    if planted["step"] == "read":
        lines = (collection / "read" / planted["source"] / "problems.txt").read_text(encoding="utf-8").splitlines()
        assert any(planted["id"] in line and planted["reason"] in line for line in lines), lines
        return
    source, target = (collection / name for name in FOLDERS[planted["step"]])
    key = f"{planted['source']} {planted['id']}"
    examples = read_counts(target)["examples"][planted["reason"]]
    assert key in keys(source) and key in [f"{example['source']} {example['id']}" for example in examples]
    if planted["reason"] == "same id":  # the first version stays
        texts = [p.text for p in read_passages(target) if p.id == planted["id"]]
        assert 1 == len(texts) and "has been corrected" not in texts[0]
    else:
        assert key not in keys(target)


def test_every_reason_is_planted() -> None:
    """The eight heuristics, the rule for arms, and each way to be a duplicate or a test text."""
    from spacy_gliner_biomed.corpus.collect.decontaminate import DOCUMENT, WORDS
    from spacy_gliner_biomed.corpus.collect.deduplicate import NEAR
    from spacy_gliner_biomed.corpus.collect.exact_duplicates import SAME_ID, SAME_TEXT
    from spacy_gliner_biomed.corpus.collect.heuristics import ARM_GROUP_REASON, ARM_GROUP_SHORT, SCORES

    reasons = {planted["reason"] for planted in PLANTED if planted["step"] != "read"}
    assert {*SCORES, ARM_GROUP_REASON, ARM_GROUP_SHORT, SAME_ID, SAME_TEXT, NEAR, DOCUMENT, WORDS} == reasons
    assert set(SOURCES) == {planted["source"] for planted in PLANTED if planted["step"] == "read"}


@pytest.mark.timeout(600)
def test_broken_documents_are_counted_and_texts_repaired(finished: Path) -> None:
    """As many problems as were planted, no more; wrong decodings are undone; a table costs nothing that follows it."""
    collection = finished / "corpus" / "collected"
    n_problems = [sum(read_counts(collection / "read" / source)["tallies"]["problems"].values()) for source in SOURCES]
    assert sum(n_problems) == sum(planted["step"] == "read" for planted in PLANTED)
    scored = {passage.id: passage for passage in read_passages(collection / "filtered" / "scored")}
    assert scored["990000109"].text.startswith("Naïve patients") and "patients’ doctors" in scored["990000109"].text
    reactions = scored["0f000000-0000-4000-8000-000000000001.2"].text
    assert "Somnolence" not in reactions and reactions.splitlines()[1].startswith("Because clinical trials")


@pytest.mark.timeout(600)
def test_a_second_run_does_nothing(finished: Path) -> None:
    """No command runs, so that no file is written and the lock stays."""
    before, lock = written(finished), locked(finished)
    run(finished)
    assert written(finished) == before and locked(finished) == lock


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("variables", "again", "untouched"),
    [
        # Scores are kept, so that another threshold measures nothing anew
        ({"threshold": "sentences=7"}, {"filter", "deduplicate", "balance", "decontaminate", "card"}, ("read", "filtered/scored")),
        ({"cosine": 0.97}, {"deduplicate", "balance", "decontaminate", "card"}, ("read", "filtered", "unique/exact")),
        ({"per_source": 4}, {"balance", "decontaminate", "card"}, ("read", "filtered", "unique")),
    ],
    ids=["threshold", "cosine", "per_source"],
)
def test_another_setting_redoes_what_depends_on_it(
    finished: Path, tmp_path: Path, variables: Dict[str, Any], again: Set[str], untouched: Tuple[str, ...]
) -> None:
    """Commands before it are skipped; what is behind it ends as if it had run from the beginning."""
    project = Path(shutil.copytree(finished, tmp_path / "project"))
    before, lock = written(project), locked(project)
    run(project, **variables)
    assert again == {name for name, entry in locked(project).items() if entry != lock[name]}
    after = written(project)
    assert {n: t for n, t in after.items() if n.startswith(untouched)} == {
        n: t for n, t in before.items() if n.startswith(untouched)
    }
    if "threshold" in variables:
        # In the step behind, only shards that got other passages, or lose some, are done again
        old, new = (folder / "corpus" / "collected" for folder in (finished, project))
        same: List[bool] = []
        other: List[bool] = []
        for shard in shard_files(new / "filtered"):
            path, exact = Path("filtered") / shard.name, f"unique/exact/{shard.name}"
            equal = (old / path).read_bytes() == (new / path).read_bytes()
            loses = len(keys(new / path)) > len(keys(new / exact))
            (same if equal and not loses else other).append(before[exact] == after[exact])
        assert same and all(same) and other and not all(other)


@pytest.mark.timeout(600)
def test_a_changed_document_stops_the_workflow(finished: Path, tmp_path: Path) -> None:
    """Where spaCy's own command goes on: the file is named, nothing is read, and what there was stays."""
    project = Path(shutil.copytree(finished, tmp_path / "project"))
    before = written(project)
    with (project / "assets" / "raw" / "local" / "zoonoses.txt").open("a") as text:
        text.write("More.\n")
    for workflow in ("corpus", "assets"):
        with pytest.raises(BaseException) as failure:
            run(project, workflow)
        assert "local/zoonoses.txt' has SHA-256" in str(failure.value)
    assert written(project) == before
    with pytest.raises(SystemExit):  # the way out that the message names
        main(["assets", "record", str(project / "assets")])
    run(project, "assets")


def test_the_workflow_at_full_size(tmp_path: Path) -> None:
    """A dry run by spaCy's own command line: queries, days, addresses and folders reach the commands as words."""
    options = ["--vars.collection", "/data/c", "--vars.pubmed", "query:heart failure", "--vars.first_day", "2023-01-01"]
    options += ["--vars.labels", "/data/part1.zip /data/part2.zip", "--vars.per_source", "31778", "--vars.workers", "8"]
    options += ["--vars.against", "/data/benchmarks"]
    command = [sys.executable, "-m", "spacy", "project", "run", "full-corpus", str(copy_project(tmp_path)), "--dry", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    lines = [line.partition(" -m spacy_gliner_biomed corpus ")[2] for line in done.stdout.splitlines()]
    assert [
        "read pubmed 'query:heart failure' --out /data/c/read/pubmed --set from=2023-01-01 --set to=2024-12-31",
        "read clinical_trials query: --out /data/c/read/clinical_trials --set from=2023-01-01 --set to=2024-12-31",
        "read dailymed /data/part1.zip /data/part2.zip --out /data/c/read/dailymed",
        "read patents https://api.uspto.gov/api/v1/datasets/products/files/PTGRXML/2024/ipg240102.zip --out /data/c/read/patents",
        "read local own --out /data/c/read/local",
        f"filter {' '.join(f'/data/c/read/{source}' for source in SOURCES)} --out /data/c/filtered --threshold sentences=6 "
        "--workers 8",
        "deduplicate /data/c/filtered --out /data/c/unique --threshold 0.9",
        "balance /data/c/unique --out /data/c/balanced --per-source 31778",
        "decontaminate /data/c/balanced --out /data/c/clean --against /data/benchmarks --workers 8",
        f"card {' '.join(f'/data/c/read/{source}' for source in SOURCES)} /data/c/filtered /data/c/unique /data/c/balanced "
        "/data/c/clean --out /data/c/card.html",
    ] == [line for line in lines if line]


@pytest.mark.timeout(600)
def test_own_text_joins_the_other_sources(finished: Path, tmp_path: Path) -> None:
    """An empty folder of one's own is no error, and a full one is read; the output folder is a variable."""
    project, collection = Path(shutil.copytree(finished, tmp_path / "project")), tmp_path / "collection"
    for expected in (0, 1):
        run(project, "read-own", collection=str(collection))
        assert expected == sum(read_counts(collection / "read" / "local")["out"].values())
        (project / "own" / "mine.txt").write_text("A text of my own.\n")
