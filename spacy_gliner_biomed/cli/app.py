"""All commands together, and what becomes of their errors. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from typing import Optional, Sequence

import typer

from ..about import __version__
from .ablate import ablate
from .annotate import annotate
from .assets import assets
from .benchmarks import benchmarks
from .calibrate import calibrate
from .convert import convert
from .corpus import corpus
from .curve import curve
from .distill import distill
from .evaluate import compare, evaluate
from .few_shot import few_shot
from .finetune import finetune
from .models import export, info
from .report import report
from .silver import silver
from .throughput import throughput
from .train import train
from .wording import wording

PROGRAM = "gliner-biomed"

app = typer.Typer(
    name=PROGRAM,
    help="Open biomedical named entity recognition: any label, offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ablate")(ablate)
app.command("annotate")(annotate)
app.command("calibrate")(calibrate)
app.command("convert")(convert)
app.command("curve")(curve)
app.command("evaluate")(evaluate)
app.command("compare")(compare)
app.command("export")(export)
app.command("few-shot")(few_shot)
app.command("finetune")(finetune)
app.command("info")(info)
app.command("report")(report)
app.command("throughput")(throughput)
app.command("train")(train)
app.command("wording")(wording)
app.add_typer(assets, name="assets")
app.add_typer(benchmarks, name="benchmarks")
app.add_typer(corpus, name="corpus")
app.add_typer(distill, name="distill")
app.add_typer(silver, name="silver")

_shows_traceback = False


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Run the command line.

    arguments (Sequence[str]): what follows the program's name; None takes `sys.argv`.
    RAISES (SystemExit): always, with status 0, 1 (input or model is at fault; one sentence on stderr says how) or
        2 (the command was typed wrongly).
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name=PROGRAM)
    except (ValueError, OSError, EOFError, ImportError) as error:
        if _shows_traceback:
            raise
        lines = [f"{PROGRAM}: {_sentence(error)}", *getattr(error, "__notes__", [])]
        print("\n".join(lines), file=sys.stderr)
        raise SystemExit(1) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"Cannot open '{error.filename}': {error.strerror}."
    if str(error).startswith("[E871]"):  # how spaCy wraps the whole traceback of a worker process
        return str(error).strip().splitlines()[-1]
    return str(error)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"{PROGRAM} {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    traceback: bool = typer.Option(False, "--traceback", help="Show where an error comes from."),
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Show the version."),
) -> None:
    global _shows_traceback
    _shows_traceback = traceback
