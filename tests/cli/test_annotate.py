"""`gliner-biomed annotate`: its arguments reach the pipeline, and its results the outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.component import GlinerBiomed
from tests.cli.support import run

pytestmark = pytest.mark.usefixtures("dictionary")

LABELS = ("--labels", "drug,disease", "--labels", "gene")


def rows(out: str) -> list[list[tuple[str, str]]]:
    return [[(e["text"], e["label"]) for e in json.loads(line)["entities"]] for line in out.splitlines()]


def test_a_text_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The default."""
    outcome = run(capsys, "annotate", "Aspirin for fever.", *LABELS)
    assert 0 == outcome.status
    assert ["Aspirin", "drug", "0.969", "0", "7"] in [line.split() for line in outcome.out.splitlines()]


def test_jsonl_in_and_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Rows come back with their own fields."""
    path = tmp_path / "in.jsonl"
    path.write_text('{"pmid": 7, "abstract": "JAK2 and fever"}\n')
    outcome = run(capsys, "annotate", path, "--text-key", "abstract", "--format", "jsonl", *LABELS)
    assert [[("JAK2", "gene"), ("fever", "disease")]] == rows(outcome.out)
    assert 7 == json.loads(outcome.out)["pmid"]


def test_a_line_each(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`--input lines` reads any file so."""
    path = tmp_path / "in.txt"
    path.write_text("fever\naspirin\n")
    outcome = run(capsys, "annotate", path, "--input", "lines", "--format", "jsonl", *LABELS)
    assert [[("fever", "disease")], [("aspirin", "drug")]] == rows(outcome.out)


def test_files_by_their_names(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Several outputs, their formats from their suffixes."""
    outputs = [tmp_path / name for name in ("out.html", "out.spacy", "out.jsonl.gz")]
    arguments = [argument for output in outputs for argument in ("-o", output)]
    assert 0 == run(capsys, "annotate", "fever", *arguments).status
    assert all(output.is_file() for output in outputs)


def test_settings_reach_the_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option that the pipe knows."""
    seen = {}

    def remember(pipe: GlinerBiomed, docs: list, **options: object) -> list:
        seen.update(pipe.cfg)
        raise ValueError("seen enough")

    monkeypatch.setattr(GlinerBiomed, "predict", remember)
    options = ("--precision", "int8", "--overlap", "flat", "--multi-label", "--device", "cpu")
    outcome = run(capsys, "annotate", "fever", *LABELS, "--threshold", "gene=0.3", "--threshold", "0.6", *options)
    expected = {
        "labels": ["drug", "disease", "gene"],
        "threshold": {"gene": 0.3, "*": 0.6},
        "precision": "int8",
        "overlap": "flat",
        "multi_label": True,
        "device": "cpu",
    }
    assert expected == {name: seen[name] for name in expected}
    assert (1, "gliner-biomed: seen enough\n") == (outcome.status, outcome.err)


def test_an_error_says_where_the_work_done_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The bad row's line, and the unfinished file."""
    path, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"text": "fever"}\n' * 3 + "{\n")
    outcome = run(capsys, "annotate", path, "-o", output, "--batch-size", "1")
    first, second = outcome.err.splitlines()
    assert "in.jsonl, line 4: not JSON" in first
    assert f"What was written before is in '{output}.partial'." == second


def test_the_help_tells_the_default_device(capsys: pytest.CaptureFixture[str]) -> None:
    """A GPU is used where it is asked for."""
    assert "[default: (cpu)]" in run(capsys, "annotate", "--help").out.partition("--device")[2].partition("--progress")[0]


def test_a_wrong_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    """Told before anything is loaded."""
    outcome = run(capsys, "annotate", "fever", "--threshold", "2")
    assert "gliner-biomed: The threshold '2' is not a number from 0 to 1; write 0.4, or label=0.4.\n" == outcome.err


def test_a_threshold_for_a_label_that_is_not_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipe refuses it by name."""
    monkeypatch.undo()
    outcome = run(capsys, "annotate", "fever", "--labels", "drug", "--threshold", "gene=0.3")
    assert 1 == outcome.status
    assert "There is a threshold for 'gene', which is not one of the labels ['drug']; leave it out" in outcome.err


def test_the_last_line_of_a_worker_s_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """spaCy wraps a worker's whole traceback into its message; its last line is enough."""

    def refuse(pipe: GlinerBiomed, docs: list, **options: object) -> list:
        raise ValueError("[E871] Error encountered in nlp.pipe\n\nTraceback\n  File x\nValueError: too many labels\n")

    monkeypatch.setattr(GlinerBiomed, "predict", refuse)
    assert "gliner-biomed: ValueError: too many labels\n" == run(capsys, "annotate", "fever").err
