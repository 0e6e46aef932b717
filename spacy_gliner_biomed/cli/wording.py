"""`gliner-biomed wording`."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer

from .annotate import Precision
from .evaluate import CORPORA_HELP


def wording(
    model: str = typer.Argument("mini", help="mini, a model folder, a Hub id, or a spaCy pipeline."),
    corpora: Path = typer.Option(..., help=CORPORA_HELP),
    wordings: Path = typer.Option(
        Path("project/assets/label_paraphrases.jsonl"), help='JSON Lines: {"label", "paraphrases": […], "description"}.'
    ),
    part: str = typer.Option("dev", help="The part of the folder to evaluate on."),
    only: List[str] = typer.Option([], help="A corpus by name; all of them without. Repeatable."),
    threshold: float = typer.Option(0.5, min=0.0, max=1.0, help="Score that a span must exceed."),
    precision: Precision = typer.Option(Precision.float32, help="How the model computes."),
    device: Optional[str] = typer.Option(None, help="cpu, cuda or cuda:1."),
    batch_size: int = typer.Option(32, min=1, help="Documents at a time."),
    out: Optional[Path] = typer.Option(None, help="A folder for result.json, report.html and the predictions."),
) -> None:
    """How much the scores depend on the way labels are put: names, paraphrases, descriptions, on the same corpora."""
    from tempfile import TemporaryDirectory

    from ..annotate.pipeline import build_pipeline
    from ..evaluation.corpora import choose_corpora, open_corpus
    from ..evaluation.report import write_report
    from ..evaluation.run import Settings, envelope, evaluate, typed_command
    from ..evaluation.systems.fingerprint import fingerprint
    from ..evaluation.wording import wording_markdown, wording_systems, wording_table
    from ..label_sets import read_test_wordings

    chosen = choose_corpora(corpora, part, only) if (corpora / part).is_dir() else [open_corpus(corpora)]
    nlp = build_pipeline(model, threshold=threshold, settings={"device": device, "precision": precision.value})
    details = {"model": model, **fingerprint(model), "precision": precision.value}
    systems = wording_systems(nlp, read_test_wordings(wordings), threshold, batch_size, details)
    with TemporaryDirectory() as unkept:
        predictions = Path(unkept) if out is None else out / "predictions"
        result = evaluate(systems, chosen, predictions, Settings(n_bootstrap=0, worst=0, compare=False))
    used = {"part": part, "threshold": threshold, "precision": precision.value}
    result = {**envelope(f"{model}: labels in other words", typed_command(), used), **result}
    result["wording"] = wording_table(result)
    if out is not None:
        write_report(result, out, quiet=True)
    print(wording_markdown(result["wording"]))
