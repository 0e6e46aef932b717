"""`gliner-biomed ablate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List

import typer


def ablate(
    recipe: Path = typer.Argument(..., help="A TOML file, such as configs/train/ablation.toml."),
    corpora: Path = typer.Option(..., help="The folder that the recipe's paths start from; its dev/ is measured on."),
    out: Path = typer.Option(..., help="The folder for the trainings, and for ablation.md, .json and .svg."),
    seeds: int = typer.Option(3, min=1, help="Trainings of each ingredient."),
    first_seed: int = typer.Option(0, min=0, help="Where seeds are counted from, such as 3 for further ones on another machine."),
    words: int = typer.Option(300_000, min=0, help="Words that each training reads; 0 for the recipe's own steps."),
    only: List[str] = typer.Option([], help="An ingredient by name; all of them without. Repeatable."),
    set_: List[str] = typer.Option([], "--set", help="Change a setting of all trainings: section.key=value. Repeatable."),
    part: str = typer.Option("dev", help="The part of the folder to measure on."),
    corpus: List[str] = typer.Option([], help="A corpus to measure on, by name; all of the part without. Repeatable."),
    also: List[Path] = typer.Option([], help="A further annotated file to measure on, which no recipe trains on. Repeatable."),
    dev_words: int = typer.Option(3000, min=0, help="Words of each corpus to measure on; 0 for all."),
    wordings: Path = typer.Option(
        Path("project/assets/label_paraphrases.jsonl"),
        help='JSON Lines: {"label", "paraphrases": […]}; the list of the repository, from its own folder.',
    ),
    threshold: float = typer.Option(0.5, min=0.0, max=1.0, help="Score that a span must exceed."),
    keep_models: bool = typer.Option(False, "--keep-models", help="Keep the weights of every training."),
    table: bool = typer.Option(False, "--table", help="Train nothing; print the table of what is finished."),
) -> None:
    """What each ingredient of a recipe is worth: trainings without it, everything else equal, several seeds."""
    from ..evaluation.html_report.drawing import needs_matplotlib
    from ..evaluation.html_report.words import percent
    from ..evaluation.report import make_folder
    from ..label_sets import read_paraphrases
    from ..training.ablation import BASELINE, Cell, file_sizes, label_texts, plan_cells, start_weights
    from ..training.ablation_report import FIGURES, PICTURE, TABLE, write_ablation
    from ..training.ablation_run import Result, duration, read_results, run_cells
    from ..training.ablation_table import GROUPS, ablation_table
    from ..training.ablation_texts import NAMES, check_apart, measured_texts
    from ..training.recipe import read_recipe

    needs_matplotlib()
    if not wordings.is_file():
        raise FileNotFoundError(f"There is no list of wordings '{wordings}'; name one with --wordings.")
    paraphrases = read_paraphrases(wordings)
    full = read_recipe(recipe, set_)
    equal = {
        "texts": file_sizes([corpora / part, *also]), "corpora": corpus, "words": dev_words, "threshold": threshold,
        "paraphrases": paraphrases, "labels": label_texts(), "sources": file_sizes([corpora / s.path for s in full.sources]),
        "start": start_weights(full),
    }  # fmt: skip
    plan = plan_cells(recipe, set_, seeds, words, only, equal, first_seed)
    for sentence in plan.left_out:
        print(sentence, file=sys.stderr)
    make_folder(out)
    first = plan.cells[0].recipe
    note = (
        f"`{recipe}`, {first.training.steps:,} steps of about {first.stream.batch_words:,} words in each training, "
        f"{dev_words:,} words of each corpus read, threshold {threshold:g}."
    )
    if not table:
        texts = measured_texts(corpora, part, also, dev_words, corpus)
        check_apart(full, corpora, also, texts[len(texts) - len(also) :])

        def finished(cell: Cell, result: Result) -> None:
            alone = ablation_table({(BASELINE, cell.seed): result}, rounds=0)["rows"][0][NAMES]
            told = ", ".join(f"{group} {percent(alone[group]['f1'])}" for group in GROUPS if group in alone)
            took = duration(result["seconds_training"] + result["seconds_measuring"])
            print(f"{cell}: {told} ({took}).", file=sys.stderr)
            results = read_results(plan.cells, out)
            if any(name == BASELINE for name, _ in results):  # it may be in the hands of another process
                write_ablation(results, out, note)

        run_cells(plan.cells, out, corpora, texts, paraphrases, threshold, keep_models, finished=finished)
    print(write_ablation(read_results(plan.cells, out), out, note))
    print(f"Wrote {', '.join(str(out / name) for name in (FIGURES, TABLE, PICTURE) if (out / name).exists())}.")
