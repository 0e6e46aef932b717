"""`gliner-biomed corpus`: the steps one after the other, twice, with a changed threshold, and what is at fault in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List

import pytest

from spacy_gliner_biomed.cli.corpus import Method
from spacy_gliner_biomed.corpus.collect.near_duplicates import METHODS
from spacy_gliner_biomed.corpus.collect.passages import Passage, read_passages
from tests.cli.support import run
from tests.corpus.collect.making import write

Capture = pytest.CaptureFixture[str]
NAMES = ["aspirin", "insulin", "heparin", "warfarin", "metformin", "digoxin", "lithium", "codeine"]


def story(name: str, sentences: int = 7) -> str:
    """RETURNS (str): a good text about a drug; texts about different drugs are not alike."""
    return " ".join(
        f"The {name} group of the {name}{number} study was given {name}dose{number} on the {name}day{number} by its doctor."
        for number in range(sentences)
    )


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Good texts of two sources, one that is short, one twice, one nearly so, one of a test set."""
    passages = [Passage(name, story(name), "pubmed", f"PMID:{name}", licence="CC0") for name in NAMES[:5]]
    passages += [Passage(name, story(name), "patents", name, licence="CC BY 4.0") for name in NAMES[5:]]
    passages.append(Passage("short", story("short", 3), "pubmed", "d"))
    passages.append(Passage("twice", story("heparin"), "patents", "d"))
    nearly = story("insulin") + " End of the story of this group of people, as it was told."
    passages.append(Passage("nearly", nearly, "patents", "d"))
    return write(tmp_path / "raw", passages, 4)


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    """A test set that holds a sentence of one of them."""
    path = tmp_path / "dev" / "dev.jsonl"
    path.parent.mkdir()
    path.write_text(json.dumps({"id": "1", "text": "So it was: " + story("codeine", 1), "entities": []}) + "\n")
    return path.parent


def ids(folder: Path) -> List[str]:
    """RETURNS (list): the ids of a folder's passages."""
    return [passage.id for passage in read_passages(folder)]


