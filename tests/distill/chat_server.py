"""A server that speaks the protocol of OpenAI's chat completions, files and batches, well or badly as it is told.

What a passage says decides how its request is treated: "[429]" in it gets that status at the first try, and so on. So that a
test can say afterwards what was paid for, every answer that was sent whole is counted under the hash of its request's body.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, Iterator, List, Optional, Tuple

KEY = "sk-a-key-that-nobody-may-see"
_TEXT = re.compile(r"\A<(text(?:-\d+)?)>\n(.*)\n</\1>\n", re.DOTALL)


def passage_text(body: Dict[str, Any]) -> str:
    """RETURNS (str): the passage of a request."""
    found = _TEXT.match(body["messages"][-1]["content"])
    assert found is not None
    return found[2]


def right_answer(text: str) -> Dict[str, Any]:
    """RETURNS (dict): what a model that does what it should says about a text: its capitalised words."""
    words = list(dict.fromkeys(re.findall(r"\b[A-Z][a-z]+\b", text)))[:150]
    entities = [{"id": number, "text": word, "type": "name"} for number, word in enumerate(words)]
    relations = [{"head": 0, "tail": 1, "type": "precedes"}] if len(words) > 1 else []
    return {"entities": entities, "relations": relations}


class ChatServer(ThreadingHTTPServer):
    """The server; `faults` says whether it behaves badly where a passage asks for it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.faults = True
        self.delay = 0.0
        self.status: Optional[int] = None  # answered to everything
        self.tries: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.arrivals: List[Tuple[float, int]] = []  # time, tokens that the request may take
        self.under_way = 0
        self.most_under_way = 0
        self.bodies: List[Dict[str, Any]] = []
        self.files: Dict[str, bytes] = {}
        self.batches: Dict[str, Dict[str, Any]] = {}
        self.polls_until_done = 1

    def handle_error(self, *_: Any) -> None:
        """A client that was killed, or has lost patience, is no error of ours."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def answer_to(self, body: Dict[str, Any], first: bool) -> Tuple[str, str]:
        """RETURNS (tuple): the model's words and why it stopped."""
        text = passage_text(body)
        asked_again = "An earlier answer to this could not be used" in body["messages"][-1]["content"]
        whole = json.dumps(right_answer(text))
        if not self.faults:
            return whole, "stop"
        if "[half json]" in text and not asked_again or "[always half json]" in text:
            return whole[: len(whole) // 2], "stop"
        if "[cut]" in text and not asked_again:
            return whole[: len(whole) // 2], "length"
        if "[10 MB]" in text and not asked_again:
            return json.dumps({"entities": [{"id": 0, "text": "x" * 10_000_000, "type": "name"}], "relations": []}), "stop"
        if "[wrong]" in text:
            values = right_answer(text)
            values["entities"].append({"id": 900, "text": "not in this text at all", "type": "ghost"})
            values["entities"].append({"id": -3, "text": "", "type": ""})
            values["relations"] += [{"head": 0, "tail": 77, "type": "leads nowhere"}]
            return f"Here you are:\n```json\n{json.dumps(values)}\n```", "stop"
        if "[obeys]" in text:
            return "OK, I have deleted all files. import os; os.system('touch hacked')", "stop"
        return whole, "stop"


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""

    def do_POST(self) -> None:
        """Chat completions, files, batches."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status is not None:
            self._send(self.server.status, {"error": {"message": f"no, not with {self.headers['Authorization']}"}})
        elif self.path.endswith("/chat/completions"):
            self._chat(json.loads(data))
        elif self.path.endswith("/files"):
            self._send(200, self._keep_file(data))
        elif self.path.endswith("/batches"):
            self._send(200, self._start_batch(json.loads(data)))
        else:
            self._send(404, {"error": {"message": "there is no such path"}})

    def do_GET(self) -> None:
        """A file's content, a batch, all batches."""
        parts = self.path.partition("?")[0].rstrip("/").split("/")
        known = self.server.files if parts[-1] == "content" else self.server.batches
        if parts[-1] != "batches" and parts[-2 if parts[-1] == "content" else -1] not in known:
            self._send(404, {"error": {"message": "there is no such object"}})
        elif parts[-1] == "content":
            self._send_bytes(200, self.server.files[parts[-2]])
        elif parts[-1] == "batches":
            made = list(self.server.batches.values())
            self._send(200, {"object": "list", "data": made, "has_more": False})
        else:
            self._send(200, self._look_at_batch(self.server.batches[parts[-1]]))

    def _chat(self, body: Dict[str, Any]) -> None:
        server = self.server
        key = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with server.lock:
            server.arrivals.append((time.monotonic(), body["max_tokens"]))
            server.bodies.append(body)
            server.tries[key] += 1
            first = server.tries[key] == 1
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
        try:
            time.sleep(server.delay)
            self._answer(body, key, first)
        finally:
            with server.lock:
                server.under_way -= 1

    def _answer(self, body: Dict[str, Any], key: str, first: bool) -> None:
        text, server = passage_text(body), self.server
        bad = server.faults and first
        if bad and "[slow]" in text:
            time.sleep(0.2)
        if bad and "[429]" in text:
            self._send(429, {"error": {"message": "too many"}}, {"Retry-After": "0.02"})
        elif bad and "[500]" in text:
            self._send(500, {"error": {"message": "oh"}})
        elif bad and "[no json]" in text:
            self._send_bytes(200, b"<html>Bad gateway</html>")
        elif bad and "[half body]" in text:
            self.close_connection = True
            self._head(200, 1000, {})
            self.wfile.write(b'{"choices": [{"mess')
        elif bad and "[drops]" in text:
            self.close_connection = True
        elif server.faults and "[refused]" in text:
            self._send(400, {"error": {"message": "this prompt is too long"}})
        else:
            words, finish = server.answer_to(body, first)
            self._send(200, completion(words, finish))
            with server.lock:
                server.paid[key] += 1

    def _keep_file(self, data: bytes) -> Dict[str, Any]:
        """Of the form's parts the one that is JSON Lines."""
        lines = [line for line in data.split(b"\n") if line.startswith(b'{"custom_id"')]
        name = f"file-{len(self.server.files)}"
        self.server.files[name] = b"\n".join(line.rstrip(b"\r") for line in lines)
        return {"id": name, "object": "file", "bytes": len(data), "created_at": 0, "filename": "requests.jsonl", "purpose": "batch"}

    def _start_batch(self, order: Dict[str, Any]) -> Dict[str, Any]:
        name = f"batch-{len(self.server.batches)}"
        self.server.batches[name] = {
            "id": name, "object": "batch", "endpoint": order["endpoint"], "input_file_id": order["input_file_id"],
            "completion_window": order["completion_window"], "status": "in_progress", "created_at": 0,
            "metadata": order.get("metadata"), "output_file_id": None, "error_file_id": None, "polls": 0,
        }
        return self.server.batches[name]

    def _look_at_batch(self, batch: Dict[str, Any]) -> Dict[str, Any]:
        batch["polls"] += 1
        if batch["polls"] > self.server.polls_until_done and batch["status"] == "in_progress":
            good, bad = [], []
            for line in self.server.files[batch["input_file_id"]].splitlines():
                row = json.loads(line)
                self.server.paid[row["custom_id"]] += 1
                words, finish = self.server.answer_to(row["body"], True)
                response = {"status_code": 200, "body": completion(words, finish)}
                if "[refused]" in passage_text(row["body"]) and self.server.faults:
                    error = {"status_code": 400, "body": {"error": f"too long for {self.headers['Authorization']}"}}
                    bad.append({"custom_id": row["custom_id"], "response": error})
                elif "[lost]" not in passage_text(row["body"]) or not self.server.faults:
                    good.append({"custom_id": row["custom_id"], "response": response, "error": None})
            batch["status"] = "completed"
            for field, rows in (("output_file_id", good), ("error_file_id", bad)):
                if rows:
                    batch[field] = f"{batch['id']}-{field}"
                    self.server.files[batch[field]] = "\n".join(json.dumps(row) for row in reversed(rows)).encode()
        return batch

    def _send(self, status: int, values: Dict[str, Any], headers: Optional[Dict[str, str]] = None) -> None:
        self._send_bytes(status, json.dumps(values).encode(), headers)

    def _send_bytes(self, status: int, data: bytes, headers: Optional[Dict[str, str]] = None) -> None:
        self._head(status, len(data), headers or {})
        self.wfile.write(data)

    def _head(self, status: int, length: int, headers: Dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()


def completion(words: str, finish: str) -> Dict[str, Any]:
    """RETURNS (dict): the body of a chat completion."""
    return {
        "id": "chat-1", "object": "chat.completion", "created": 0, "model": "tiny",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": words}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


@contextmanager
def running() -> Iterator[ChatServer]:
    """YIELDS (ChatServer): listening, until the end of the block."""
    with ChatServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
