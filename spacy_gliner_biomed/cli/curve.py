"""`gliner-biomed curve`."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer

from .annotate import Precision


def curve(
    model: str = typer.Argument("mini", help="The model that is varied: mini, a model folder or a Hub id."),
    others: List[str] = typer.Argument(
        None, help="Further points: NAME=FOLDER, such as a distilled model; …,precision=int8 a setting."
    ),
    corpora: Path = typer.Option(..., help="The folder that holds dev/ (and lexicon/)."),
    out: Path = typer.Option(..., help="The folder for curve.json, curve.md, curve.svg and the predictions."),
    part: str = typer.Option("dev", help="The part of the folder to read."),
    only: List[str] = typer.Option([], help="A corpus by name; all that the model was trained on without. Repeatable."),
    words: int = typer.Option(3000, min=0, help="Words of each corpus for F1; 0 for all."),
    precision: List[Precision] = typer.Option(
        [Precision.float32, Precision.bfloat16, Precision.int8], help="How the model computes. Repeatable."
    ),
    window: List[int] = typer.Option([64, 128], min=1, help="Most words that the model reads at a time. Repeatable."),
    layers: List[int] = typer.Option(
        [5, 4, 3], min=1, help="Encoder layers to keep, the first ones, without training. Repeatable."
    ),
    bare: bool = typer.Option(False, "--bare", help="Neither other windows nor fewer layers."),
    lexicon: bool = typer.Option(False, "--lexicon", help="A point for the lexicon matcher."),
    gliner: bool = typer.Option(True, help="A point for the exported model under the gliner library."),
    labels: int = typer.Option(10, min=1, help="How many labels to ask for while timing: a number, not their names."),
    batch_size: List[int] = typer.Option([1, 8, 32], min=1, help="Documents at a time; the fastest counts. Repeatable."),
    rounds: int = typer.Option(3, min=1, help="Timed runs of each batch size; their median counts."),
    limit: int = typer.Option(48, min=1, help="Texts to time."),
    threads: int = typer.Option(0, min=0, help="Torch threads of each process; 0 leaves that to torch."),
    memory: float = typer.Option(8192.0, min=1.0, help="Memory cap of each process, in MiB."),
    threshold: float = typer.Option(0.5, min=0.0, max=1.0, help="Score that a span must exceed."),
    device: Optional[str] = typer.Option(None, help="cpu or cuda; cpu without."),
) -> None:
    """F1 against words a second: precisions, windows, fewer layers, other models, a lexicon, gliner."""
    import json

    from ..annotate.output import text_file
    from ..checkpoint import load
    from ..evaluation.corpora import corpora_at
    from ..evaluation.curve import curve_corpora, curve_markdown, measure_curve
    from ..evaluation.curve_plot import draw_curve
    from ..evaluation.curve_points import make_points, remove_made
    from ..evaluation.html_report.drawing import needs_matplotlib
    from ..evaluation.report import make_folder
    from ..evaluation.run import envelope, typed_command
    from ..evaluation.throughput import ThroughputSettings, settings_of

    needs_matplotlib()
    settings = ThroughputSettings(tuple(sorted(set(batch_size))), rounds, memory, threads, threshold, device)
    names = corpora / "lexicon" / "lexicon.tsv.gz"
    if lexicon and not names.is_file():
        raise FileNotFoundError(
            f"There is no '{names}', which --lexicon stands for; name a file of your own as a point: lexicon:FILE."
        )
    chosen = corpora_at(corpora, part, only)
    scorer = load(model)
    make_folder(out)
    read = curve_corpora(chosen, scorer.card, words, out / "corpora")
    made_here = out / "curve-checkpoints"  # in one place, so that a second run knows them again and predicts nothing twice
    points = make_points(
        model, made_here, [each.value for each in precision], () if bare else window, () if bare else layers, others or (),
        names if lexicon else None, gliner,
    )  # fmt: skip
    result = measure_curve(points, read, out / "predictions", settings, labels, limit, scorer.config.max_len, device)
    remove_made(points, made_here)
    used = {**settings_of(settings), "model": model, "part": part, "words_of_each": words, "n_labels": labels, "texts": limit}
    made = {**envelope(f"{model}: F1 against speed", typed_command(), used), **result}
    said = curve_markdown(result)
    with text_file(out / "curve.json") as stream:
        json.dump(made, stream, indent=1, ensure_ascii=False)
        stream.write("\n")
    with text_file(out / "curve.md") as stream:
        stream.write(said)
    draw_curve(result, out / "curve.svg")
    print(said)
    print(f"Wrote {', '.join(str(out / name) for name in ('curve.json', 'curve.md', 'curve.svg'))}.")
