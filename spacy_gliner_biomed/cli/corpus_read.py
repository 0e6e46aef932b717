"""`gliner-biomed corpus read`, `sources` and `drug-names`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, Optional

import typer

SHOWN = 20  # problems


def read(
    source: str = typer.Argument(..., help="Where the text comes from; see `gliner-biomed corpus sources`."),
    wheres: List[str] = typer.Argument(
        ..., metavar="WHERE…", help="Files, folders, https addresses, query:WORDS, setid:ID."
    ),
    out: Path = typer.Option(..., "--out", "-o", help="The folder for the shards."),
    setting: List[str] = typer.Option([], "--set", help="NAME=VALUE, as from=2024-01-01. Repeatable."),
    raw: Optional[Path] = typer.Option(None, help="The folder for what is fetched.", show_default="OUT/raw"),
    shard_size: int = typer.Option(2000, min=1, help="Passages in a file."),
    strict: bool = typer.Option(False, "--strict", help="End with an error where a document is broken."),
    progress: bool = typer.Option(True, help="Show progress bars on stderr."),
) -> None:
    """Read text from a source. A second run goes on where the first was broken off, and fetches nothing twice."""
    from ..corpus.collect.sources import choose_source
    from ..corpus.collect.sources.into_shards import PROBLEM_TALLY, PROBLEMS, read_into

    done = read_into(out, choose_source(source), wheres, _settings(setting), raw, shard_size, progress)
    n_problems = sum(done["tallies"].get(PROBLEM_TALLY, {}).values())
    with (out / PROBLEMS).open(encoding="utf-8") as lines:
        for _, line in zip(range(SHOWN), lines, strict=False):
            typer.echo(line.rstrip("\n"), err=True)
    if n_problems > SHOWN:
        typer.echo(f"… and {n_problems - SHOWN:,} more problems, in '{out / PROBLEMS}'.", err=True)
    for name, n in done["out"].items():
        typer.echo(f"{done['step']}: {n:,} passages of {name}.")
    for reason, by_source in sorted(done["reasons"].items(), key=lambda item: (-sum(item[1].values()), item[0])):
        typer.echo(f"  left out, {reason}: {sum(by_source.values()):,}")
    typer.echo(f"  broken documents: {n_problems:,}")
    if strict and n_problems:
        raise ValueError(f"{n_problems:,} documents are broken; see '{out / PROBLEMS}', or leave --strict out.")


def sources() -> None:
    """Show the sources, what each reads, and its settings."""
    from ..corpus.collect.sources import SOURCES

    for source in SOURCES.values():
        typer.echo(
            f"{source.name}: {source.title}\n  WHERE: {source.where}\n  licence: {source.licence or 'as you say'}"
        )
        for setting in source.settings:
            default = ",".join(setting.default) if isinstance(setting.default, tuple) else str(setting.default)
            typer.echo(f"  --set {setting.name}={default}  {setting.help}")


def drug_names(
    paths: List[Path] = typer.Argument(..., metavar="PATH…", help="SPL files, bulk archives, or folders of them."),
    out: Path = typer.Option(..., "--out", "-o", help="The .jsonl or .jsonl.gz file to write: set_id, name, synonyms."),
) -> None:
    """Write what the drugs of DailyMed's labels are called, by set id."""
    from ..annotate.output import text_file
    from ..corpus.collect.sources import Report
    from ..corpus.collect.sources.drug_names import read_drug_names

    report, n_labels = Report(), 0
    with text_file(out) as stream:
        for path in paths:
            for names in read_drug_names(path, report):
                row = {"set_id": names.set_id, "name": names.name, "synonyms": list(names.synonyms)}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
                n_labels += 1
    for problem in report.listed[:SHOWN]:
        typer.echo(str(problem), err=True)
    typer.echo(f"Wrote the names of {n_labels:,} labels to '{out}'; {report.count:,} documents are broken.")


def _settings(given: List[str]) -> Dict[str, str]:
    settings = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise ValueError(f"'--set {each}' is not understood; write NAME=VALUE.")
        settings[name.strip()] = value
    return settings
