"""`gliner-biomed annotate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import List, Optional

import typer


class InputFormat(StrEnum):
    """How inputs are read."""

    auto = "auto"
    text = "text"
    lines = "lines"
    jsonl = "jsonl"


class OutputFormat(StrEnum):
    """How results are written."""

    table = "table"
    jsonl = "jsonl"
    spacy = "spacy"
    html = "html"


class Precision(StrEnum):
    """How the model computes."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    int8 = "int8"


class Overlap(StrEnum):
    """Which spans may share words."""

    flat = "flat"
    nested = "nested"


def annotate(
    inputs: List[str] = typer.Argument(..., help="Texts, files (.txt, .jsonl, either .gz), or - for stdin."),
    model: str = typer.Option("mini", help="mini, a model folder, a Hub id, or a spaCy pipeline."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    labels: List[str] = typer.Option(
        [], help="Labels, comma-separated, or a .json, .tsv or .txt file of names and descriptions. Repeatable."
    ),
    threshold: List[str] = typer.Option([], help="A number from 0 to 1, or label=number. Repeatable."),
    thresholds_file: Optional[Path] = typer.Option(
        None, "--thresholds", help="A file from gliner-biomed calibrate; --threshold overrides it."
    ),
    text_key: str = typer.Option("text", help="The field of a JSON row that holds its text."),
    input_format: InputFormat = typer.Option(
        InputFormat.auto, "--input", help="Read files as one text, as a text a line, or as JSON lines."
    ),
    output: List[str] = typer.Option(
        ["-"],
        "--output",
        "-o",
        help="A .jsonl, .spacy, .html or .txt file, a folder of .spacy shards, or -. Repeatable.",
    ),
    output_format: Optional[OutputFormat] = typer.Option(
        None, "--format", help="For outputs whose names do not say it.", show_default="table"
    ),
    entities_key: str = typer.Option("entities", help="The field of a JSON row that receives the entities."),
    batch_size: int = typer.Option(32, min=1, help="Documents at a time."),
    n_process: int = typer.Option(1, min=1, help="Processes."),
    precision: Optional[Precision] = typer.Option(None, help="How the model computes.", show_default="float32"),
    overlap: Optional[Overlap] = typer.Option(None, help="Whether spans may nest.", show_default="nested"),
    multi_label: Optional[bool] = typer.Option(
        None, "--multi-label/--single-label", help="Whether one span may carry several labels.", show_default="single"
    ),
    device: Optional[str] = typer.Option(None, help="cpu, cuda or cuda:1.", show_default="cpu"),
    progress: bool = typer.Option(True, help="Show a progress bar on stderr."),
) -> None:
    """Find entities in texts; write them as a table, JSON lines, .spacy files or an HTML page."""
    from ..annotate.inputs import check_inputs, read_inputs
    from ..annotate.options import parse_labels, parse_threshold
    from ..labels import narrow_thresholds, overriding_thresholds, read_thresholds

    check_inputs(inputs)
    label_set, thresholds = parse_labels(labels), parse_threshold(threshold)
    calibrated = read_thresholds(thresholds_file) if thresholds_file is not None else None

    from ..annotate.pipeline import build_pipeline, find_pipe
    from ..annotate.run import annotate as run

    settings = {"precision": precision, "overlap": overlap, "multi_label": multi_label, "device": device}
    settings = {name: getattr(value, "value", value) for name, value in settings.items() if value is not None}
    nlp = build_pipeline(model, revision, label_set, thresholds, settings)
    if calibrated is not None:
        pipe = find_pipe(nlp, model)
        pipe.threshold = overriding_thresholds(narrow_thresholds(calibrated, pipe.labels), thresholds)
    run(
        nlp,
        read_inputs(inputs, text_key, input_format.value),
        outputs=output,
        output_format=output_format.value if output_format else "",
        batch_size=batch_size,
        n_process=n_process,
        entities_key=entities_key,
        progress=progress,
    )
