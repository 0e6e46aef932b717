"""`gliner-biomed corpus …`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

import typer

from .corpus_read import drug_names, read, sources

corpus = typer.Typer(
    help="Collect text from public sources and clean it, step by step. A step that is run again does only what is new.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
corpus.command("sources")(sources)
corpus.command("read")(read)
corpus.command("drug-names")(drug_names)
SCORED, EXACT = "scored", "exact"  # folders of what a command does first, in its own folder



class Method(StrEnum):
    """How near-duplicates are found."""

    auto = "auto"
    exact = "exact"
    minhash = "minhash"


_inputs = typer.Argument(..., metavar="IN…", help="Folders of shards that an earlier step wrote, or JSON Lines files.")
_out = typer.Option(..., "--out", "-o", help="The folder for the shards.")
_workers = typer.Option(1, min=1, help="Processes.")
_progress = typer.Option(True, help="Show progress bars on stderr.")


@corpus.command("filter")
def filter_passages(
    inputs: List[Path] = _inputs,
    out: Path = _out,
    threshold: List[str] = typer.Option(
        [], help="NAME=LIMIT, or NAME.SOURCE=LIMIT for one source; see `gliner-biomed corpus thresholds`. Repeatable."
    ),
    repair: bool = typer.Option(True, help="Undo wrong decodings with ftfy, where that is installed."),
    workers: int = _workers,
    progress: bool = _progress,
) -> None:
    """Measure the quality of passages and drop the bad ones. All passages stay in OUT/scored, with their scores."""
    from ..corpus.collect.heuristics import choose_thresholds
    from ..corpus.collect.quality import cut_step, score_settings, score_step
    from ..corpus.collect.repair import EXTRA, NO_REPAIR, repair_name
    from ..corpus.collect.steps import check_target, run_step

    check_target("filter", inputs, out)
    settings = {"thresholds": choose_thresholds(threshold)}
    if repair and repair_name() == NO_REPAIR:
        typer.echo(f"Texts stay unrepaired. {EXTRA}", err=True)
    measured = score_settings(repair)
    scored = run_step("score", inputs, out / SCORED, score_step, measured, workers=workers, progress=progress)
    _print(scored, out / SCORED)
    _print(run_step("filter", out / SCORED, out, cut_step, settings, workers=workers, progress=progress), out)


@corpus.command()
def thresholds(
    threshold: List[str] = typer.Option([], help="NAME=LIMIT, or NAME.SOURCE=LIMIT for one source. Repeatable."),
) -> None:
    """Show the quality heuristics and each source's thresholds."""
    from ..corpus.collect.heuristics import ARM_GROUPS, NEWLINES, choose_thresholds, threshold_table

    names = [*NEWLINES, ARM_GROUPS, "other"]
    rows = threshold_table(choose_thresholds(threshold), names)
    heads = ["score", "what it is", *names]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        typer.echo("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
    typer.echo(f"{ARM_GROUPS}: one line that begins with a capital, holds a digit and ends with a full stop; 2 sentences.")


@corpus.command()
def deduplicate(
    inputs: List[Path] = _inputs,
    out: Path = _out,
    threshold: float = typer.Option(0.9, help="TF-IDF cosine from which two passages are near-duplicates."),
    method: Method = typer.Option(
        Method.auto, help="How near-duplicates are found; auto is exact up to a million passages, MinHash above."
    ),
    split: bool = typer.Option(True, help="Split long chains: a passage goes only for one it is itself similar to."),
    exact_only: bool = typer.Option(False, "--exact-only", help="Drop only passages of the very same text, or PubMed number."),
    workers: int = _workers,
    progress: bool = _progress,
) -> None:
    """Drop passages that are there twice, or nearly so, in any source. What only the exact ones left is in OUT/exact."""
    from functools import partial

    from ..corpus.collect.deduplicate import near_duplicates_plan
    from ..corpus.collect.dropping import drop_listed
    from ..corpus.collect.exact_duplicates import BY_ID, exact_duplicates_plan
    from ..corpus.collect.steps import check_target, run_step

    step = "exact duplicates" if exact_only else "near-duplicates"
    check_target(step, inputs, out)
    if not 0 < threshold <= 1:
        raise ValueError(f"A cosine of {threshold:g} cannot be a threshold; use more than 0 and at most 1, 0.9 by default.")
    first = out if exact_only else out / EXACT
    exact = run_step(
        "exact duplicates",
        inputs,
        first,
        drop_listed,
        {"by_id": BY_ID},
        plan=exact_duplicates_plan,
        workers=workers,
        progress=progress,
    )
    _print(exact, first)
    if not exact_only:
        near = run_step(
            "near-duplicates",
            first,
            out,
            drop_listed,
            {"threshold": threshold, "method": method.value, "split": split},
            plan=partial(near_duplicates_plan, progress=progress),
            workers=workers,
            progress=progress,
        )
        _print(near, out)


@corpus.command()
def balance(
    inputs: List[Path] = _inputs,
    out: Path = _out,
    per_source: Optional[int] = typer.Option(
        None, min=1, help="Passages of each source; one with fewer keeps all.", show_default="as many as the smallest has"
    ),
    source: List[str] = typer.Option([], help="A source to take. Repeatable.", show_default="all"),
    seed: int = typer.Option(42, help="Of the draw."),
    workers: int = _workers,
    progress: bool = _progress,
) -> None:
    """Draw the same number of passages from each source."""
    from ..corpus.collect.balance import balance_plan, balance_step, fewest
    from ..corpus.collect.steps import run_step

    settings = {"seed": seed, "per_source": per_source, "sources": sorted(set(source)) or None}
    done = run_step("balance", inputs, out, balance_step, settings, plan=balance_plan, workers=workers, progress=progress)
    _print(done, out)
    typer.echo(fewest(done))


@corpus.command()
def decontaminate(
    inputs: List[Path] = _inputs,
    out: Path = _out,
    against: List[Path] = typer.Option(
        ..., help="Test texts: a corpus of any format that `convert` reads, or a folder of JSON Lines. Repeatable."
    ),
    n: int = typer.Option(13, "--n", help="Words in a row that a passage must not share with a test text."),
    workers: int = _workers,
    progress: bool = _progress,
) -> None:
    """Drop passages of the documents, or with the words, that models will be tested on."""
    from functools import partial

    from ..corpus.collect.decontaminate import (
        VERSION,
        decontaminate_settings,
        decontaminate_step,
        load_test_texts,
        test_files,
    )
    from ..corpus.collect.steps import check_target, run_step

    check_target("decontaminate", inputs, out)
    given = tuple(against)
    step, settings = partial(decontaminate_step, files=given), decontaminate_settings(test_files(given), n)
    for sentence in load_test_texts(given, settings).sentences():
        typer.echo(sentence)
    options: Dict[str, Any] = {"version": VERSION, "workers": workers, "progress": progress}
    _print(run_step("decontaminate", inputs, out, step, settings, **options), out)


@corpus.command()
def card(
    folders: List[Path] = typer.Argument(..., metavar="FOLDER…", help="The folders that the steps filled, in their order."),
    out: Path = typer.Option(..., "--out", "-o", help="The .html or .md file to write."),
    title: str = typer.Option("Collected text", help="The heading."),
    samples: int = typer.Option(2, min=0, help="Passages to show of each source."),
) -> None:
    """Write what the steps did and what the last folder holds: counts, thresholds, histograms, licences, samples, hashes."""
    from ..corpus.collect.card import describe, write_card

    write_card(describe(folders, title=title, samples=samples), out)
    typer.echo(f"Wrote '{out}'.")


def _print(done: Mapping[str, Any], out: Path) -> None:
    """What a step did, in a line for the sum and one for each reason."""
    counts: Dict[str, int] = {name: sum(done[name].values()) for name in ("in", "out")}
    typer.echo(f"{done['step']}: {counts['in']:,} passages in, {counts['out']:,} out, in '{out}'.")
    for reason, by_source in sorted(done["reasons"].items(), key=lambda item: (-sum(item[1].values()), item[0])):
        typer.echo(f"  {reason}: {sum(by_source.values()):,}")
