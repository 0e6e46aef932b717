"""`gliner-biomed distill …`: what asks a teacher. The later steps have files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

import typer

from . import distill_options as options
from .distill_annotators import annotate_with_component, annotate_with_lexicon, count_passages
from .distill_ground import register as register_grounding
from .distill_student import student
from .distill_tasks import tasks

if TYPE_CHECKING:
    from ..distill.cache import AnswerCache
    from ..distill.teacher import Teacher

distill = typer.Typer(
    help="Have a large language model annotate text, ground what it says, and teach a small one with it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@distill.command("plan")
def show_plan(
    context: typer.Context,
    inputs: List[Path] = options.INPUTS,
    model: str = options.MODEL,
    base_url: str = options.BASE_URL,
    key_variable: str = options.KEY_VARIABLE,
    revision: str = options.REVISION,
    variant: str = options.VARIANT,
    prompts: Optional[Path] = options.PROMPTS,
    demonstrations: Optional[Path] = options.DEMONSTRATIONS,
    parser: str = options.PARSER,
    tokenizer: str = options.TOKENIZER,
    context_tokens: int = options.CONTEXT,
    part_tokens: Optional[int] = options.PART_TOKENS,
    max_tokens: int = options.MAX_TOKENS,
    temperature: str = options.TEMPERATURE,
    top_p: str = options.TOP_P,
    seed: str = options.SEED,
    answer_format: str = options.FORMAT,
    length_name: str = options.LENGTH_NAME,
    extra_body: str = options.EXTRA,
    keep_cut: bool = options.KEEP_CUT,
    price_in: float = options.PRICE_IN,
    price_out: float = options.PRICE_OUT,
    requests_a_minute: Optional[int] = options.REQUESTS_A_MINUTE,
    tokens_a_minute: Optional[int] = options.TOKENS_A_MINUTE,
    batch: bool = options.BATCH,
    cache: Optional[Path] = typer.Option(None, help="Answers of earlier runs, which cost nothing."),
    example: bool = typer.Option(True, help="Show one request."),
) -> None:
    """Passages, requests, tokens, cost and one request, before anything is asked. Its options mean what they do for `annotate`."""
    from ..corpus.collect.passages import read_passages
    from ..distill.plan import plan

    teacher = options.teacher_of(context.params)
    server = options.server_settings(context.params)
    with options.cache_if_there(cache) as answers:
        made = plan(read_passages(*inputs), teacher, cache=answers, server=server, batch=batch)
    typer.echo("\n".join((*made.lines(), *(("", *made.example_lines()) if example else ()))))


@distill.command()
def annotate(
    context: typer.Context,
    inputs: List[Path] = options.INPUTS,
    out: Path = typer.Option(..., "--out", "-o", help="The file of answers, .jsonl or .jsonl.gz."),
    model: str = options.MODEL,
    base_url: str = options.BASE_URL,
    key_variable: str = options.KEY_VARIABLE,
    revision: str = options.REVISION,
    variant: str = options.VARIANT,
    prompts: Optional[Path] = options.PROMPTS,
    demonstrations: Optional[Path] = options.DEMONSTRATIONS,
    parser: str = options.PARSER,
    tokenizer: str = options.TOKENIZER,
    context_tokens: int = options.CONTEXT,
    part_tokens: Optional[int] = options.PART_TOKENS,
    max_tokens: int = options.MAX_TOKENS,
    temperature: str = options.TEMPERATURE,
    top_p: str = options.TOP_P,
    seed: str = options.SEED,
    answer_format: str = options.FORMAT,
    length_name: str = options.LENGTH_NAME,
    extra_body: str = options.EXTRA,
    keep_cut: bool = options.KEEP_CUT,
    price_in: float = options.PRICE_IN,
    price_out: float = options.PRICE_OUT,
    requests_a_minute: Optional[int] = options.REQUESTS_A_MINUTE,
    tokens_a_minute: Optional[int] = options.TOKENS_A_MINUTE,
    concurrency: int = typer.Option(16, min=1, help="Requests at a time, at most; fewer where the server has had enough."),
    tries: int = typer.Option(8, min=1, help="How often a request is sent before it has failed, for this run."),
    timeout: float = typer.Option(300.0, help="Seconds for one answer."),
    batch: bool = options.BATCH,
    recorded: Optional[Path] = typer.Option(None, help="Answer from this file of recorded answers; no server is asked."),
    record: Optional[Path] = typer.Option(None, help="Write all answers of the cache to a file of recorded answers."),
    cache: Optional[Path] = options.CACHE,
    most_cost: Optional[float] = typer.Option(None, help="Ask nothing where it may cost more than this, second tries not counted."),
    progress: bool = options.PROGRESS,
) -> None:
    """Have a teacher annotate passages. A run that was broken off, or had failures, goes on where it was and pays nothing twice."""
    from ..corpus.collect.passages import read_passages
    from ..distill.annotation import annotate as annotate_passages
    from ..distill.cache import AnswerCache
    from ..distill.lines import beside
    from ..distill.recorded import RecordedAnswers, write_recorded

    options.check_recorded(recorded, batch, base_url, record)
    if out.suffix not in (".jsonl", ".gz"):
        raise ValueError(f"The answers can't go to '{out}'; name a .jsonl or a .jsonl.gz file.")
    teacher = options.teacher_of(context.params)
    server = options.server_settings(context.params)
    total = count_passages(inputs)
    if recorded is not None:
        with RecordedAnswers(recorded) as answers:
            report = annotate_passages(read_passages(*inputs), teacher, answers, out, inputs=inputs, total=total, progress=progress)
    else:
        with AnswerCache(cache or beside(out, ".cache.sqlite")) as kept:
            if most_cost is not None:
                _check_cost(most_cost, inputs, teacher, kept, batch)
            with options.open_server(server, batch, kept, teacher.tokens) as asked:
                report = annotate_passages(
                    read_passages(*inputs), teacher, asked, out, cache=kept, inputs=inputs, total=total, progress=progress
                )
            if record is not None:
                typer.echo(f"{write_recorded(record, kept):,} recorded answers: {record}")
    options.tell_annotated(report, out)
    values = report.to_dict()
    typer.echo(f"asked {report.asked:,}, known before {report.cached:,}, paid {values['cost']:.4f} ({sum(report.paid):,} tokens)")
    options.tell_failures(report)
    if report.failures:
        typer.echo(f"They are in {beside(out, '.failures.jsonl')}; run it again to ask for them again.", err=True)


@distill.command()
def record(
    cache: Path = typer.Argument(..., help="The cache of a run."),
    out: Path = typer.Option(..., "--out", "-o", help="The file of recorded answers, .jsonl or .jsonl.gz."),
) -> None:
    """Write the answers of a cache to a file that can lie in git and answer in place of a server."""
    from ..distill.recorded import write_recorded

    with _filled_cache(cache) as kept:
        typer.echo(f"{write_recorded(out, kept):,} recorded answers: {out}")


@distill.command()
def forget_batch(
    cache: Path = typer.Argument(..., help="The cache of a run."),
    batches: List[str] = typer.Argument(..., metavar="BATCH…", help="Batches that it waits for, as the run names them."),
) -> None:
    """Give up batches that were sent and not fetched: the next run asks, and pays for, their requests anew."""
    with _filled_cache(cache) as kept:
        waiting = {each.name: each for each in kept.open_batches()}
        if wrong := [name for name in batches if name not in waiting]:
            raise ValueError(f"'{cache}' waits for no batch '{wrong[0]}'; name one of: {', '.join(waiting) or '(there is none)'}.")
        for name in dict.fromkeys(batches):
            kept.forget_batch(waiting[name].tag)
            typer.echo(f"Batch {name} is given up, with {len(waiting[name].keys):,} requests.")


distill.command("lexicon")(annotate_with_lexicon)
distill.command("component")(annotate_with_component)
register_grounding(distill)
distill.add_typer(student, name="student")
distill.add_typer(tasks, name="tasks")


def _filled_cache(path: Path) -> AnswerCache:
    from ..distill.cache import AnswerCache

    if not path.is_file():
        raise FileNotFoundError(f"There is no cache at '{path}'; name the file that `distill annotate --cache` has filled.")
    return AnswerCache(path)


def _check_cost(most: float, inputs: List[Path], teacher: Teacher, kept: AnswerCache, batch: bool) -> None:
    from ..corpus.collect.passages import read_passages
    from ..distill.plan import cost, plan

    if not any(teacher.settings.price):
        raise ValueError("--most-cost needs the prices; give them with --price-in and --price-out.")
    made = plan(read_passages(*inputs), teacher, cache=kept, batch=batch)
    if (highest := cost(made.most, made.price)) > most:
        raise ValueError(
            f"The run may cost {highest:,.2f} without second tries, more than the {most:,.2f} of --most-cost; nothing was asked."
        )
