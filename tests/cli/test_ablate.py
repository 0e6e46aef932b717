"""`gliner-biomed ablate`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from spacy_gliner_biomed.training import ablation_run
from tests.cli.support import run
from tests.training.recipes import recipe_file
from tests.training.test_spacy_train import workshop

__all__ = ["workshop"]


@pytest.fixture
def place(workshop: Path, tmp_path: Path) -> Path:  # noqa: F811
    """A folder with a recipe on a tiny encoder, its corpus as train and dev part, and other words for a label."""
    recipe_file(tmp_path, workshop)
    (tmp_path / "dev").mkdir()
    shutil.copy(workshop / "train.jsonl", tmp_path / "train.jsonl")
    shutil.copy(workshop / "train.jsonl", tmp_path / "dev" / "c.dev.jsonl")
    (tmp_path / "words.jsonl").write_text(json.dumps({"label": "drug", "paraphrases": ["compound", "medicine"]}) + "\n")
    return tmp_path


def command(place: Path, *more: object) -> tuple[object, ...]:
    """RETURNS (tuple): an ablation of two cells, two steps each."""
    where = ("--corpora", place, "--out", place / "out", "--wordings", place / "words.jsonl")
    return ("ablate", place / "recipe.toml", *where, "--words", 40, "--seeds", 1, "--only", "no-descriptions", *more)


def test_an_ablation(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    """Results without weights, a table, a picture; a second run trains nothing, other settings train anew."""
    outcome = run(capsys, *command(place))
    assert 0 == outcome.status, outcome.err
    assert "Cell 2 of 2: no-descriptions, seed 0." in outcome.err and "Left: 1 cell, about" in outcome.err
    assert "| nothing (everything on) | 1 | " in outcome.out and "| descriptions | 1 | " in outcome.out
    out = place / "out"
    assert {"ablation.json", "ablation.md", "ablation.svg", "cells"} == {path.name for path in out.iterdir()}
    cells = sorted((out / "cells").iterdir())
    assert [2, 2] == [len(list(cell.iterdir())) for cell in cells]  # the log and the result
    one = json.loads((cells[1] / "result.json").read_text())
    assert ["stream.description=0.0", "stream.name_and_description=0.0"] == one["changes"]
    assert set(one["corpora"]["c.dev"]["wording"]) == {"drug"}
    assert 2 == one["recipe"]["training"]["steps"] and {"c": ["drug", "symptom"]} == one["card"]["labels"]

    before = {path: path.stat().st_mtime_ns for path in out.rglob("result.json")}
    again = run(capsys, *command(place))
    assert "2 of 2 cells are finished already." in again.err and again.out == outcome.out
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("result.json")}
    shown = run(capsys, *command(place, "--table"))
    assert 0 == shown.status and shown.out == outcome.out
    changed = run(capsys, *command(place, "--table", "--set", "training.clip=1.0"))
    assert 1 == changed.status and "No training with everything on" in changed.err


def test_processes_share_the_cells(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    """What another process is at is left to it; what it gave up is taken."""
    assert 0 == run(capsys, *command(place)).status
    cells = sorted((place / "out" / "cells").iterdir())
    (cells[0] / "result.json").unlink()
    with ablation_run.FileLock(cells[0].with_name(f".{cells[0].name}.lock")):
        held = run(capsys, *command(place))
        assert "(another process is at it)" in held.err and not (cells[0] / "result.json").exists()
        (cells[1] / "result.json").unlink()  # without the cell that all are compared with, the other one is trained all the same
        assert 1 == run(capsys, *command(place)).status and (cells[1] / "result.json").exists()
    assert 0 == run(capsys, *command(place)).status
    assert (cells[0] / "result.json").exists()


def test_a_killed_cell_goes_on(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its last checkpoint; with --keep-models the weights stay."""
    original = ablation_run.measure

    def killed(*arguments: object, **others: object) -> None:
        raise OSError("The power went.")

    monkeypatch.setattr(ablation_run, "measure", killed)
    assert 1 == run(capsys, *command(place, "--keep-models")).status
    [cell] = (place / "out" / "cells").iterdir()
    assert not (cell / "result.json").exists() and ["step-00000002"] == [p.name for p in (cell / "checkpoints").iterdir()]
    log = (cell / "log.jsonl").read_text()
    monkeypatch.setattr(ablation_run, "measure", original)
    assert 0 == run(capsys, *command(place, "--keep-models")).status
    assert (cell / "result.json").exists() and (cell / "log.jsonl").read_text() == log
    assert (cell / "model-last" / "model.safetensors").exists() and not (cell / "checkpoints").exists()


def test_one_sentence(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    """For ingredients, lists and texts that cannot be used."""
    for more, message in (
        (("--only", "luck"), "There is no ingredient 'luck' to switch off"),
        (("--wordings", place / "none.jsonl"), "name one with --wordings."),
        (("--also", place / "train.jsonl"), f"The recipe trains on '{place / 'train.jsonl'}'"),
        (("--corpus", "x"), "There is no corpus 'x'"),
    ):
        outcome = run(capsys, *command(place, *more))
        assert 1 == outcome.status and message in outcome.err, outcome.err
        assert 1 == len(outcome.err.splitlines())


def test_other_weights_to_start_from_are_another_ablation(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    """The name of a folder says little: a start that was trained anew makes finished cells those of another ablation."""
    first = shutil.copy(place / "recipe.toml", place / "first.toml")
    recipe = (place / "recipe.toml").read_text()
    start = f'[model]\nstart = "{place / "start" / "model-last"}"\n\n'
    (place / "recipe.toml").write_text(start + recipe[recipe.index("[[sources]]") :])

    def train(steps: int) -> None:
        shutil.rmtree(place / "start", ignore_errors=True)
        options = ("--corpora", place, "--out", place / "start", "--set", f"training.steps={steps}")
        assert 0 == run(capsys, "train", first, *options).status

    train(1)
    assert 0 == run(capsys, *command(place)).status
    assert 0 == run(capsys, *command(place, "--table")).status
    train(2)
    changed = run(capsys, *command(place, "--table"))
    assert 1 == changed.status and "No training with everything on" in changed.err
