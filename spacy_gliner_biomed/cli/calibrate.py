"""`gliner-biomed calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer

from .annotate import Overlap, Precision
from .evaluate import CORPORA_HELP


def calibrate(
    model: str = typer.Argument("mini", help="mini, a model folder, a Hub id, a spaCy pipeline, or gliner:FOLDER."),
    corpora: Path = typer.Option(..., help=CORPORA_HELP),
    part: str = typer.Option(
        "dev", help="The part of it to calibrate on. Figures on the same part flatter: evaluate on another, or calibrate on train."
    ),
    only: List[str] = typer.Option([], help="A corpus by name; all of them without. Repeatable."),
    out: Path = typer.Option(Path("thresholds.json"), help="The file to write the thresholds to."),
    min_mentions: int = typer.Option(20, min=1, help="Gold mentions that a label needs for a threshold of its own."),
    floor: float = typer.Option(0.05, min=0.001, max=0.5, help="The lowest threshold to consider."),
    overlap: Optional[Overlap] = typer.Option(
        None, help="Which spans to ask for.", show_default="nested where the corpus nests"
    ),
    precision: Optional[Precision] = typer.Option(None, help="How the model computes.", show_default="float32"),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    device: Optional[str] = typer.Option(None, help="cpu, cuda or cuda:1; cpu without."),
    batch_size: int = typer.Option(32, min=1, help="Documents at a time."),
    report: Optional[Path] = typer.Option(None, help="A folder for result.json and report.html with the reliability curves."),
) -> None:
    """Find the thresholds that serve best, for all labels and for each; annotate --thresholds takes the file."""
    from ..corpus.formats import Problems
    from ..evaluation.calibration import collect, markdown_table, write_thresholds
    from ..evaluation.corpora import corpora_at
    from ..evaluation.report import print_problems, write_report
    from ..evaluation.run import envelope, typed_command
    from ..evaluation.systems.fingerprint import fingerprint
    from ..evaluation.systems.spec import Defaults, open_system, parse_spec

    given = parse_spec(model).settings
    for setting in ("threshold", "thresholds"):
        if setting in given:
            raise ValueError(f"The system '{model}' sets a {setting}, which is what calibrate is to find; leave it out.")
    if out.is_dir():
        raise IsADirectoryError(f"'{out}' is a folder; --out takes the file to write the thresholds to.")
    chosen = corpora_at(corpora, part, only)
    system = open_system(model, Defaults(floor, precision and precision.value, device, revision, batch_size))
    problems = {corpus.name: Problems() for corpus in chosen}
    asked = overlap.value if overlap else ""
    found = [(corpus.name, collect(system, corpus, asked, floor, problems[corpus.name])) for corpus in chosen]
    left_out = [{"name": name, "problems": list(each), "n_problems": len(each)} for name, each in problems.items()]
    print_problems({"corpora": left_out})
    pooled = found[0][1]
    for _, histogram in found[1:]:
        pooled = pooled.merge(histogram)
    thresholds = pooled.thresholds(min_mentions)
    print(markdown_table(pooled, min_mentions))
    print(f"\nIn brackets: fewer than {min_mentions} mentions, or none found; such labels take the threshold for all.")
    error = pooled.calibration_error()
    if error is not None:
        print(f"Expected calibration error of spans above {floor:g}: {error:.3f}")
    curves = [histogram.to_dict(system.name, name) for name, histogram in found]
    made_on = [{"name": corpus.name, "path": str(corpus.path), **fingerprint(str(corpus.path))} for corpus in chosen]
    write_thresholds(thresholds, out, model=model, min_mentions=min_mentions, corpora=made_on, calibration=curves)
    print(f"Thresholds: {out}")
    if report is not None:
        used = {"part": part, "floor": floor, "min_mentions": min_mentions}
        shown = {
            **envelope(f"{system.name}: calibration", typed_command(), used),
            "systems": [{"name": system.name, "kind": system.kind, "details": system.details, "notes": system.notes}],
            "calibration": curves,
        }
        write_report(shown, report, quiet=True)
