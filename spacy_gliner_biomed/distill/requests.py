"""A question to a chat model and what came back, whoever answers: a server, a batch, a file of recorded answers, a student."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Protocol, Tuple

from .keys import secret_in

TOO_LONG = "too_long"  # our own reason for an answer that was not read to its end
KEY_VERSION = 1  # raised when the same request would be written otherwise; old answers are then not found


class Message(NamedTuple):
    """A turn of a conversation.

    role (str): "system", "user" or "assistant".
    content (str): what is said.
    """

    role: str
    content: str


@dataclass(frozen=True)
class ChatSettings:
    """How a model is to answer; everything here is part of a request's key.

    model (str): the name that the server knows it by.
    temperature, top_p (Optional[float]): of the sampling; None leaves them to the server.
    max_tokens (int): the longest answer, in tokens.
    seed (Optional[int]): of the sampling; None sends none.
    answer_format (str): what the server is asked for beside the words: "json_schema" (the schema holds the model to it),
        "json_object" (any JSON), "none" (for servers that know neither).
    length_name (str): the field that `max_tokens` is sent as: "max_tokens", or "max_completion_tokens" for newer models.
    revision (str): what the name doesn't say, as the weights' commit or their quantisation; never sent.
    extra (tuple): further fields of the request's body, as (name, JSON text) pairs, sorted; see `with_extra`.
    RAISES (ValueError): for a value that no server takes.
    """

    model: str
    temperature: Optional[float] = 0.0
    top_p: Optional[float] = 1.0
    max_tokens: int = 2048
    seed: Optional[int] = 42
    answer_format: str = "json_schema"
    length_name: str = "max_tokens"
    revision: str = ""
    extra: Tuple[Tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("The model has no name; give the one that its server knows it by.")
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise ValueError(f"A temperature of {self.temperature} is not from 0 to 2; use 0 for the likeliest answer.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"A top_p of {self.top_p} is no share; use more than 0 and at most 1.")
        if self.max_tokens < 1:
            raise ValueError(f"An answer of {self.max_tokens} tokens is none; use 1 or more, 2048 by default.")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} can't be '{getattr(self, name)}'; use one of {', '.join(known)}.")

    def with_extra(self, fields: Mapping[str, Any]) -> ChatSettings:
        """RETURNS (ChatSettings): the same with these fields in the request's body, as a server of one's own may need them.

        RAISES (ValueError): for a field that is set otherwise here, and for one that could hold a secret, at any depth.
        """
        for name in fields:
            if name in _OWN_FIELDS:
                raise ValueError(f"The field '{name}' can't be set as an extra; it has a setting of its own, or none.")
        if name := secret_in(fields):
            raise ValueError(
                f"The field '{name}' can't be set as an extra, which is written to files; put a key into the environment variable "
                "of --key-variable."
            )
        return replace(self, extra=tuple((name, json.dumps(fields[name], sort_keys=True)) for name in sorted(fields)))


_CHOICES = {
    "answer_format": ("json_schema", "json_object", "none"),
    "length_name": ("max_tokens", "max_completion_tokens"),
}
_OWN_FIELDS = (
    "model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "response_format", "stream", "n",
)


@dataclass(frozen=True)
class ChatRequest:
    """A full request.

    messages (tuple): the conversation so far; the last turn is the user's.
    settings (ChatSettings): how to answer.
    schema (Optional[dict]): the JSON schema of the answer.
    """

    messages: Tuple[Message, ...]
    settings: ChatSettings
    schema: Optional[Mapping[str, Any]] = None

    @cached_property
    def key(self) -> str:
        """The SHA-256 of everything that the answer depends on, in hexadecimal."""
        whole = [KEY_VERSION, self.messages, asdict(self.settings), self.schema]
        text = json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def body(self) -> Dict[str, Any]:
        """RETURNS (dict): what is sent to `/chat/completions` (OpenAI API reference, "Create chat completion")."""
        settings = self.settings
        body: Dict[str, Any] = {"model": settings.model, "messages": [message._asdict() for message in self.messages]}
        body[settings.length_name] = settings.max_tokens
        for name in ("temperature", "top_p", "seed"):
            if (value := getattr(settings, name)) is not None:
                body[name] = value
        if settings.answer_format == "json_object":
            body["response_format"] = {"type": "json_object"}
        elif settings.answer_format == "json_schema" and self.schema is not None:
            named = {"name": "answer", "strict": True, "schema": dict(self.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        return {**body, **{name: json.loads(value) for name, value in settings.extra}}

    def asked_again(self, reason: str) -> ChatRequest:
        """RETURNS (ChatRequest): the request for a second try, with what was wrong at the end of the last turn.

        A turn of its own would break chat templates that want the roles to alternate.
        """
        last = self.messages[-1]
        note = f"\n\nAn earlier answer to this could not be used: {reason}. Answer again, with nothing but the JSON object."
        return replace(self, messages=(*self.messages[:-1], Message(last.role, last.content + note)))


class Usage(NamedTuple):
    """Tokens that a server has counted.

    prompt, answer (int): tokens read and written; a server that doesn't count gives 0.
    """

    prompt: int = 0
    answer: int = 0

    def __add__(self, other: object) -> Usage:
        """RETURNS (Usage): the sums."""
        if not isinstance(other, Usage):
            return NotImplemented
        return Usage(self.prompt + other.prompt, self.answer + other.answer)


@dataclass(frozen=True)
class Completion:
    """What came of a request.

    request (ChatRequest): what was asked.
    text (str): the model's words, unread; empty where there was an error.
    finish (str): why the model stopped: "stop"; "length" where the answer was cut at `max_tokens`; `TOO_LONG` where we
        stopped reading.
    usage (Usage): what was paid for it, all tries together; also where it comes from the cache.
    error (str): why there is no usable answer, in words; empty where there is one.
    cached (bool): it was known from before, nothing was paid now.
    tries (int): how many answers were paid for: 2 where the first was no good.
    """

    request: ChatRequest
    text: str = ""
    finish: str = "stop"
    usage: Usage = Usage()
    error: str = ""
    cached: bool = False
    tries: int = 1


Check = Callable[[Completion], str]  # what is wrong with the answer, as part of a sentence; "" where it can be used


class Model(Protocol):
    """Whoever answers requests. Use it in a `with` block.

    window (int): how many requests may wait for their answers at a time.
    """

    window: int

    def submit(self, request: ChatRequest) -> Future[Completion]:
        """Take a request.

        RETURNS (Future): of its completion. What is wrong with this request alone is a completion with an error; what no
            other request will survive either is the future's exception.
        """

    def wait(self, future: Future[Completion]) -> None:
        """Work, or wait, until this future is done; a model that gathers requests sends them now."""

    def __enter__(self) -> Model:
        """RETURNS (Model): itself."""

    def __exit__(self, *error: object) -> None:
        """Drop what is waiting and release everything."""
