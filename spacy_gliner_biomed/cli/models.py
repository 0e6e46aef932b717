"""`gliner-biomed export` and `gliner-biomed info`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

import typer


def export(
    model: str = typer.Argument(..., help="mini, a model or pipeline folder, or a Hub id."),
    folder: Path = typer.Argument(..., help="The folder to write."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
) -> None:
    """Write a model as a folder that the gliner library loads."""
    from .. import checkpoint
    from ..checkpoint.hub import model_in
    from ..scorer.config import ScorerConfig

    scorer = checkpoint.load(model_in(model), revision)
    checkpoint.export(scorer, folder)
    print(f"Wrote '{folder}'; gliner loads it with GLiNER.from_pretrained('{folder}').")
    if scorer.config.words != ScorerConfig.words:
        print("This model's words end at hyphens, gliner's don't: in 'drug-induced', gliner can't mark the drug alone.")


def info(
    model: str = typer.Argument("mini", help="mini, a model or pipeline folder, or a Hub id."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    all_labels: bool = typer.Option(False, "--all-labels", help="Name all labels of a corpus that has thousands."),
) -> None:
    """Show a model's sizes and what it was trained on, as JSON."""
    from ..checkpoint.hub import model_in
    from ..describe import describe

    print(json.dumps(describe(model_in(model), revision, all_labels), indent=2, ensure_ascii=False))
