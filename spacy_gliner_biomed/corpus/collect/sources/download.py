"""A file on its way: its first bytes beside its name until it is whole, so that a later try or run goes on behind them."""

from __future__ import annotations

import http.client
import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Dict, Iterator, Optional

from .. import passages
from .addresses import shown

_BLOCK = 1 << 16
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


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


def fetched(path: Path) -> Optional[Fetched]:
    """RETURNS (Fetched): what lies beside a file that was downloaded whole; None where there is no such file."""
    try:
        row = json.loads(_beside(path).read_text(encoding="utf-8"))
        found = Fetched(**row)
        return found if path.stat().st_size == found.size else None
    except (OSError, ValueError, TypeError):
        return None


def blocks(reply: http.client.HTTPResponse, before: int, most: int, url: str) -> Iterator[bytes]:
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


class Part:
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
            for block in blocks(reply, self.size, most, url):
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


def _validator(headers: Message) -> str:
    tag = headers.get("ETag") or ""
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified") or ""
