"""`gliner-biomed distill tasks …`: exercises about passages, made and solved by a model, and the training rows made of them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import List, Optional

import typer

from . import distill_options as options

tasks = typer.Typer(
    help="Post-training: have a model make seven kinds of exercises about passages, and make training rows of them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


_TASK = typer.Option([], help="A task to make; see `tasks list`. Repeatable.", show_default="all seven")
_PER_PASSAGE = typer.Option(0, min=0, help="So many of the tasks for each passage, drawn by their shares.", show_default="all")
_DRAW = typer.Option(0, help="Seed of the draws of tasks and of wishes.")
_PART_TOKENS = typer.Option(600, min=1, help="Tokens of text in a request, at most; longer passages are split.")
_MAX_TOKENS = typer.Option(512, min=1, help="The longest answer, in tokens.")
_TEMPERATURE = typer.Option("0.25", help="0 for the likeliest answer; none to send none.")
_TOP_P = typer.Option("0.8", help="Share of the likeliest words to draw from; none to send none.")


@tasks.command("list")
def list_tasks() -> None:
    """Show the seven tasks."""
    from ..distill.tasks import TASKS

    width = max(map(len, TASKS))
    for task in TASKS.values():
        typer.echo(f"{task.name.ljust(width)}  {task.share:5.1%}  {task.help}")


@tasks.command("plan")
def show_plan(
    context: typer.Context,
    inputs: List[Path] = options.INPUTS,
    task: List[str] = _TASK,
    per_passage: int = _PER_PASSAGE,
    draw: int = _DRAW,
    model: str = options.MODEL,
    revision: str = options.REVISION,
    tokenizer: str = options.TOKENIZER,
    part_tokens: int = _PART_TOKENS,
    max_tokens: int = _MAX_TOKENS,
    temperature: str = _TEMPERATURE,
    top_p: str = _TOP_P,
    seed: str = options.SEED,
    answer_format: str = options.FORMAT,
    length_name: str = options.LENGTH_NAME,
    extra_body: str = options.EXTRA,
    price_in: float = options.PRICE_IN,
    price_out: float = options.PRICE_OUT,
    requests_a_minute: Optional[int] = options.REQUESTS_A_MINUTE,
    tokens_a_minute: Optional[int] = options.TOKENS_A_MINUTE,
    batch: bool = options.BATCH,
    cache: Optional[Path] = typer.Option(None, help="Answers of earlier runs, which cost nothing."),
    example: bool = typer.Option(True, help="Show one request."),
) -> None:
    """Passages, requests, tokens, cost and one request, before anything is asked. Its options mean what they do for `ask`."""
    from ..corpus.collect.passages import read_passages
    from ..distill.splitting import TokenCounter
    from ..distill.tasks import TASKS
    from ..distill.tasks.ask import AskSettings
    from ..distill.tasks.plan import plan_tasks

    chat = options.chat_settings(context.params)
    settings = AskSettings(chat, tuple(task) or tuple(TASKS), per_passage, part_tokens, draw)
    server, counter = options.server_settings(context.params), TokenCounter(tokenizer)
    with options.cache_if_there(cache) as answers:
        made = plan_tasks(
            read_passages(*inputs), settings, counter, (price_in, price_out), cache=answers, server=server, batch=batch
        )
    typer.echo("\n".join((*made.lines(), *(("", *made.example_lines()) if example else ()))))


@tasks.command()
def ask(
    context: typer.Context,
    inputs: List[Path] = options.INPUTS,
    out: Path = typer.Option(..., "--out", "-o", help="The file of answers, .jsonl or .jsonl.gz."),
    task: List[str] = _TASK,
    per_passage: int = _PER_PASSAGE,
    draw: int = _DRAW,
    model: str = options.MODEL,
    base_url: str = options.BASE_URL,
    key_variable: str = options.KEY_VARIABLE,
    revision: str = options.REVISION,
    tokenizer: str = options.TOKENIZER,
    part_tokens: int = _PART_TOKENS,
    max_tokens: int = _MAX_TOKENS,
    temperature: str = _TEMPERATURE,
    top_p: str = _TOP_P,
    seed: str = options.SEED,
    answer_format: str = options.FORMAT,
    length_name: str = options.LENGTH_NAME,
    extra_body: str = options.EXTRA,
    requests_a_minute: Optional[int] = options.REQUESTS_A_MINUTE,
    tokens_a_minute: Optional[int] = options.TOKENS_A_MINUTE,
    concurrency: int = typer.Option(16, min=1, help="Requests at a time, at most."),
    tries: int = typer.Option(8, min=1, help="How often a request is sent before it has failed, for this run."),
    timeout: float = typer.Option(300.0, help="Seconds for one answer."),
    batch: bool = options.BATCH,
    recorded: Optional[Path] = typer.Option(None, help="Answer from this file of recorded answers; no server is asked."),
    record: Optional[Path] = typer.Option(None, help="Write all answers of the cache to a file of recorded answers."),
    cache: Optional[Path] = options.CACHE,
) -> None:
    """Have a model make and solve the tasks. A run that was broken off, or had failures, goes on and pays nothing twice."""
    from ..corpus.collect.passages import read_passages
    from ..distill.cache import AnswerCache
    from ..distill.lines import beside
    from ..distill.recorded import RecordedAnswers, write_recorded
    from ..distill.requests import Model
    from ..distill.splitting import TokenCounter
    from ..distill.tasks import TASKS
    from ..distill.tasks.ask import AskSettings, ask_tasks

    options.check_recorded(recorded, batch, base_url, record)
    chat = options.chat_settings(context.params)
    settings = AskSettings(chat, tuple(task) or tuple(TASKS), per_passage, part_tokens, draw)
    counter = TokenCounter(tokenizer)
    server = options.server_settings(context.params)
    with ExitStack() as stack:
        kept: Optional[AnswerCache] = None
        asked: Model
        if recorded is not None:
            asked = stack.enter_context(RecordedAnswers(recorded))
        else:
            kept = stack.enter_context(AnswerCache(cache or beside(out, ".cache.sqlite")))
            count = lambda request: counter.count_messages([each.content for each in request.messages])  # noqa: E731
            asked = stack.enter_context(options.open_server(server, batch, kept, count))
        counts = ask_tasks(read_passages(*inputs), settings, asked, out, cache=kept, counter=counter, inputs=inputs)
        if record is not None and kept is not None:
            typer.echo(f"{write_recorded(record, kept):,} recorded answers: {record}")
    typer.echo(f"{counts.answers:,} of {counts.requests:,} requests about {counts.passages:,} passages answered: {out}")
    for name, number in sorted(counts.tasks.items()):
        typer.echo(f"  {name}: {number:,}")
    typer.echo(f"known before {counts.cached:,}, {sum(counts.usage):,} tokens in all")
    if counts.failures:
        failures = beside(out, ".failures.jsonl")
        typer.echo(f"{counts.failures:,} without an answer, in {failures}; run it again to ask for them again.", err=True)


@tasks.command()
def rows(
    answers: List[Path] = typer.Argument(..., metavar="ANSWERS…", help="Files that `tasks ask` wrote, or folders of them."),
    out: Path = typer.Option(..., "--out", "-o", help="The .jsonl or .jsonl.gz file of annotated passages."),
    negatives: int = typer.Option(10, min=0, help="Types of other passages that an open NER row is asked for in vain."),
    model: str = typer.Option(
        "",
        help="Whose label encoder keeps types of a like meaning from being negatives, as mini.",
        show_default="words and known synonyms alone",
    ),
    unanswerable: float = typer.Option(0.044, help="Questions of other passages asked in vain, for each row."),
    widest: Optional[int] = typer.Option(None, min=1, help="Leave out mentions of more words.", show_default="keep all"),
    seed: int = typer.Option(0, help="Of the draws."),
) -> None:
    """Make training rows of the answers: each mention at its place, with negatives. `distill export` makes GLiNER rows of them."""
    from ..distill.tasks.rows import RowSettings, write_rows

    counts = write_rows(answers, out, RowSettings(negatives, model, unanswerable, widest, seed))
    typer.echo(f"{counts.rows:,} rows, {counts.labels:,} labels, {counts.negatives:,} negatives: {out}")
    for name, tally in counts.tallies.items():
        typer.echo(f"  {name}: {tally.answers:,} answers, {tally.rows:,} rows ({tally.empty:,} empty), {tally.mentions:,} mentions")
        for reason, number in (*sorted(tally.left_out.items()), *sorted(tally.dropped.items())):
            typer.echo(f"    {reason}: {number:,}")
