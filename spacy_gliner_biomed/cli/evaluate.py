"""`gliner-biomed evaluate` and `gliner-biomed compare`."""

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


class Policy(StrEnum):
    """What becomes of gold mentions in several pieces."""

    drop = "drop"
    hull = "hull"
    fragments = "fragments"


SYSTEM_HELP = (
    "mini, a model folder, a Hub id, a spaCy pipeline; or gliner:FOLDER, spacy:PIPELINE, lexicon:FILE, predictions:FILE; "
    "NAME=… gives it a name, …,threshold=0.4 a setting."
)
FORMAT_HELP = "Of a file: jsonl, brat, pubtator, bioc, conll, gliner_rows, docbin; found out without."
CORPORA_HELP = "The folder that holds train/, dev/ (and lexicon/), or one annotated file or folder of any known format."

_corpora = typer.Option(..., help=CORPORA_HELP)
_part = typer.Option("dev", help="The part of the folder to evaluate on.")
_only = typer.Option([], help="A corpus by name; all of them without. Repeatable.")
_format = typer.Option(None, help=FORMAT_HELP)
_policy = typer.Option(Policy.drop, help="What becomes of gold mentions in several pieces.")
_lexicon = typer.Option(False, "--lexicon", help="Compare with a lexicon matcher on the labels both know.")
_training = typer.Option(
    None, help="The folder of training corpora, to measure what the evaluated texts share with them."
)
_threshold = typer.Option(None, min=0.0, max=1.0, help="Score that a span must exceed; 0.5 without.")
_thresholds = typer.Option(None, help="A file of thresholds, from gliner-biomed calibrate.")
_device = typer.Option(None, help="cpu, cuda or cuda:1; cpu without.")
_overlap = typer.Option(EvaluatedOverlap.auto, help="Which spans to ask for; auto nests where the corpus does.")
_precision = typer.Option(Precision.float32, help="How the models compute.")
_batch_size = typer.Option(32, min=1, help="Documents at a time.")
_bootstrap = typer.Option(1000, min=0, help="Rounds of resampling for the intervals; 0 leaves them out.")
_seed = typer.Option(0, help="Of the resampling.")
_worst = typer.Option(5, min=0, help="Passages with the most errors to show, for each system and corpus.")
_out = typer.Option(
    None, help="A folder for result.json, report.html, picture.svg and the predictions, which a second run reads again."
)


def evaluate(
    systems: List[str] = typer.Argument(None, help=SYSTEM_HELP + " Default: mini."),
    corpora: Path = _corpora,
    part: str = _part,
    only: List[str] = _only,
    format: Optional[str] = _format,
    policy: Policy = _policy,
    lexicon: bool = _lexicon,
    training: Optional[Path] = _training,
    threshold: Optional[float] = _threshold,
    thresholds: Optional[Path] = _thresholds,
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    device: Optional[str] = _device,
    overlap: EvaluatedOverlap = _overlap,
    precision: Precision = _precision,
    batch_size: int = _batch_size,
    bootstrap: int = _bootstrap,
    seed: int = _seed,
    worst: int = _worst,
    out: Optional[Path] = _out,
) -> None:
    """How good a model is: scores with confidence intervals, comparisons, errors; as tables, JSON and a page."""
    from tempfile import TemporaryDirectory

    from ..evaluation.calibration import chosen_on
    from ..evaluation.corpora import corpora_at
    from ..evaluation.html_report.words import enumerate_words
    from ..evaluation.report import make_folder, write_report
    from ..evaluation.run import Settings, envelope, typed_command
    from ..evaluation.run import evaluate as run
    from ..evaluation.systems import Defaults, open_systems
    from ..evaluation.systems.spec import thresholds_file
    from ..evaluation.training_data import TrainingData
    from ..labels import read_thresholds

    if threshold is not None and thresholds is not None:
        raise ValueError("Both --threshold and --thresholds were given; leave one out.")
    specs = list(systems or ["mini"])
    if lexicon:
        names = corpora / "lexicon" / "lexicon.tsv.gz"
        if not names.is_file():
            raise FileNotFoundError(
                f"There is no '{names}', which --lexicon stands for; name a file of your own as a system: lexicon:FILE."
            )
        specs.append(f"lexicon=lexicon:{names}")
    defaults = Defaults(
        threshold=read_thresholds(thresholds) if thresholds is not None else 0.5 if threshold is None else threshold,
        precision=precision.value,
        device=device,
        revision=revision,
        batch_size=batch_size,
    )
    chosen = corpora_at(corpora, part, only, policy.value, format)
    opened = open_systems(specs, defaults)
    read = TrainingData.read(training) if training is not None else None
    if out is not None:
        make_folder(out)
    settings = Settings(overlap=overlap.value, n_bootstrap=bootstrap, seed=seed, worst=worst)
    with TemporaryDirectory() as unkept:
        predictions = Path(unkept) if out is None else out / "predictions"
        result = run(opened, chosen, predictions, settings, read)
    used = {
        **({"part": part} if (corpora / part).is_dir() else {}),
        "policy": policy.value,
        "overlap": overlap.value,
        "precision": precision.value,
        "bootstrap": bootstrap,
        "seed": seed,
    }
    for system, text in zip(result["systems"], specs, strict=True):
        file = thresholds_file(text, thresholds)
        fitted = [] if file is None else chosen_on(file, chosen)
        if fitted:
            system["notes"].append(f"Its thresholds were chosen on {enumerate_words(fitted)}, so its figures there flatter.")
    title = " against ".join(system.name for system in opened)
    result = {**envelope(title, typed_command(), used), **result}
    write_report(result, out)


def compare(
    systems: List[str] = typer.Argument(..., help=SYSTEM_HELP),
    corpora: Path = _corpora,
    part: str = _part,
    only: List[str] = _only,
    format: Optional[str] = _format,
    policy: Policy = _policy,
    lexicon: bool = _lexicon,
    training: Optional[Path] = _training,
    threshold: Optional[float] = _threshold,
    thresholds: Optional[Path] = _thresholds,
    device: Optional[str] = _device,
    overlap: EvaluatedOverlap = _overlap,
    precision: Precision = _precision,
    batch_size: int = _batch_size,
    bootstrap: int = _bootstrap,
    seed: int = _seed,
    worst: int = _worst,
    out: Optional[Path] = _out,
) -> None:
    """Two or more systems on the same documents: differences in F1 with confidence intervals and corrected p-values."""
    if len(systems) + lexicon < 2:
        raise ValueError(f"Only one system was given ('{systems[0]}'); give another to compare it with, or use evaluate.")
    evaluate(
        systems,
        corpora=corpora,
        part=part,
        only=only,
        format=format,
        policy=policy,
        lexicon=lexicon,
        training=training,
        threshold=threshold,
        thresholds=thresholds,
        revision=None,  # of several models, each names its own: ID,revision=…
        device=device,
        overlap=overlap,
        precision=precision,
        batch_size=batch_size,
        bootstrap=bootstrap,
        seed=seed,
        worst=worst,
        out=out,
    )
