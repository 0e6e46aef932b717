"""`gliner-biomed finetune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

import typer

if TYPE_CHECKING:
    from spacy.language import Language

STEPS = "3 a mention, 10 to 150; more where every word is read thrice"  # `training.finetune.STEPS_RULE`
ENCODER_RATE, ADAPTER_RATE = 5e-5, 1e-3  # adapters begin at nothing, and want a far higher rate


def finetune(
    model: str = typer.Argument(..., help="mini, a model folder, a Hub id, or a spaCy pipeline."),
    train: List[Path] = typer.Argument(
        ...,
        metavar="TRAIN…",
        help="Annotated documents: files, or folders of files, of any format. Where they do not say which labels they were "
        "annotated for, it is those met anywhere in the same TRAIN, or those of --label.",
    ),
    out: Path = typer.Option(..., help="The folder for the adapted pipeline, for spacy.load."),
    label: List[str] = typer.Option(
        [],
        help="Labels to learn, comma-separated, or a .json, .tsv or .txt file of names and descriptions; all that TRAIN has "
        "without. Repeatable.",
    ),
    dev: List[Path] = typer.Option(
        [], help="Annotated documents to watch: the best of ten evaluations on them is kept. Repeatable."
    ),
    replay: Optional[Path] = typer.Option(
        None, help="A folder of corpora with train/, to go on learning from, against forgetting; those of TRAIN are left out."
    ),
    replay_share: float = typer.Option(0.3, min=0.01, max=0.99, help="Part of the words that is replayed."),
    steps: Optional[int] = typer.Option(None, min=1, help="Updates of the weights.", show_default=STEPS),
    learn_rate: float = typer.Option(3e-4, min=0.0, help="Highest learning rate of the head."),
    encoder_learn_rate: Optional[float] = typer.Option(
        None, min=0.0, help="Highest learning rate of the encoders.", show_default=f"{ENCODER_RATE}, or {ADAPTER_RATE} with --lora"
    ),
    batch_words: int = typer.Option(600, min=1, help="Words a step, at most about."),
    patience: int = typer.Option(3, min=0, help="Evaluations on --dev without a better one before it stops; 0 for never."),
    seed: int = typer.Option(0, min=0, help="Of all that is drawn."),
    lora: bool = typer.Option(False, "--lora", help="Train low-rank adapters of the encoders, and add them in the end."),
    lora_rank: int = typer.Option(8, min=1, help="Rank of the adapters."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a pipeline that lies in --out."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    device: Optional[str] = typer.Option(None, help="cpu, cuda or cuda:1.", show_default="cpu"),
) -> None:
    """A few annotated documents in, an adapted pipeline out."""
    from ..annotate.options import parse_labels
    from ..annotate.pipeline import build_pipeline, find_pipe
    from ..training.documents import read_documents
    from ..training.finetune import dev_score, fine_tune
    from ..training.replay import replay_passages

    _check_out(out, overwrite)
    asked = parse_labels(label)
    examples = read_documents(train, None if asked is None else list(asked))
    labels = list(examples.labels) if asked is None else asked
    watched = read_documents(dev, examples.labels, need_all=False).passages if dev else []
    names = {passage.corpus for passage in [*examples.passages, *watched]}
    replayed = replay_passages(replay, names) if replay is not None else []
    nlp = build_pipeline(model, revision)
    pipe = find_pipe(nlp, model)
    own_device = pipe.cfg["device"]
    if device is not None:
        pipe.cfg["device"] = device
    encoder_rate = (ADAPTER_RATE if lora else ENCODER_RATE) if encoder_learn_rate is None else encoder_learn_rate
    before = dev_score(nlp, watched, labels) if watched else None
    fine_tune(
        nlp,
        examples.passages,
        labels,
        steps=steps,
        learn_rate=learn_rate,
        encoder_learn_rate=encoder_rate,
        batch_words=batch_words,
        seed=seed,
        replay=replayed,
        replay_share=replay_share,
        dev=watched,
        patience=patience,
        lora_rank=lora_rank if lora else 0,
    )
    after = dev_score(nlp, watched, labels) if watched else None
    pipe.cfg["device"] = own_device  # that of this training need not be there where the pipeline is loaded
    _save(nlp, out, overwrite)
    pieces = f" ({examples.n_in_pieces} in several pieces left out)" if examples.n_in_pieces else ""
    print(
        f"Learnt {', '.join(examples.labels)} from {examples.n_mentions:,} mentions{pieces} in {len(examples.passages):,} "
        f"passages; the pipeline is in '{out}'."
    )
    if before is not None and after is not None:
        print(f"Strict F1 on dev: {100 * before.f1:.1f} before, {100 * after.f1:.1f} after.")


def _check_out(out: Path, overwrite: bool) -> None:
    """Refuse a folder before anything is read. RAISES (FileExistsError): where it holds something that may not be replaced."""
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        if not overwrite:
            raise FileExistsError(f"The folder '{out}' is not empty; name another, or replace its pipeline with --overwrite.")
        if not (out / "config.cfg").is_file():
            raise FileExistsError(f"'{out}' holds something, but no pipeline to replace; name another folder.")


def _save(nlp: Language, out: Path, overwrite: bool) -> None:
    """Write the pipeline, whole or not at all; an earlier one stays until then."""
    import shutil
    from tempfile import TemporaryDirectory

    from ..annotate.output import folder

    if not (overwrite and out.is_dir()):
        with folder(out) as partial:
            nlp.to_disk(partial)
        return
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as place:
        nlp.to_disk(Path(place) / "new")
        shutil.move(out, Path(place) / "earlier")
        shutil.move(Path(place) / "new", out)
