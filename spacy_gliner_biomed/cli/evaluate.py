"""`gliner-biomed evaluate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import List, Optional

import typer

from .annotate import Precision


class EvaluatedOverlap(StrEnum):
    """Which spans are asked for."""

    auto = "auto"
    flat = "flat"
    nested = "nested"


def evaluate(
    model: str = typer.Argument("mini", help="mini, a model folder, a Hub id, or a spaCy pipeline."),
    corpora: Path = typer.Option(..., help="The folder that holds train/, dev/ and lexicon/."),
    part: str = typer.Option("dev", help="The part of it to evaluate on."),
    only: List[str] = typer.Option([], help="A corpus by name; all of them without. Repeatable."),
    lexicon: bool = typer.Option(False, "--lexicon", help="Compare with a lexicon matcher on the labels both know."),
    threshold: float = typer.Option(0.5, min=0.0, max=1.0, help="Score that a span must exceed."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    device: Optional[str] = typer.Option(None, help="cpu, cuda or cuda:1."),
    overlap: EvaluatedOverlap = typer.Option(
        EvaluatedOverlap.auto, help="Which spans to ask for; auto nests where the corpus does."
    ),
    precision: Precision = typer.Option(Precision.float32, help="How the model computes."),
    batch_size: int = typer.Option(32, min=1, help="Documents at a time."),
    out: Optional[Path] = typer.Option(None, help="A JSON file for all figures, by label as well."),
) -> None:
    """Strict precision, recall and F1 on annotated corpora, as a Markdown table."""
    from ..annotate.pipeline import build_pipeline
    from ..evaluation.corpora import choose_corpora
    from ..evaluation.report import LEXICON_FILE, evaluate_corpora, markdown_table, write_json

    chosen = choose_corpora(corpora, part, only)
    nlp = build_pipeline(model, revision, threshold=threshold, settings={"device": device, "precision": precision.value})
    wanted = None if overlap is EvaluatedOverlap.auto else overlap.value
    results = evaluate_corpora(nlp, chosen, corpora / LEXICON_FILE if lexicon else None, batch_size, wanted)
    print(markdown_table(results))
    if out is not None:
        write_json(results, out, model=model, threshold=threshold, precision=precision.value)
