"""`gliner-biomed evaluate` and `gliner-biomed compare`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.support import run
from tests.evaluation.support import ROW, write_corpus, write_lexicon

pytestmark = pytest.mark.usefixtures("dictionary")


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Two corpora of one passage each, and a lexicon that knows one of the two mentions."""
    for name in ("a", "b"):
        write_corpus(tmp_path, "dev", name, [ROW])
    plain = write_lexicon(tmp_path / "lexicon" / "lexicon.tsv", ("disease", "fever", ""))
    plain.with_suffix(".tsv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    return tmp_path


def test_tables_a_result_a_page_and_a_picture(capsys: pytest.CaptureFixture[str], corpora: Path) -> None:
    """Only the corpora asked for; what was predicted is kept and read again."""
    out = corpora / "out"
    arguments = ("evaluate", "--corpora", corpora, "--only", "b", "--out", out, "--bootstrap", "20")
    outcome = run(capsys, *arguments)
    assert outcome.status == 0, outcome.err
    assert "| b | mini | 100.0 | 100.0 | 100.0" in outcome.out
    result = json.loads((out / "result.json").read_text())
    assert ["b"] == [corpus["name"] for corpus in result["corpora"]]
    assert "drop" == result["settings"]["policy"]
    assert (out / "report.html").read_text().lstrip().startswith("<!DOCTYPE html>")
    assert "<svg" in (out / "picture.svg").read_text()
    kept = out / "predictions" / "mini" / "b.jsonl"
    written = kept.stat().st_mtime_ns
    assert run(capsys, *arguments).status == 0
    assert written == kept.stat().st_mtime_ns


def test_the_lexicon_of_the_folder(capsys: pytest.CaptureFixture[str], corpora: Path) -> None:
    """`lexicon/lexicon.tsv.gz` becomes a second system, compared on the labels both know."""
    outcome = run(capsys, "evaluate", "--corpora", corpora, "--lexicon", "--bootstrap", "20")
    assert outcome.status == 0, outcome.err
    assert "| a | 100.0 | 66.7 | +33.3" in outcome.out


def test_one_file_of_any_format(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """PubTator, found out by its content."""
    path = tmp_path / "one.pubtator"
    path.write_text("1|t|Aspirin for fever.\n1|a|\n1\t12\t17\tfever\tdisease\tD1\n")
    outcome = run(capsys, "evaluate", "mini", "--corpora", path, "--bootstrap", "0")
    assert outcome.status == 0, outcome.err
    assert "| one | mini | 100.0 | 100.0 | 100.0 |" in outcome.out


def test_a_lower_and_a_higher_threshold_are_two_systems(capsys: pytest.CaptureFixture[str], corpora: Path) -> None:
    """Named by the caller; `compare` needs two."""
    systems = ("low=mini,threshold=0.5", "high=mini,threshold=0.9")
    outcome = run(capsys, "compare", *systems, "--corpora", corpora, "--bootstrap", "0")
    assert outcome.status == 0, outcome.err
    assert "low − high" in outcome.out and "| a | 100.0 | 66.7 | +33.3" in outcome.out
    alone = run(capsys, "compare", "mini", "--corpora", corpora)
    assert alone.status == 1 and "Only one system was given ('mini')" in alone.err


def test_thresholds_from_a_file(capsys: pytest.CaptureFixture[str], corpora: Path) -> None:
    """As `calibrate` writes them; not together with --threshold."""
    file = corpora / "thresholds.json"
    file.write_text(json.dumps({"threshold": 0.5, "labels": {"disease": 0.99}}))
    outcome = run(capsys, "evaluate", "--corpora", corpora, "--only", "a", "--thresholds", file, "--bootstrap", "0")
    assert outcome.status == 0, outcome.err
    both = run(capsys, "evaluate", "--corpora", corpora, "--thresholds", file, "--threshold", "0.5")
    assert both.status == 1 and "Both --threshold and --thresholds were given" in both.err


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('{"id": "p1", "entities": [{"start": 0}]}\n', "line 1"),
        ("not json\n", "line 1"),
        ('{"id": "p1", "entities": []}\n{"id": "p9", "entities": []}\n', "p9"),
        ("", "p1"),
    ],
)
def test_a_broken_prediction_file(capsys: pytest.CaptureFixture[str], corpora: Path, rows: str, message: str) -> None:
    """One sentence with file and line, or with the passage that has no prediction or is unknown."""
    file = corpora / "predicted.jsonl"
    file.write_text(rows)
    outcome = run(capsys, "evaluate", f"predictions:{file}", "--corpora", corpora, "--only", "a")
    assert outcome.status == 1
    assert message in outcome.err and str(file) in outcome.err
    assert 1 == len(outcome.err.strip().splitlines()), outcome.err


def test_a_missing_lexicon(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Told by its path."""
    write_corpus(tmp_path, "dev", "a", [ROW])
    outcome = run(capsys, "evaluate", "--corpora", tmp_path, "--lexicon")
    assert outcome.status == 1 and f"{tmp_path}/lexicon/lexicon.tsv.gz" in outcome.err


def test_no_corpus(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A folder without the part, and a path that is not there."""
    assert "dev" in run(capsys, "evaluate", "--corpora", tmp_path).err
    assert "nowhere" in run(capsys, "evaluate", "--corpora", tmp_path / "nowhere").err


def test_mentions_left_out_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """On stderr by file and line, the first of them, also where no report is written."""
    outside = {"start": 0, "end": 99, "label": "drug"}
    path = write_corpus(tmp_path, "dev", "a", [{**ROW, "entities": [*ROW["entities"], *[outside] * 7]}])
    outcome = run(capsys, "evaluate", "--corpora", path, "--bootstrap", "0")
    assert outcome.status == 0, outcome.err
    assert 5 == outcome.err.count(f"Left out: {path}, line 1: the mention 0–99 (drug) does not fit")
    assert "… and 2 more of a." in outcome.err


@pytest.mark.parametrize("command", ["evaluate", "wording", "throughput", "few-shot"])
def test_where_a_report_cannot_go(capsys: pytest.CaptureFixture[str], corpora: Path, command: str) -> None:
    """Said before anything is predicted, by every command that writes one."""
    taken = corpora / "taken"
    taken.write_text('{"label": "drug", "paraphrases": ["compound"]}')
    options = ("--wordings", taken) if command == "wording" else ()
    for out in (taken, taken / "deeper"):
        outcome = run(capsys, command, "--corpora", corpora / "dev" / "a.jsonl", *options, "--out", out)
        assert outcome.status == 1
        said = f"gliner-biomed: The report needs a folder, and '{out}' is a file or lies in one; name another."
        assert outcome.err.splitlines()[-1] == said
    assert taken.is_file()


def test_thresholds_are_no_folder(capsys: pytest.CaptureFixture[str], corpora: Path) -> None:
    """Said before anything is predicted."""
    assert "is a folder; --out takes the file" in run(capsys, "calibrate", "--corpora", corpora, "--out", corpora).err


def test_labels_in_any_script(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The page holds them as text, whatever letters the plots' own font has; nothing warns."""
    label = "薬/drug 💊"
    entities = [{"start": 0, "end": 7, "label": label}, {"start": 12, "end": 17, "label": "a/../b"}]
    path = write_corpus(tmp_path, "dev", "a", [{**ROW, "entities": entities}])
    outcome = run(capsys, "evaluate", "--corpora", path, "--bootstrap", "0", "--out", tmp_path / "out")
    assert (outcome.status, outcome.err) == (0, "")
    assert label in (tmp_path / "out" / "report.html").read_text()
