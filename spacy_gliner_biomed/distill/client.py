"""Asks any OpenAI-compatible server, through the `openai` client: vLLM, llama.cpp, Ollama, gateways, providers.

What may pass is tried again (429, 5xx, broken connections, answers that are no JSON), with doubling waits, and as the server
asks in `Retry-After`. What concerns one request alone (400, 413, 422, and 403 of a server that is known to answer) is that
request's error. What no other request will survive either (a wrong key, a model that isn't there) ends the run. An answer is
read up to a size and a time, so that none can fill the memory or hold a worker for ever. Nothing that is read is ever executed
or taken for the name of a file.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

from .cache import AnswerCache
from .keys import NO_KEY, key_of, without_key
from .limits import AdaptiveConcurrency, RateLimit, Stopped
from .requests import TOO_LONG, ChatRequest, Completion, Usage

if TYPE_CHECKING:
    from openai import OpenAI

EXTRA = "pip install 'spacy-gliner-biomed[distill]'"
KEY_VARIABLE = "OPENAI_API_KEY"
OVERLOADED = (429, 503, 529)
ONE_REQUEST = (400, 413, 422)  # refused for what this request holds
FORBIDDEN = 403  # a wrong key; or, of a server that has answered others, a passage that it won't hear of
FAILED_FIRST = 5  # so many failures before the first answer say that it is not the passages
FAILED_KNOWN = 20 * FAILED_FIRST  # where an earlier run had answers, of which those that are left may be the ones refused


@dataclass(frozen=True)
class ServerSettings:
    """Where the server is and how hard it may be asked. Nothing here changes an answer, so that none is part of a key.

    base_url (str): as "http://localhost:8000/v1"; empty for what the environment says, or OpenAI's own.
    key_variable (str): the environment variable that holds the key. It may be unset where a `base_url` is given.
    concurrency (int): requests at a time, at most.
    requests_a_minute, tokens_a_minute (Optional[int]): the provider's limits.
    tries (int): how often a request is sent before it has failed, for this run.
    timeout (float): seconds for one try, from sending to the last byte.
    wait (float): seconds before the second try; doubled each time, up to `longest_wait`.
    most_bytes (int): the longest response that is read.
    minute (float): the seconds of a minute, to try the limits out.
    RAISES (ValueError): for a number that can't be used.
    """

    base_url: str = ""
    key_variable: str = KEY_VARIABLE
    concurrency: int = 16
    requests_a_minute: Optional[int] = None
    tokens_a_minute: Optional[int] = None
    tries: int = 8
    timeout: float = 300.0
    wait: float = 1.0
    longest_wait: float = 60.0
    most_bytes: int = 2_000_000
    minute: float = 60.0

    def __post_init__(self) -> None:
        for name in ("concurrency", "tries", "timeout", "most_bytes", "minute"):
            if getattr(self, name) <= 0:
                raise ValueError(f"The server's '{name}' can't be {getattr(self, name)}; use more than 0.")
        for name in ("wait", "longest_wait"):
            if getattr(self, name) < 0:
                raise ValueError(f"The server's '{name}' can't be {getattr(self, name)} seconds; use 0 or more.")


class ServerRefusal(ValueError):
    """The server takes none of our requests; one sentence says why."""


class Server:
    """A model behind an OpenAI-compatible server.

    settings (ServerSettings): where, and how hard.
    count_tokens (callable): the tokens of a request's messages, for the limit of tokens a minute.
    cache (Optional[AnswerCache]): the answers of earlier runs, which say that it was not the server that failed; and the batches
        that are waited for, whose requests would be paid twice.
    RAISES (ImportError): without the extra; ValueError without a key.
    """

    def __init__(
        self,
        settings: ServerSettings,
        count_tokens: Callable[[ChatRequest], int] = lambda request: 0,
        cache: Optional[AnswerCache] = None,
    ) -> None:
        self.settings, self._cache = settings, cache
        self.window = 4 * settings.concurrency  # enough to do while one slow answer holds up the order
        self._client = openai_client(settings)
        self._count_tokens = count_tokens
        self._rate = RateLimit(settings.requests_a_minute, settings.tokens_a_minute, minute=settings.minute)
        self._slots = AdaptiveConcurrency(settings.concurrency)
        self._pool = ThreadPoolExecutor(settings.concurrency, "request")
        self._stop = threading.Event()
        self._random = random.Random(0)
        self._answered = False
        self._failed = 0
        self._batches = {key: batch.name for batch in (cache.open_batches() if cache else ()) for key in batch.keys}

    @property
    def concurrency(self) -> int:
        """How many requests may be under way now."""
        return self._slots.limit

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)  # what is under way was paid for: it goes into the cache first
        self._client.close()

    def submit(self, request: ChatRequest) -> Future[Completion]:
        """RETURNS (Future): of the completion, after as many tries as it takes.

        RAISES (ServerRefusal): as the future's exception, where every request will be refused.
        RAISES (ValueError): at once, for a request whose answer a batch will bring.
        """
        if self._cache is not None and (batch := self._batches.get(request.key)) is not None:
            raise ValueError(
                f"The cache '{self._cache.path}' waits for batch {batch}, which was sent with requests of this run; fetch it with "
                f"--batch, or {way_to_give_up(batch, self._cache)}."
            )
        return self._pool.submit(self._ask, request)

    def wait(self, future: Future[Completion]) -> None:
        """Wait until it is done."""
        wait([future])

    def _ask(self, request: ChatRequest) -> Completion:
        reason = ""
        most = (self._count_tokens(request) if self.settings.tokens_a_minute else 0) + request.settings.max_tokens
        for number in range(self.settings.tries):
            if number:
                self._pause(number)
            started = self._slots.acquire(self._stop.is_set)
            overloaded, pause = False, 0.0
            try:
                ticket = self._rate.acquire(most, self._stop.is_set)
                completion = self._try(request)
                self._rate.settle(ticket, sum(completion.usage))
                self._answered = True
                return completion
            except _Passing as trouble:
                reason, overloaded, pause = without_key(trouble.reason, self._client.api_key), trouble.overloaded, trouble.pause
            except _OneRequest as refusal:
                self._count_refusal(request, refusal.reason)
                return Completion(request, error=refusal.reason)
            finally:
                self._slots.release(started, overloaded, pause)
        reason = f"no answer in {self.settings.tries} tries, at last {reason}"
        # That it ran once does not say that it runs now
        self._count_failure(f"answers no request ({reason}); check its address, and whether it runs", FAILED_FIRST)
        return Completion(request, error=reason)

    def _pause(self, number: int) -> None:
        """Wait before the next try, each time twice as long, by chance a little less so that not all come back at once."""
        seconds = min(self.settings.wait * 2 ** (number - 1), self.settings.longest_wait) * self._random.uniform(0.5, 1)
        if self._stop.wait(seconds):
            raise Stopped

    def _count_refusal(self, request: ChatRequest, reason: str) -> None:
        """Count a refusal as a failure, unless a server that is known to answer says again what it has said to an earlier run."""
        known = self._is_known(request)
        if not (known and self._cache is not None and self._cache.has_failed(request.key)):
            self._count_failure(
                f"refuses every request ({reason}); it may not take the key, or not know a setting, as the answer format or the "
                "name of the length limit",
                FAILED_KNOWN if known else FAILED_FIRST,
            )

    def _count_failure(self, what: str, most: int) -> None:
        """End a run whose first `most` requests all fail, rather than try a hundred thousand."""
        self._failed += 1
        if not self._answered and self._failed >= most:
            raise ServerRefusal(f"The server {what}.")

    def _is_known(self, request: ChatRequest) -> bool:
        """Whether the server has answered: in this run, or in one that has left answers of the same model."""
        return self._answered or (self._cache is not None and self._cache.has_answers(request.settings.model))

    def _try(self, request: ChatRequest) -> Completion:
        """One try: RETURNS (Completion) or raises one of the exceptions below."""
        import openai

        deadline = time.monotonic() + self.settings.timeout
        try:
            with self._client.chat.completions.with_streaming_response.create(**arguments(request)) as response:
                data = bytearray()
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > self.settings.most_bytes:
                        return Completion(request, finish=TOO_LONG)
                    if time.monotonic() > deadline:
                        raise _Passing(f"it was not complete after {self.settings.timeout:g} seconds")
        except openai.APIStatusError as error:
            alone = error.status_code in ONE_REQUEST or (error.status_code == FORBIDDEN and self._is_known(request))
            raise status_trouble(error, self._client.api_key, alone) from None
        except openai.APITimeoutError:
            raise _Passing(f"nothing came for {self.settings.timeout:g} seconds") from None
        except Exception as error:
            if not is_broken_connection(error):
                raise
            raise _Passing(f"the connection broke ({type(error.__cause__ or error).__name__})") from None
        return read_completion(request, bytes(data))


class _Passing(Exception):
    """Trouble that may have passed at the next try."""

    def __init__(self, reason: str, overloaded: bool = False, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.overloaded, self.pause = reason, overloaded, pause


class _OneRequest(Exception):
    """The server refuses this request for what it holds."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def way_to_give_up(batch: str, cache: AnswerCache) -> str:
    """RETURNS (str): for messages: how a batch is no longer waited for."""
    return f"give it up and pay for its requests anew with `gliner-biomed distill forget-batch '{cache.path}' {batch}`"


