"""`gliner-biomed distill student …`: a small language model that learns from the teacher's answers and annotates in its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, ContextManager, List, Optional, Tuple

import typer

from .distill_options import CACHE, INPUTS, KEY_VARIABLE, PROGRESS, open_server, tell_annotated, tell_failures

if TYPE_CHECKING:
    from ..distill.cache import AnswerCache
    from ..distill.requests import Model

student = typer.Typer(
    help="Teach a small language model with a teacher's answers, and have it annotate the rest.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_ANSWERS = typer.Argument(..., metavar="ANSWERS…", help="Files of answers, as `distill annotate` writes them, or folders.")
_DEVICE = typer.Option(None, help="cpu, cuda or cuda:1.", show_default="a GPU where there is one")
_PRECISION = typer.Option("auto", help="Of the base model's weights: auto, float32 or bfloat16.")
_DESCRIPTIONS = typer.Option(False, "--descriptions", help="The student describes its types, too.")
_SEED = typer.Option(0, help="Of first weights, order and dropout.")


@student.command()
def tiny(
    inputs: List[Path] = INPUTS,
    out: Path = typer.Option(..., "--out", "-o", help="The model's folder."),
    vocabulary: int = typer.Option(2048, min=1, help="Tokens."),
    hidden: int = typer.Option(128, min=2, help="Dimensions of a token's vector."),
    layers: int = typer.Option(4, min=1, help="Layers."),
    heads: int = typer.Option(2, min=1, help="Heads of attention."),
    window: int = typer.Option(1024, min=64, help="Tokens of prompt and answer together."),
    most_characters: int = typer.Option(400, min=40, help="Longer passages are cut at the ends of sentences, for the exercises."),
    epochs: int = typer.Option(2, min=1, help="Times that each exercise is seen."),
    batch_size: int = typer.Option(8, min=1, help="Exercises of an update."),
    learn_rate: float = typer.Option(2e-3, min=0.0, help="The highest learning rate."),
    seed: int = _SEED,
    progress: bool = PROGRESS,
) -> None:
    """Make a tiny language model and its tokenizer from nothing but these passages: the default where there is no other."""
    from ..corpus.collect.passages import read_passages
    from ..distill.student.causal import needs_extra

    needs_extra()
    from dataclasses import replace

    from ..distill.student.drills import short_passages
    from ..distill.student.tiny import TINY_FIT, TinySettings, make_tiny

    made = make_tiny(
        list(short_passages(read_passages(*inputs), most_characters)),
        out,
        tiny=TinySettings(vocabulary, hidden, layers, heads, window),
        settings=replace(TINY_FIT, epochs=epochs, batch_size=batch_size, learn_rate=learn_rate, seed=seed),
        progress=progress,
    )
    typer.echo(f"{made['parameters']:,} parameters, {made['counts']['examples']:,} exercises, loss {made['loss']}: {out}")


@student.command()
def train(
    answers: List[Path] = _ANSWERS,
    base: str = typer.Option(..., help="The causal language model: a folder, or an id of the hub."),
    out: Path = typer.Option(..., "--out", "-o", help="The student's folder."),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    rank: int = typer.Option(16, min=1, help="Rank of the adapters."),
    alpha: float = typer.Option(32.0, help="The adapters count alpha / rank times."),
    dropout: float = typer.Option(0.05, min=0.0, help="Dropout before the adapters."),
    targets: str = typer.Option("all-linear", help="Layers with adapters by the ends of their names, comma-separated."),
    epochs: int = typer.Option(3, min=1, help="Times that each answer is seen."),
    batch_size: int = typer.Option(4, min=1, help="Answers that are computed at a time."),
    accumulate: int = typer.Option(4, min=1, help="Batches of an update."),
    learn_rate: float = typer.Option(2e-4, min=0.0, help="The highest learning rate."),
    warmup: float = typer.Option(0.03, min=0.0, help="Share of the updates in which the rate rises."),
    most_tokens: int = typer.Option(2048, min=1, help="Prompt and answer together; longer ones are left out and counted."),
    descriptions: bool = _DESCRIPTIONS,
    save_memory: bool = typer.Option(False, "--save-memory", help="Compute activations twice rather than keep them."),
    save_every: int = typer.Option(100, min=1, help="Updates between two checkpoints."),
    device: Optional[str] = _DEVICE,
    precision: str = _PRECISION,
    seed: int = _SEED,
    progress: bool = PROGRESS,
) -> None:
    """Fine-tune a causal language model on a teacher's answers, with LoRA; a second run goes on where the first was broken off."""
    from ..distill.answers import read_answers
    from ..distill.student.causal import needs_extra

    needs_extra()
    from ..distill.student.fit import FitSettings
    from ..distill.student.lora import LoraSettings, train_student

    made = train_student(
        base,
        read_answers(*answers),
        out,
        lora=LoraSettings(rank, alpha, dropout, targets),
        settings=FitSettings(
            epochs, batch_size, accumulate, learn_rate, warmup=warmup, seed=seed, save_every=save_every
        ),
        most_tokens=most_tokens,
        descriptions=descriptions,
        revision=revision,
        device=device,
        precision=precision,
        save_memory=save_memory,
        progress=progress,
    )
    for name, number in made["counts"].items():
        typer.echo(f"{name}: {number:,}")
    typer.echo(f"The adapters are in '{out}'.")


