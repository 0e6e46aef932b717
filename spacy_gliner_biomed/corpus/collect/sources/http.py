"""A polite client: few requests a second, patience with a busy server, downloads that go on where they broke off.

HTTPS only, also behind redirects; a server on this machine may speak HTTP. Keys and e-mail addresses never show in messages,
nor in what is written beside a download.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import ssl
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any, Callable, Dict, Mapping, Optional, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ....about import __version__
from .. import passages

USER_AGENT = f"spacy-gliner-biomed/{__version__} (corpus collection)"
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
SECRETS = frozenset({"api_key", "email", "tool"})
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_BYTES = 64 << 30
MOST_REPLY = 256 << 20
_BLOCK = 1 << 16
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
T = TypeVar("T")


class Again(Exception):
    """A request that failed in a way that passes; a check of a reply may raise it too.

    wait (float): seconds the server asks for, or None.
    """

    def __init__(self, message: str, wait: Optional[float] = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Fetched:
    """What is known about a downloaded file; lies beside it as `<name>.fetched.json`.

    url (str): where it came from, without keys.
    retrieved (str): when it was whole, in ISO 8601, UTC.
    size (int): bytes.
    validator (str): the server's ETag or date of last change, if it gave one.
    """

    url: str
    retrieved: str
    size: int
    validator: str = ""


@dataclass
class Client:
    """Fetches files from one service.

    per_second (float): most requests a second.
    attempts (int): tries of one request.
    first_wait, longest_wait (float): seconds before the second try, doubled for each further one, with some chance in it so
        that several clients do not come back at once; and the longest wait that a server may ask for.
    timeout (float): seconds without a byte.
    headers (mapping): sent with each request, but not behind a redirect: a key for one server stays with it.
    sleep, clock (callable): for tests.
    """

    per_second: float = 3.0
    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 900.0
    timeout: float = 60.0
    headers: Optional[Mapping[str, str]] = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._next = 0.0
        self._opener = urllib.request.build_opener(_SafeRedirects, _NoFiles)

    def get(self, url: str, parameters: Optional[Mapping[str, str]] = None, most: int = MOST_REPLY) -> bytes:
        """Fetch a short reply.

        url (str), parameters (mapping): what to ask for.
        most (int): bytes that the reply may have.
        RETURNS (bytes): the whole reply.
        RAISES (OSError): where the server refuses, or fails at each try. RAISES (ValueError): for a URL that is not HTTPS.
        """
        full = _with(url, parameters)

        def once() -> bytes:
            with closing(self._open(full, {})) as reply:
                data = bytearray()
                for block in _blocks(reply, 0, most, full):
                    data += block
                return bytes(data)

        return self._patiently(full, once)

    def fetch(
        self,
        url: str,
        path: Path,
        parameters: Optional[Mapping[str, str]] = None,
        check: Optional[Callable[[Path], None]] = None,
        most: int = MOST_BYTES,
    ) -> Fetched:
        """Download a file, unless it is there. What an earlier try or run has got of it is not fetched again.

        url (str), parameters (mapping): what to ask for.
        path (Path): the file; it appears when it is whole.
        check (callable): looks at the whole file before it gets its name; raises `Again` where it is to be fetched anew.
        most (int): bytes that the file may have.
        RETURNS (Fetched): what lies beside it.
        RAISES (OSError): where the server refuses, or fails at each try. RAISES (ValueError): for a URL that is not HTTPS.
        """
        done = fetched(path)
        if done is not None:
            return done
        full = _with(url, parameters)
        path.parent.mkdir(parents=True, exist_ok=True)

        def once() -> Fetched:
            part = _Part(path, shown(full))
            with closing(self._open(full, part.ask_for_rest())) as reply:
                part.receive(reply, most, full)
            if check is not None:
                try:
                    check(part.path)
                except BaseException:
                    part.forget()
                    raise
            return part.finish()

        return self._patiently(full, once)

    def _open(self, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        _check(url)
        request = urllib.request.Request(
            url, headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
        )
        for name, value in (self.headers or {}).items():
            request.add_unredirected_header(name, value)
        try:
            return self._opener.open(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            with closing(error):
                if error.code == 416 and "Range" in headers:
                    return error  # type: ignore[return-value]
                message = f"the server says {error.code} {error.reason}"
                if error.code in RETRIED:
                    raise Again(message, _retry_after(error.headers.get("Retry-After"))) from None
                raise OSError(f"Cannot fetch '{shown(url)}': {message}.") from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise OSError(
                    f"Cannot fetch '{shown(url)}': its certificate is not to be trusted ({error.reason})."
                ) from None
            raise Again(str(error.reason)) from None

    def _patiently(self, url: str, once: Callable[[], T]) -> T:
        wait = self.first_wait
        for attempt in range(1, self.attempts + 1):
            self._take_turn()
            try:
                return once()
            except (Again, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
                asked = error.wait if isinstance(error, Again) else None
                reason = str(error) or type(error).__name__
                if attempt == self.attempts:
                    tries = f"after {attempt} tries" if attempt > 1 else "at the only try"
                    raise OSError(
                        f"Cannot fetch '{shown(url)}': {reason}, {tries}; a later run goes on from here."
                    ) from None
                if asked is not None and asked > self.longest_wait:
                    raise OSError(
                        f"Cannot fetch '{shown(url)}': {reason}, and asks to wait {asked:,.0f} seconds; try again then."
                    ) from None
                self.sleep(wait * random.uniform(0.75, 1.25) if asked is None else asked)
                wait = min(2 * wait, self.longest_wait)
        raise ValueError(f"A client needs at least one attempt, not {self.attempts}.")

    def _take_turn(self) -> None:
        """Wait until the next request is due."""
        now = self.clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 1.0 / self.per_second


def fetched(path: Path) -> Optional[Fetched]:
    """RETURNS (Fetched): what lies beside a file that was downloaded whole; None where there is no such file."""
    try:
        row = json.loads(_beside(path).read_text(encoding="utf-8"))
        found = Fetched(**row)
        return found if path.stat().st_size == found.size else None
    except (OSError, ValueError, TypeError):
        return None


def shown(url: str) -> str:
    """RETURNS (str): a URL without the parameters that say who asks."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in SECRETS]
    return urlunsplit(parts._replace(query=urlencode(kept), netloc=parts.netloc.rpartition("@")[2]))


