"""`gliner-biomed wording`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List, Optional

import typer

from .annotate import Precision
from .evaluate import CORPORA_HELP, FORMAT_HELP, Policy


def wording(
    model: str = typer.Argument("mini", help="mini, a model folder, a Hub id, or a spaCy pipeline."),
    corpora: Path = typer.Option(..., help=CORPORA_HELP),
    wordings: Path = typer.Option(
        Path("project/assets/label_paraphrases.jsonl"),
        help='JSON Lines: {"label", "paraphrases": […], "description"}; the list of the repository, from its own folder.',
    ),
    part: str = typer.Option("dev", help="The part of the folder to evaluate on."),
    only: List[str] = typer.Option([], help="A corpus by name; all of them without. Repeatable."),
    format: Optional[str] = typer.Option(None, help=FORMAT_HELP),
    policy: Policy = typer.Option(Policy.drop, help="What becomes of gold mentions in several pieces."),
    threshold: float = typer.Option(0.5, min=0.0, max=1.0, help="Score that a span must exceed."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    precision: Precision = typer.Option(Precision.float32, help="How the model computes."),
    device: Optional[str] = typer.Option(None, help="cpu, cuda or cuda:1; cpu without."),
    batch_size: int = typer.Option(32, min=1, help="Documents at a time."),
    out: Optional[Path] = typer.Option(None, help="A folder for result.json, report.html, picture.svg and the predictions."),
) -> None:
    """How much the scores depend on the way labels are put: names, paraphrases, descriptions, on the same corpora."""
    from tempfile import TemporaryDirectory

    from ..annotate.pipeline import build_pipeline
    from ..evaluation.corpora import corpora_at
    from ..evaluation.report import make_folder, print_problems, write_report
    from ..evaluation.run import Settings, envelope, evaluate, typed_command
    from ..evaluation.systems.fingerprint import fingerprint
    from ..evaluation.wording import wording_markdown, wording_systems, wording_table, wordings_of
    from ..label_sets import read_test_wordings

    if not wordings.is_file():
        raise FileNotFoundError(f"There is no list of wordings '{wordings}'; name one with --wordings.")
    chosen = corpora_at(corpora, part, only, policy.value, format)
    put, unput = wordings_of(read_test_wordings(wordings), [label for corpus in chosen for label in corpus.labels])
    if not put:
        raise ValueError(f"'{wordings}' has no other words for a label of these corpora: {', '.join(unput)}.")
    if unput:
        print(f"Asked for by their own names throughout, as '{wordings}' lacks them: {', '.join(unput)}.", file=sys.stderr)
    if out is not None:
        make_folder(out)
    settings = {"device": device, "precision": precision.value}
    nlp = build_pipeline(model, revision, threshold=threshold, settings=settings)
    details = {"model": model, **fingerprint(model), "precision": precision.value}
    details |= {"revision": revision} if revision else {}
    systems = wording_systems(nlp, put, threshold, batch_size, details)
    with TemporaryDirectory() as unkept:
        predictions = Path(unkept) if out is None else out / "predictions"
        result = evaluate(systems, chosen, predictions, Settings(n_bootstrap=0, worst=0, compare=False))
    used = {"part": part, "policy": policy.value, "threshold": threshold, "precision": precision.value}
    result = {**envelope(f"{model}: labels in other words", typed_command(), used), **result}
    result["wording"] = wording_table(result)
    if out is not None:
        write_report(result, out, quiet=True)
    else:
        print_problems(result)
    print(wording_markdown(result["wording"]))
