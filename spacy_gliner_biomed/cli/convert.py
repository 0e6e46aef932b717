"""`gliner-biomed convert`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Optional

import typer

SHOWN = 20  # problems


class Pieces(StrEnum):
    """What becomes of a mention in several pieces."""

    keep = "keep"
    drop = "drop"
    hull = "hull"
    fragments = "fragments"


class Format(StrEnum):
    """How a corpus is written."""

    jsonl = "jsonl"
    brat = "brat"
    pubtator = "pubtator"
    bioc = "bioc"
    conll = "conll"
    gliner_rows = "gliner_rows"
    docbin = "docbin"


def convert(
    source: Path = typer.Argument(..., help="A corpus: a file, or a folder of files of one format."),
    target: Path = typer.Argument(..., help="The .jsonl or .jsonl.gz file to write."),
    format: Optional[Format] = typer.Option(None, help="How the corpus is written; found out without."),
    policy: Pieces = typer.Option(Pieces.keep, help="What becomes of mentions in several pieces; keep leaves them apart."),
    label_map: Optional[Path] = typer.Option(
        None, help="A JSON object from the corpus' labels to the ones wanted; null leaves a label out."
    ),
    strict: bool = typer.Option(False, "--strict", help="Stop at the first mention that does not fit its text."),
) -> None:
    """Write an annotated corpus of any format as the uniform JSON Lines, and count what was read."""
    from ..corpus.convert import convert as convert_corpus
    from ..corpus.formats import read_label_map

    names = None if label_map is None else read_label_map(label_map)
    done = convert_corpus(source, target, None if format is None else format.value, policy.value, names, strict)
    for problem in done.problems.listed[:SHOWN]:
        typer.echo(str(problem), err=True)
    if len(done.problems) > SHOWN:
        typer.echo(f"… and {len(done.problems) - SHOWN:,} more problems.", err=True)
    for sentence in done.sentences():
        typer.echo(sentence)
    typer.echo(f"Wrote '{target}'.")