def openai_client(settings: ServerSettings) -> OpenAI:
    """RETURNS (OpenAI): the client, with the key from the environment; it retries nothing on its own.

    RAISES (ImportError): without the extra; ValueError where OpenAI's own server is meant and there is no key, for a key that
        can't be one, and for an address without its scheme.
    """
    try:
        from openai import OpenAI
    except ImportError as error:
        raise ImportError(f"Asking a server needs the extra 'distill': {EXTRA}.") from error
    key = key_of(settings.key_variable)
    base_url = settings.base_url or os.environ.get("OPENAI_BASE_URL", "")
    if not key and not base_url:
        raise ValueError(
            f"The environment variable {settings.key_variable} holds no key; set it, or name a server of your own with --base-url."
        )
    if base_url and not base_url.startswith(("http://", "https://")):
        raise ValueError(f"The server '{base_url}' has no http:// or https:// in front; write it as http://localhost:8000/v1.")
    return OpenAI(api_key=key or NO_KEY, base_url=base_url or None, max_retries=0, timeout=settings.timeout)


def is_broken_connection(error: Exception) -> bool:
    """RETURNS (bool): whether an error says that the connection failed; while a body is read it is the HTTP library's own."""
    library = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or library in ("openai", "httpx", "httpx2", "httpcore", "httpcore2")


