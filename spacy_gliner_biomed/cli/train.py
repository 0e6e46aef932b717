"""`gliner-biomed train`."""

from __future__ import annotations

from pathlib import Path
from typing import List

import typer


def train(
    recipe: Path = typer.Argument(..., help="A TOML file, such as configs/train/mini.toml."),
    corpora: Path = typer.Option(..., help="The folder that the recipe's paths start from."),
    out: Path = typer.Option(..., help="The folder for models, checkpoints and log."),
    set_: List[str] = typer.Option([], "--set", help="Change a setting: section.key=value. Repeatable."),
    resume: bool = typer.Option(True, help="Go on from the newest checkpoint in the folder."),
    allow_changes: bool = typer.Option(
        False, "--allow-changes", help="Go on though settings or data have changed since the checkpoint."
    ),
) -> None:
    """Train a model, without spaCy; `accelerate launch -m spacy_gliner_biomed train …` uses several processes."""
    from ..training.engine import BEST, LAST
    from ..training.launch import run_recipe

    result = run_recipe(recipe, corpora, out, set_, resume=resume, allow_changes=allow_changes)
    if result is None:  # another process speaks
        return
    print(f"Trained {result.steps} steps; the model of the last one is in '{result.folder / LAST}'.")
    if result.best is not None:
        print(f"Best dev F1 {100 * result.best.f1:.2f} at step {result.best_step}, in '{result.folder / BEST}'.")
