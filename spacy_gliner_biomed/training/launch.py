"""From a recipe's file to a trained model."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Optional, Sequence

from ..annotate.output import text_file
from .cards import make_card
from .dev_set import DevSet
from .engine import TrainingResult, train
from .recipe import Recipe, build_scorer, read_recipe
from .sources import dev_passages, open_stream

RECIPE = "recipe.json"


def run_recipe(
    path: Path,
    corpora: Path,
    folder: Path,
    changes: Sequence[str] = (),
    *,
    resume: bool = True,
    allow_changes: bool = False,
    progress: bool = True,
) -> Optional[TrainingResult]:
    """Train as a recipe says.

    path (Path): the recipe. changes (list): as for `read_recipe`.
    corpora (Path): where the paths of its sources start.
    folder (Path): as for `train`; `recipe.json` in it holds all settings in full.
    RETURNS (TrainingResult): how it went; None in all processes but the first.
    RAISES (ValueError, OSError): for a recipe, model or corpus that can't be read, and as `train`.
    """
    recipe = read_recipe(path, changes)
    is_first = int(os.environ.get("RANK", "0")) == 0
    scorer = build_scorer(recipe.model)
    stream = open_stream(
        recipe.sources, recipe.stream, scorer, corpora, recipe.training.seed, progress=progress and is_first
    )
    dev = None if recipe.dev is None else DevSet(dev_passages(recipe.dev, corpora), recipe.dev.threshold)
    card = make_card(stream, scorer.card, corpora)
    result = train(
        scorer,
        stream,
        dev,
        recipe.training,
        folder,
        resume,
        progress,
        loss=recipe.loss,
        card=card,
        allow_changes=allow_changes,
        head_seed=recipe.model.head_seed,
        begun=lambda: _write_settings(recipe, folder),
    )
    return result if is_first else None


def _write_settings(recipe: Recipe, folder: Path) -> None:
    with text_file(folder / RECIPE) as stream:
        stream.write(json.dumps(asdict(recipe), indent=1) + "\n")