@student.command()
def merge(
    folder: Path = typer.Argument(..., help="A student that `train` has made."),
    out: Path = typer.Option(..., "--out", "-o", help="A new folder."),
    base: Optional[str] = typer.Option(None, help="The base model, if it is not where it was."),
    precision: str = _PRECISION,
) -> None:
    """Add a student's adapters to its base model, for servers that load nothing else."""
    from ..distill.student.causal import needs_extra

    needs_extra()
    from ..distill.student.lora import merge_student

    merge_student(folder, out, base=base, precision=precision)
    typer.echo(f"The model is in '{out}'.")


@student.command()
def annotate(
    inputs: List[Path] = INPUTS,
    out: Path = typer.Option(..., "--out", "-o", help="The file of answers, .jsonl or .jsonl.gz."),
    model: str = typer.Option(..., help="The student: a folder, of adapters too, or a Hub id; with --base-url its name there."),
    without: List[Path] = typer.Option(
        [], help="Leave out passages that these answers are about, as the teacher's; files and folders. Repeatable."
    ),
    base_url: str = typer.Option("", help="Ask its server, as http://localhost:8000/v1.", show_default="in-process"),
    key_variable: str = KEY_VARIABLE,
    tokenizer: str = typer.Option("", help="With --base-url: the student's tokenizer.json, folder or name on the hub."),
    context_tokens: Optional[int] = typer.Option(
        None, "--context", min=1, help="Tokens that it reads and writes together.", show_default="the model's; 4096 for a server"
    ),
    revision: Optional[str] = typer.Option(None, help="Branch, tag or commit of a Hub id."),
    hold: str = typer.Option("verbatim", help="In-process: verbatim (mentions are copied), schema (any words) or none."),
    flat: bool = typer.Option(False, "--flat", help="In-process: mentions that are copied may not overlap."),
    types: List[str] = typer.Option([], "--type", help="In-process: a type that may be named; any without. Repeatable."),
    relations: List[str] = typer.Option([], "--relation", help="In-process: a relation that may be named. Repeatable."),
    no_relations: bool = typer.Option(False, "--no-relations", help="In-process: name none."),
    known_names: bool = typer.Option(False, "--known-names", help="In-process: name only types and relations that it was taught."),
    descriptions: bool = _DESCRIPTIONS,
    part_tokens: Optional[int] = typer.Option(None, help="Tokens of text in a request, at most.", show_default="as many as fit"),
    max_tokens: int = typer.Option(1024, min=1, help="The longest answer, in tokens."),
    temperature: float = typer.Option(0.0, min=0.0, help="0 for the likeliest answer."),
    seed: int = typer.Option(42, help="Of the sampling."),
    batch_size: int = typer.Option(8, min=1, help="In-process: requests at a time."),
    concurrency: int = typer.Option(16, min=1, help="With --base-url: requests at a time, at most."),
    device: Optional[str] = _DEVICE,
    precision: str = _PRECISION,
    cache: Optional[Path] = CACHE,
    progress: bool = PROGRESS,
) -> None:
    """Have a student annotate passages; a run that was broken off goes on where it was."""
    from ..corpus.collect.passages import read_passages
    from ..distill.annotation import annotate as annotate_passages
    from ..distill.answers import without_answered
    from ..distill.cache import AnswerCache
    from ..distill.lines import beside, refuse_overwriting
    from .distill_annotators import count_passages

    if out.suffix not in (".jsonl", ".gz"):
        raise ValueError(f"The answers can't go to '{out}'; name a .jsonl or a .jsonl.gz file.")
    if (relations and no_relations) or (known_names and (types or relations or no_relations)):
        raise ValueError("--known-names, --no-relations and --relation exclude each other, the first --type, too; leave one out.")
    if base_url and (types or relations or no_relations or known_names or flat or hold != "verbatim"):
        raise ValueError("A server holds its answers to their schema alone; leave --type, --relation and the like out.")
    common = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
    opened: Callable[[AnswerCache], ContextManager[Model]]
    if base_url:
        from ..distill.client import ServerSettings
        from ..distill.requests import ChatSettings
        from ..distill.student.questions import StudentQuestions

        chat = ChatSettings(model, revision=revision or "", **common)  # type: ignore[arg-type]
        questions = StudentQuestions(chat, context_tokens or 4096, tokenizer, descriptions, part_tokens)
        server = ServerSettings(base_url=base_url, key_variable=key_variable, concurrency=concurrency)
        opened = lambda cache: open_server(server, False, cache, questions.tokens)  # noqa: E731
    else:
        from ..distill.student.causal import needs_extra

        needs_extra()
        from ..distill.student.causal import load_causal, weights_hash
        from ..distill.student.local import Hold, LocalStudent, student_settings
        from ..distill.student.questions import StudentQuestions

        allowed: Tuple[Optional[Tuple[str, ...]], Optional[Tuple[str, ...]]] = (
            tuple(types) or None,
            () if no_relations else tuple(relations) or None,
        )
        if known_names:
            allowed = _known_names(Path(model))
        causal = load_causal(model, revision=revision, device=device, precision=precision)
        held = Hold(hold, flat, *allowed)
        chat = student_settings(model, revision=weights_hash(Path(model)) or revision or "", hold=held, **common)
        window = min(context_tokens or causal.window, causal.window)
        questions = StudentQuestions(chat, window, tokenizer or model, descriptions, part_tokens)
        opened = lambda cache: LocalStudent(causal, held, batch_size)  # noqa: E731
    refuse_overwriting(without, out)
    total = count_passages(inputs)
    with AnswerCache(cache or beside(out, ".cache.sqlite")) as kept, opened(kept) as answering:
        passages = without_answered(read_passages(*inputs), without)
        report = annotate_passages(
            passages, questions, answering, out, cache=kept, inputs=inputs, total=total, progress=progress
        )
    if without:
        typer.echo(f"{total - report.passages:,} of {total:,} passages left out, as they have answers.")
    tell_annotated(report, out)
    tell_failures(report)


def _known_names(folder: Path) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """The types and relations that a student was taught."""
    from ..distill.student.lora import read_record

    record = read_record(folder)
    if not record.get("types"):
        raise ValueError(f"The student '{folder}' has no record of its types (student.json); name them with --type.")
    return tuple(record["types"]), tuple(record.get("relations", ()))