class _Part:
    """What there is of a download: the file's first bytes, and beside them which file they belong to."""

    def __init__(self, path: Path, url: str) -> None:
        self.target, self.url = path, url
        self.path = path.with_name(path.name + ".part")
        self._state = path.with_name(path.name + ".part.json")
        self.validator = ""

    def ask_for_rest(self) -> Dict[str, str]:
        """RETURNS (dict): headers that ask for what is missing; none where all is."""
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            self.size = self.path.stat().st_size
        except (OSError, ValueError):
            state, self.size = {}, 0
        if not isinstance(state, dict) or state.get("url") != self.url or not state.get("validator") or not self.size:
            self.forget()
            return {}
        self.validator = state["validator"]
        # Without the validator the rest of a file that has changed meanwhile would be glued to the old beginning
        return {"Range": f"bytes={self.size}-", "If-Range": self.validator}

    def receive(self, reply: http.client.HTTPResponse, most: int, url: str) -> None:
        """Write what the server sends behind what is there, or in its place."""
        status, headers = reply.status, reply.headers
        if status == 416:  # nothing behind what we have: it was whole, or it is another file now
            if headers.get("Content-Range", "").rpartition("/")[2] == str(self.size):
                return
            self.forget()
            raise Again("the file has changed on the server")
        if status == 206:
            span = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
            if span is None or int(span[1]) != self.size:
                self.forget()
                raise Again("the server sends another part than it was asked for")
        elif self.size or status != 200:
            self.forget()
        if status not in (200, 206):
            raise OSError(f"Cannot fetch '{shown(url)}': the server says {status}, which is no file.")
        self.validator = _validator(headers) or (self.validator if status == 206 else "")
        passages.write_bytes(self._state, json.dumps({"url": self.url, "validator": self.validator}).encode("utf-8"))
        with self.path.open("ab") as stream:
            for block in _blocks(reply, self.size, most, url):
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())

    def forget(self) -> None:
        """Throw away what there is."""
        self.path.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)
        self.size = 0

    def finish(self) -> Fetched:
        """Give the file its name. RETURNS (Fetched): what is written beside it."""
        now = datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
        done = Fetched(self.url, now, self.path.stat().st_size, self.validator)
        passages.write_bytes(_beside(self.target), json.dumps(asdict(done), indent=1).encode("utf-8"))
        os.replace(self.path, self.target)
        self._state.unlink(missing_ok=True)
        return done


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".fetched.json")


def _blocks(reply: http.client.HTTPResponse, before: int, most: int, url: str) -> Any:
    """YIELDS (bytes): the body. RAISES (Again): where it ends too soon. RAISES (ValueError): behind the bound."""
    announced = reply.headers.get("Content-Length")
    size = 0
    while block := reply.read(_BLOCK):
        size += len(block)
        if before + size > most:
            raise ValueError(f"'{shown(url)}' sends more than the {most:,} bytes that are expected at most.")
        yield block
    if announced is not None and announced.isdigit() and size < int(announced):
        raise Again(f"the connection ended after {size:,} of {int(announced):,} bytes")


def _validator(headers: Message) -> str:
    tag = headers.get("ETag") or ""
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified") or ""


def _retry_after(value: Optional[str]) -> Optional[float]:
    """RETURNS (float): seconds to wait; the header holds seconds or a date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return max((when - datetime.now(UTC)).total_seconds(), 0.0)


def _with(url: str, parameters: Optional[Mapping[str, str]]) -> str:
    return f"{url}?{urlencode(parameters)}" if parameters else url


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname or parts.scheme == "http" and parts.hostname in LOCAL:
        return
    raise ValueError(f"'{shown(url)}' is not fetched: only https:// is, and http:// from this machine.")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check(newurl)
        if urlsplit(newurl).hostname in LOCAL and urlsplit(req.full_url).hostname not in LOCAL:
            raise ValueError(f"'{shown(req.full_url)}' leads to '{shown(newurl)}' on this machine; it is not followed.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _NoFiles(urllib.request.FileHandler, urllib.request.FTPHandler):
    """Takes the place of the handlers that would open local files and FTP."""

    def file_open(self, req: urllib.request.Request) -> Any:
        """RAISES (ValueError): always."""
        raise ValueError(f"'{shown(req.full_url)}' is not fetched: only https:// is.")

    ftp_open = file_open