def arguments(request: ChatRequest) -> Dict[str, Any]:
    """RETURNS (dict): a request as keywords of the client; what it doesn't know goes into the body as it is."""
    body = request.body()
    extra = {name: body.pop(name) for name, _ in request.settings.extra}
    return {**body, "extra_body": extra} if extra else body


def read_completion(request: ChatRequest, data: bytes) -> Completion:
    """Read the body of a response.

    request (ChatRequest): what was asked.
    data (bytes): the body.
    RETURNS (Completion): what it says.
    RAISES (_Passing): where it is broken off, or no chat completion.
    """
    try:
        body = json.loads(data)
        choice = body["choices"][0]
        text, finish = choice["message"]["content"], choice.get("finish_reason") or "stop"
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise _Passing(f"the response is no chat completion ({data[:60].decode('utf-8', 'replace')!r})") from None
    if text is None:  # a refusal, or an empty answer: the check will not like it
        text = ""
    if not isinstance(text, str) or not isinstance(finish, str):
        raise _Passing("the response's content is no text")
    return Completion(request, text, finish, _usage(body))


def status_trouble(error: Any, key: str, alone: bool) -> Exception:
    """RETURNS (Exception): what an HTTP status means for us; `alone` where it is about this request and no other.

    The server's words are cut short, and our key in them.
    """
    status = error.status_code
    words = without_key(str(error.message), key)
    if alone:
        return _OneRequest(f"the server refused it with {status}: {words}")
    if status in (408, 409, 425) or status in OVERLOADED or status >= 500:
        if status == 429 and getattr(error, "code", None) == "insufficient_quota":
            return ServerRefusal(f"The server answers 429, the account's quota is used up: {words}")
        return _Passing(f"the server answered {status}", status in OVERLOADED, _retry_after(error.response.headers))
    return ServerRefusal(f"The server answers {status}: {words} (check the address, the key's variable and the model's name).")


def _retry_after(headers: Any) -> float:
    """Seconds; what is no plain number, or more than ten minutes, is left to our own waits."""
    try:
        milliseconds = headers.get("retry-after-ms")
        seconds = float(milliseconds) / 1000 if milliseconds else float(headers.get("retry-after", 0))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds <= 600 else 0.0


def _usage(body: Dict[str, Any]) -> Usage:
    counted = body.get("usage")
    if not isinstance(counted, dict):
        return Usage()
    numbers: Tuple[Any, Any] = counted.get("prompt_tokens"), counted.get("completion_tokens")
    return Usage(*(each if type(each) is int and each >= 0 else 0 for each in numbers))

