"""`gliner-biomed export` and `gliner-biomed info`, on a small random checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import spacy

from spacy_gliner_biomed import checkpoint
from tests.cli.support import run
from tests.support.published import make_checkpoint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("model"), "bi", "bert")


def test_info(capsys: pytest.CaptureFixture[str], model: Path) -> None:
    """Sizes and provenance, as JSON."""
    shown = json.loads(run(capsys, "info", model).out)
    scorer = checkpoint.load(str(model))
    assert scorer.config.max_width == shown["config"]["max_width"]
    assert "names" == shown["card"]["trained_on"]
    assert sum(parameter.numel() for parameter in scorer.module.parameters()) == shown["parameters"]


def test_info_on_thousands_of_labels(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Their number takes their place, unless all are asked for."""
    few, many = [f"label {n}" for n in range(100)], [f"label {n}" for n in range(1001)]
    scorer = checkpoint.load(str(make_checkpoint(tmp_path / "model", "bi", "bert")))
    scorer.card = replace(scorer.card, labels={"few": few, "many": many})
    checkpoint.save(scorer, tmp_path / "saved")
    shown = json.loads(run(capsys, "info", tmp_path / "saved").out)["card"]["labels"]
    assert {"few": few, "many": "1,001 labels; --all-labels names them"} == shown
    assert {"few": few, "many": many} == json.loads(run(capsys, "info", tmp_path / "saved", "--all-labels").out)["card"]["labels"]


def test_export(capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path) -> None:
    """A folder that loads again, with the same weights."""
    folder = tmp_path / "exported"
    outcome = run(capsys, "export", model, folder)
    assert f"Wrote '{folder}'; gliner loads it with GLiNER.from_pretrained('{folder}').\n" == outcome.out
    before, after = (checkpoint.load(str(path)).module.state_dict() for path in (model, folder))
    assert before.keys() == after.keys()
    assert all(before[name].equal(after[name]) for name in before)


def test_a_pipeline(capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path) -> None:
    """Its one model is meant; of several, and of none, the sentence says so."""
    nlp = spacy.blank("en")
    checkpoint_of = {"@architectures": "spacy_gliner_biomed.Checkpoint.v1", "name": str(model)}
    nlp.add_pipe("gliner_biomed", config={"model": checkpoint_of})
    nlp.to_disk(tmp_path / "one")
    inner = tmp_path / "one" / "gliner_biomed" / "model"
    assert run(capsys, "info", tmp_path / "one").out == run(capsys, "info", inner).out
    run(capsys, "export", tmp_path / "one", tmp_path / "exported")
    assert checkpoint.load(str(tmp_path / "exported")).config == checkpoint.load(str(model)).config
    nlp.add_pipe("gliner_biomed", name="second", config={"model": checkpoint_of})
    nlp.to_disk(tmp_path / "two")
    outcome = run(capsys, "info", tmp_path / "two")
    assert 1 == outcome.status and f"name one of {tmp_path}/two/gliner_biomed/model, {tmp_path}/two/second/model" in outcome.err
    spacy.blank("en").to_disk(tmp_path / "none")
    outcome = run(capsys, "info", tmp_path / "none")
    assert 1 == outcome.status and "holds no model with a text encoder of its own" in outcome.err


@pytest.mark.parametrize("command", [["info"], ["export"]])
def test_a_missing_model(capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]) -> None:
    """One sentence that names it."""
    arguments = [*command, tmp_path / "nowhere", *([tmp_path / "out"] if command == ["export"] else [])]
    outcome = run(capsys, *arguments)
    assert 1 == outcome.status
    assert f"There is no model folder '{tmp_path}/nowhere'" in outcome.err
    assert 1 == len(outcome.err.splitlines())
