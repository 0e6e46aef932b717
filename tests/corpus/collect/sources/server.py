"""A server on this machine that speaks the sources' protocols, and fails in the ways in which theirs do."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, Iterator, List, Optional
from urllib.parse import parse_qsl, urlsplit

from spacy_gliner_biomed.corpus.collect.sources.http import Client


@dataclass
class Request:
    """What was asked: path, parameters, headers (names in lower case)."""

    path: str
    parameters: Dict[str, str]
    headers: Dict[str, str]


@dataclass
class Reply:
    """What to say. `cut` sends only so many bytes of the body, though the headers announce all."""

    body: bytes = b""
    status: int = 200
    headers: Dict[str, str] = field(default_factory=dict)
    cut: Optional[int] = None


Answer = Callable[[Request], Reply]


@dataclass
class Server:
    """A running server: its address, and all that it was asked."""

    url: str
    requests: List[Request] = field(default_factory=list)

    def asked(self, path: str) -> List[Request]:
        """RETURNS (list): the requests for a path."""
        return [request for request in self.requests if request.path == path]


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    """YIELDS (Server): a server that answers until the block ends."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Request(
                parts.path, dict(parse_qsl(parts.query)), {name.lower(): value for name, value in self.headers.items()}
            )
            with lock:
                running.requests.append(asked)
                reply = answer(asked)
            self.send_response(reply.status)
            headers = {"Content-Length": str(len(reply.body)), **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.cut])

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Server(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_turn(*replies: Reply) -> Answer:
    """RETURNS (callable): answers with one reply after the other, the last one again and again."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def file_answer(content: bytes, tag: str = '"v1"', cuts: List[int] | None = None) -> Answer:
    """RETURNS (callable): a file server with ranges, as Apache does it; its first replies are cut after so many bytes."""
    left = list(cuts or [])

    def answer(request: Request) -> Reply:
        start = 0
        if "range" in request.headers and request.headers.get("if-range", tag) == tag:
            start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
        cut = left.pop(0) if left else None
        if start >= len(content) and start:
            return Reply(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
        headers = {"ETag": tag}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Reply(content[start:], 206 if start else 200, headers, cut)

    return answer


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: List[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds

    def client(self, **options: Any) -> Client:
        """RETURNS (Client): a client that lives in this time."""
        return Client(**{"per_second": 1000.0, "timeout": 5.0, "sleep": self.sleep, "clock": self, **options})
