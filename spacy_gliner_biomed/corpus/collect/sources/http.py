"""A polite client: few requests a second, patience with a busy server, downloads that go on where they broke off.

Keys and e-mail addresses never show in messages, nor in what is written beside a download.
"""

from __future__ import annotations

import http.client
import random
import ssl
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Callable, Mapping, Optional, TypeVar

from ....about import __version__
from .addresses import NoFiles, SafeRedirects, check_address, shown, with_parameters
from .download import Again, Fetched, Part, blocks, fetched

USER_AGENT = f"spacy-gliner-biomed/{__version__} (corpus collection)"
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_BYTES = 64 << 30
MOST_REPLY = 256 << 20
T = TypeVar("T")


class NotThere(OSError):
    """A server that has nothing at an address: status 404."""


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
        self._opener = urllib.request.build_opener(SafeRedirects, NoFiles)

    def get(self, url: str, parameters: Optional[Mapping[str, str]] = None, most: int = MOST_REPLY) -> bytes:
        """Fetch a short reply.

        url (str), parameters (mapping): what to ask for.
        most (int): bytes that the reply may have.
        RETURNS (bytes): the whole reply.
        RAISES (OSError): where the server refuses, or fails at each try. RAISES (ValueError): for a URL that is not HTTPS.
        """
        full = with_parameters(url, parameters)

        def once() -> bytes:
            with closing(self._open(full, {})) as reply:
                data = bytearray()
                for block in blocks(reply, 0, most, full):
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
        RAISES (OSError): where the server refuses, or fails at each try; `NotThere` where it has no such file.
        RAISES (ValueError): for a URL that is not HTTPS.
        """
        done = fetched(path)
        if done is not None:
            return done
        full = with_parameters(url, parameters)
        path.parent.mkdir(parents=True, exist_ok=True)

        def once() -> Fetched:
            part = Part(path, shown(full))
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
        check_address(url)
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
                kind = NotThere if error.code == 404 else OSError
                raise kind(f"Cannot fetch '{shown(url)}': {message}.") from None
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
