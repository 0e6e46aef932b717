"""`gliner-biomed train`."""

from __future__ import annotations

import json
from pathlib import Path

from spacy_gliner_biomed import checkpoint
from tests.cli.support import run
from tests.training.recipes import recipe_file
from tests.training.test_spacy_train import workshop

__all__ = ["workshop"]


def test_from_a_recipe_to_a_model(capsys, workshop: Path, tmp_path: Path) -> None:  # noqa: F811
    """Models with an honest card, a log, all settings; the same command again has nothing left to do."""
    recipe, out = recipe_file(tmp_path, workshop), tmp_path / "out"
    command = ("train", recipe, "--corpora", workshop, "--out", out, "--set", "stream.batch_words=15")
    outcome = run(capsys, *command)
    assert (0, "") == (outcome.status, outcome.err)
    assert f"Trained 4 steps; the model of the last one is in '{out / 'model-last'}'." in outcome.out
    assert "Best dev F1" in outcome.out
    card = checkpoint.load(str(out / "model-last")).card
    assert ("both", "{name}: {description}", {"c": ["drug", "symptom"]}) == (card.trained_on, card.label_template, card.labels)
    [corpus] = card.corpora
    assert {"name": "c", "mentions": 5, "share": 1.0, "annotation": "as annotated"}.items() <= corpus.items()
    assert 15 == json.loads((out / "recipe.json").read_text())["stream"]["batch_words"]
    log = (out / "log.jsonl").read_text()
    assert [1, 2, 2, 3, 4, 4] == [json.loads(line)["step"] for line in log.splitlines()]
    before = (out / "model-last" / "model.safetensors").read_bytes()
    assert 0 == run(capsys, *command).status
    assert before == (out / "model-last" / "model.safetensors").read_bytes()


def test_mistakes_are_one_sentence(capsys, workshop: Path, tmp_path: Path) -> None:  # noqa: F811
    """And leave the folder as it is."""
    recipe = recipe_file(tmp_path, workshop)
    where = ("--corpora", workshop, "--out", tmp_path / "out")
    for change, message in (
        ("training.step=3", "did you mean training.steps?"),
        ("sources.0.path=missing", f"There is no corpus at {workshop / 'missing'}"),
        ('sources.0.only=["d"]', "There is no corpus 'd' in train.jsonl; it holds c."),
    ):
        outcome = run(capsys, "train", recipe, *where, "--set", change)
        assert 1 == outcome.status and message in outcome.err, outcome.err
        assert 1 == len(outcome.err.splitlines())
    assert 1 == run(capsys, "train", tmp_path / "none.toml", *where).status
    assert not (tmp_path / "out").exists()


def test_beginning_anew(capsys, workshop: Path, tmp_path: Path) -> None:  # noqa: F811
    """`--no-resume` forgets checkpoints; other settings are refused with them."""
    recipe = recipe_file(tmp_path, workshop)
    where = ("--corpora", workshop, "--out", tmp_path / "out")
    assert 0 == run(capsys, "train", recipe, *where, "--set", "training.steps=2").status
    outcome = run(capsys, "train", recipe, *where)
    assert 1 == outcome.status and "training (steps)" in outcome.err
    assert 2 == json.loads((tmp_path / "out" / "recipe.json").read_text())["training"]["steps"]
    outcome = run(capsys, "train", recipe, *where, "--set", "training.steps=2", "--set", "model.seed=1")
    assert 1 == outcome.status and "another model (head_seed)" in outcome.err
    assert 0 == run(capsys, "train", recipe, *where, "--no-resume").status
    assert ["step-00000002", "step-00000004"] == sorted(path.name for path in (tmp_path / "out" / "checkpoints").iterdir())