def times(folder: Path) -> Dict[str, int]:
    """RETURNS (dict): when each shard in or below a folder was written."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("shard-*")}


def test_all_steps(capsys: Capture, tmp_path: Path, raw: Path, tests: Path) -> None:
    """Each drops what it is for; a second run does nothing; another threshold does only what depends on it."""
    a, b, c, d = (tmp_path / name for name in "abcd")
    commands: List[List[object]] = [
        ["filter", raw, "--out", a],
        ["deduplicate", a, "--out", b],
        ["decontaminate", b, "--out", c, "--against", tests],
        ["balance", c, "--out", d, "--seed", "7"],
    ]
    printed = []
    for command in commands:
        outcome = run(capsys, "corpus", *command, "--no-progress")
        assert outcome.status == 0, outcome.err
        printed.append(outcome.out)
    assert "score: 11 passages in, 11 out" in printed[0] and "filter: 11 passages in, 10 out" in printed[0]
    assert "  sentences: 1\n" in printed[0] and "short" not in ids(a) and "short" in ids(a / "scored")
    assert "same text: 1" in printed[1] and "near-duplicate: 1" in printed[1]
    assert len(ids(b / "exact")) == 9 and "twice" not in ids(b) and len({"nearly", "insulin"} & set(ids(b))) == 1
    assert printed[2].startswith("Test passages that were read: 1.\n") and "words of a test text: 1" in printed[2]
    assert "codeine" not in ids(c)
    assert "passages of each of 2 sources." in printed[3]

    written = times(tmp_path)
    assert [run(capsys, "corpus", *command, "--no-progress").out for command in commands] == printed
    assert times(tmp_path) == written
    outcome = run(capsys, "corpus", *commands[0], "--threshold", "sentences=2", "--no-progress")
    assert "filter: 11 passages in, 11 out" in outcome.out and "short" in ids(a)
    changed = {path for path, when in times(tmp_path).items() if written.get(path) != when}
    assert not any("scored" in path for path in changed) and all(path.startswith(str(a)) for path in changed)


def test_card(capsys: Capture, tmp_path: Path, raw: Path) -> None:
    """Written as the ending says."""
    run(capsys, "corpus", "filter", raw, "-o", tmp_path / "a", "--no-repair")
    for name in ("card.md", "card.html"):
        outcome = run(capsys, "corpus", "card", tmp_path / "a", "-o", tmp_path / name, "--title", "Our texts")
        assert outcome.status == 0 and outcome.out == f"Wrote '{tmp_path / name}'.\n"
        assert "Our texts" in (tmp_path / name).read_text() and "Texts were not repaired." in (tmp_path / name).read_text()
    outcome = run(capsys, "corpus", "card", raw, "-o", tmp_path / "c.md")
    assert outcome.status == 1 and "does not hold the counts of a step" in outcome.err


def test_exact_only(capsys: Capture, tmp_path: Path, raw: Path) -> None:
    """Near-duplicates stay, and no second folder is made."""
    outcome = run(capsys, "corpus", "deduplicate", raw, "-o", tmp_path / "b", "--exact-only")
    assert outcome.status == 0 and "near" not in outcome.out
    assert "nearly" in ids(tmp_path / "b") and "twice" not in ids(tmp_path / "b") and not (tmp_path / "b" / "exact").exists()


def test_thresholds(capsys: Capture) -> None:
    """The table, with changes."""
    outcome = run(capsys, "corpus", "thresholds", "--threshold", "newlines.dailymed=0.4")
    lines = {line.split()[0]: line for line in outcome.out.splitlines()}
    assert lines["newlines"].split("sentences")[1].split() == "≤ 0.3 ≤ 0.15 ≤ 0.15 ≤ 0.4 – ≤ 0.3".split()
    assert len(lines) == 10


def test_without_ftfy(capsys: Capture, tmp_path: Path, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts stay as they are; one sentence says so."""
    from spacy_gliner_biomed.corpus.collect import repair

    def absent(name: str) -> str:
        raise repair.PackageNotFoundError(name)

    monkeypatch.setattr(repair, "version", absent)
    outcome = run(capsys, "corpus", "filter", raw, "-o", tmp_path / "a")
    assert outcome.status == 0 and outcome.err.startswith("Texts stay unrepaired. Repairing texts needs the extra 'corpus'")
    assert run(capsys, "corpus", "filter", raw, "-o", tmp_path / "a", "--no-repair").err == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["filter", "RAW", "-o", "OUT", "--threshold", "size=1"], "The threshold 'size=1' is not understood"),
        (["filter", "GONE", "-o", "OUT"], "There is no file of passages"),
        (["filter", "RAW", "-o", "RAW"], "which it reads from; name another folder"),
        (["deduplicate", "RAW", "-o", "RAW"], "which it reads from; name another folder"),
        (["filter", "RAW", "-o", "OTHER"], "other passages; empty it or name another"),
        (["deduplicate", "RAW", "-o", "OUT", "--threshold", "1.5"], "A cosine of 1.5 cannot be a threshold"),
        (["deduplicate", "RAW", "-o", "RAW", "--exact-only"], "which it reads from; name another folder"),
        (["decontaminate", "RAW", "-o", "OUT", "--against", "GONE"], "There are no test texts at"),
        (["decontaminate", "RAW", "-o", "OUT", "--against", "RAW", "--n", "0"], "An n-gram of 0 words"),
        (["balance", "RAW", "-o", "OUT", "--source", "news"], "no passage of the source 'news'"),
    ],
)
def test_what_is_at_fault(capsys: Capture, tmp_path: Path, raw: Path, arguments: List[str], sentence: str) -> None:
    """One sentence, status 1, and nothing where the result would be; the input is untouched."""
    other = write(tmp_path / "other", list(read_passages(raw)))
    places = {"RAW": raw, "OUT": tmp_path / "out", "GONE": tmp_path / "gone", "OTHER": other}
    before = times(raw) | times(other)
    outcome = run(capsys, "corpus", *(places.get(each, each) for each in arguments))
    assert outcome.status == 1 and sentence in outcome.err and len(outcome.err.splitlines()) == 1
    assert not list((tmp_path / "out").glob("shard-*")) and times(raw) | times(other) == before


def test_the_methods_are_those_there_are() -> None:
    """The command line lists every one."""
    assert [each.value for each in Method] == list(METHODS)
