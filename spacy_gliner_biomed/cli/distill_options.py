"""What the commands of `gliner-biomed distill` that ask a teacher have in common: their options, and what is made of them."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, ContextManager, Mapping, Optional

import typer

if TYPE_CHECKING:
    from ..distill.annotation import AnnotationReport
    from ..distill.cache import AnswerCache
    from ..distill.client import ServerSettings
    from ..distill.requests import ChatRequest, ChatSettings, Model
    from ..distill.teacher import Teacher

INPUTS = typer.Argument(..., metavar="PASSAGES…", help="JSON Lines of passages, as the steps of `corpus` write them, or folders.")
MODEL = typer.Option(..., help="The model's name, as its server knows it.")
BASE_URL = typer.Option("", help="The server, as http://localhost:8000/v1.", show_default="what the environment says, or OpenAI")
KEY_VARIABLE = typer.Option("OPENAI_API_KEY", help="The environment variable that holds the key.")
REVISION = typer.Option("", help="What the model's name doesn't say, as a commit; another one never reads old answers.")
VARIANT = typer.Option("chat", help="chat, single, candidates (noun phrases are shown) or descriptions (of the types).")
PROMPTS = typer.Option(None, help="A folder with system.jinja and user.jinja, in place of ours.")
DEMONSTRATIONS = typer.Option(None, help="A file of worked examples, in place of ours.")
PARSER = typer.Option("", help="For --variant candidates: a spaCy pipeline with a parser.")
TOKENIZER = typer.Option(
    "", help="The model's tokenizer: tokenizer.json, its folder or a name on the hub.", show_default="tokens are estimated"
)
CONTEXT = typer.Option(8192, "--context", min=1, help="Tokens that the model reads and writes together; longer passages are split.")
PART_TOKENS = typer.Option(None, help="Tokens of text in a request, at most.", show_default="as many as fit")
MAX_TOKENS = typer.Option(2048, min=1, help="The longest answer, in tokens.")
TEMPERATURE = typer.Option("0", help="0 for the likeliest answer; none to send none.")
TOP_P = typer.Option("1", help="Share of the likeliest words to draw from; none to send none.")
SEED = typer.Option("42", help="Of the sampling; none to send none.")
FORMAT = typer.Option("json_schema", "--answer-format", help="json_schema, json_object or none: what the server knows.")
LENGTH_NAME = typer.Option("max_tokens", help="max_tokens, or max_completion_tokens for newer models of OpenAI.")
EXTRA = typer.Option("", "--extra-body", help="A JSON object: further fields for a server of your own.")
KEEP_CUT = typer.Option(False, "--keep-cut", help="Of an answer cut off twice keep the whole items, rather than none.")
PRICE_IN = typer.Option(0.0, min=0, help="Price of a million tokens read.")
PRICE_OUT = typer.Option(0.0, min=0, help="Price of a million tokens written.")
REQUESTS_A_MINUTE = typer.Option(None, min=1, help="The provider's limit.", show_default="none")
TOKENS_A_MINUTE = typer.Option(None, min=1, help="The provider's limit, tokens read and written.", show_default="none")
BATCH = typer.Option(False, "--batch", help="Use the provider's batch API: half the price, within a day.")
CACHE = typer.Option(None, help="The file that keeps every answer.", show_default="beside the answers")
PROGRESS = typer.Option(True, help="Show progress bars on stderr.")


def chat_settings(options: Mapping[str, Any]) -> ChatSettings:
    """The settings that a command's options describe.

    options (mapping): the values by the names of the command's parameters, as `typer.Context.params` holds them.
    RETURNS (ChatSettings): the model and how it answers.
    RAISES (ValueError): for a value that can't be used.
    """
    from ..distill.requests import ChatSettings

    seed = _number("--seed", options["seed"])
    if seed is not None and not seed.is_integer():
        raise ValueError(f"--seed can't be '{options['seed']}'; give a whole number, or none to leave it to the server.")
    settings = ChatSettings(
        options["model"],
        temperature=_number("--temperature", options["temperature"]),
        top_p=_number("--top-p", options["top_p"]),
        max_tokens=options["max_tokens"],
        seed=None if seed is None else int(seed),
        answer_format=options["answer_format"],
        length_name=options["length_name"],
        revision=options["revision"],
    )
    if not options["extra_body"]:
        return settings
    try:
        extra = json.loads(options["extra_body"])
    except ValueError as error:
        raise ValueError(f"--extra-body {options['extra_body']!r} is not JSON ({error}); give an object.") from None
    if not isinstance(extra, dict):
        raise ValueError(f"--extra-body {options['extra_body']!r} is no JSON object; write it as {{\"top_k\": 1}}.")
    return settings.with_extra(extra)


def teacher_of(options: Mapping[str, Any]) -> Teacher:
    """RETURNS (Teacher): that a command's options describe; `options` and errors as for `chat_settings`."""
    from ..distill.teacher import Teacher, TeacherSettings

    names = ("variant", "prompts", "demonstrations", "parser", "tokenizer", "part_tokens", "keep_cut")
    price = (options["price_in"], options["price_out"])
    chosen = {name: options[name] for name in names}
    return Teacher(TeacherSettings(chat_settings(options), context=options["context_tokens"], price=price, **chosen))


def server_settings(options: Mapping[str, Any]) -> ServerSettings:
    """RETURNS (ServerSettings): that a command's options describe; what it has no option for stays as it is."""
    from ..distill.client import ServerSettings

    names = ("base_url", "key_variable", "requests_a_minute", "tokens_a_minute", "concurrency", "tries", "timeout")
    return ServerSettings(**{name: options[name] for name in names if name in options})


def cache_if_there(path: Optional[Path]) -> ContextManager[Optional[AnswerCache]]:
    """RETURNS (context manager): the cache for a `with` block; None where there is none yet, and it is not made."""
    from ..distill.cache import AnswerCache

    return AnswerCache(path) if path is not None and path.exists() else nullcontext()


def check_recorded(recorded: Optional[Path], batch: bool, base_url: str, record: Optional[Path]) -> None:
    """RAISES (ValueError): where answers are to come from a file, and options of a server are given too."""
    if recorded is not None and (batch or base_url or record is not None):
        raise ValueError("Recorded answers need no server and no new recording; leave --batch, --base-url and --record out.")


def open_server(
    settings: ServerSettings, batch: bool, cache: AnswerCache, count_tokens: Callable[[ChatRequest], int]
) -> ContextManager[Model]:
    """RETURNS (context manager): the server for a `with` block, or its batch API."""
    from ..distill.batch_api import BatchServer
    from ..distill.client import Server

    if batch:
        return BatchServer(settings, cache, report=lambda sentence: typer.echo(sentence, err=True))
    return Server(settings, count_tokens, cache)


def tell_annotated(report: AnnotationReport, out: Path) -> None:
    """Print what a run has annotated."""
    typer.echo(
        f"{report.annotated:,} of {report.passages:,} passages annotated, {report.entities:,} entities, {report.relations:,} "
        f"relations: {out}"
    )


def tell_failures(report: AnnotationReport) -> None:
    """Print the commonest reasons why passages have no answer."""
    for reason, count in report.failures.most_common(5):
        typer.echo(f"{count:,} without an answer: {reason}", err=True)


def _number(name: str, text: str) -> Optional[float]:
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} can't be '{text}'; give a number, or none to leave it to the server.") from None
