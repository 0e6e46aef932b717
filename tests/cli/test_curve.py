"""`gliner-biomed curve`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed import checkpoint
from spacy_gliner_biomed.evaluation import curve
from spacy_gliner_biomed.evaluation.throughput import ThroughputSettings
from spacy_gliner_biomed.scorer import TrainingCard
from tests.cli.support import run
from tests.evaluation.support import ROW, write_corpus
from tests.scorer.tiny import make_scorer

CARD = TrainingCard(corpora=[{"name": "a"}], labels={"a": ["drug", "disease"]})


def test_a_curve(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Table, figures, picture; no checkpoint of its own stays behind. The clock is the throughput protocol's, tested with it."""
    checkpoint.save(make_scorer(tied=True, pass_rate=0.0, card=CARD), tmp_path / "model")
    write_corpus(tmp_path, "dev", "a.dev", [ROW])
    out = tmp_path / "out"
    resumed = out / "checkpoints" / "step-1"  # of a training that has the same folder
    resumed.mkdir(parents=True)

    def timed(systems: dict, texts: list, label_sets: dict, settings: ThroughputSettings) -> dict:
        assert ((2,), [ROW["text"]]) == (settings.batch_sizes, texts)
        entry = {"batch_size": 2, "words_per_second": 8.0, "peak_rss_mib": 5.0}
        return {"throughput": [{"system": name, **entry} for name in systems], "machine": {}, "systems": []}

    monkeypatch.setattr(curve, "measure_throughput", timed)
    options = ("--precision", "float32", "--window", 12, "--layers", 1, "--no-gliner", "--batch-size", 2)
    outcome = run(capsys, "curve", tmp_path / "model", "--corpora", tmp_path, "--out", out, *options)
    assert 0 == outcome.status, outcome.err
    assert "| point | kind | F1, mean of 1 in-schema dev corpus | words a second |" in outcome.out
    points = json.loads((out / "curve.json").read_text())["points"]
    assert ["float32", "window 12", "1 of 2 layers"] == [point["name"] for point in points]
    assert all(point["bytes"] > 0 and point["ratio"] is None for point in points)
    assert {"checkpoints", "curve.json", "curve.md", "curve.svg", "corpora", "predictions"} == {path.name for path in out.iterdir()}
    assert resumed.is_dir()
    answers = {path: path.stat().st_mtime_ns for path in (out / "predictions").rglob("*.jsonl")}
    assert 3 == len(answers)
    assert 0 == run(capsys, "curve", tmp_path / "model", "--corpora", tmp_path, "--out", out, *options).status
    assert answers == {path: path.stat().st_mtime_ns for path in answers}  # nothing is predicted twice


def test_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """For what is not there."""
    write_corpus(tmp_path, "dev", "z.dev", [ROW])
    where = ("--corpora", tmp_path, "--out", tmp_path / "out")
    for more, message in (
        (("--lexicon",), "name a file of your own as a point: lexicon:FILE."),
        (("--only", "x"), "There is no corpus 'x'"),
        ((), "it was trained on none of z.dev"),
    ):
        outcome = run(capsys, "curve", *where, *more)
        assert 1 == outcome.status and message in outcome.err, outcome.err
