"""Answers in a file that can lie in git: request hash → answer, a JSON object a line.

    {"request": "<sha256>", "model": "…", "text": "<the model's words>", "finish": "stop", "usage": [412, 97], "tries": 1}

Only `request` and `text` are needed; `text` may be the answer's JSON itself, which is easier to write and to review.
"""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Dict, Tuple

from ..annotate.output import text_file
from ..corpus.formats.lines import json_lines
from .cache import AnswerCache, pack, unpack
from .requests import ChatRequest, Completion, Usage

_FIELDS = ("request", "model", "text", "finish", "usage", "tries", "note")


class RecordedAnswers:
    """A model that knows its answers by heart, and no others. It may stand wherever a server may.

    path (Path): the file; `.gz` is unpacked.
    RAISES (ValueError): for a line that is no recorded answer, and for two different answers to one request; one sentence
        with file and line.
    """

    window = 1

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._answers: Dict[str, Tuple[bytes, str, Usage]] = {}  # compressed: a file may hold a hundred thousand
        for where, row in json_lines(self.path):
            self._add(row, where)

    def __len__(self) -> int:
        return len(self._answers)

    def __enter__(self) -> RecordedAnswers:
        return self

    def __exit__(self, *error: object) -> None:
        """There is nothing to release."""

    def submit(self, request: ChatRequest) -> Future[Completion]:
        """RETURNS (Future): done already; a completion with an error where the answer is not in the file."""
        future: Future[Completion] = Future()
        found = self._answers.get(key := request.key)
        if found is None:
            reason = f"'{self.path}' holds no answer to the request {key[:12]}…; the prompt or a setting has changed since"
            future.set_result(Completion(request, error=reason))
        else:
            future.set_result(Completion(request, unpack(found[0]), found[1], found[2], cached=True))
        return future

    def wait(self, future: Future[Completion]) -> None:
        """Every answer is there at once."""

    def _add(self, row: Any, where: str) -> None:
        key, text, finish, usage = _checked(row, where)
        entry = (pack(text), finish, usage)
        if self._answers.setdefault(key, entry)[0] != entry[0]:
            raise ValueError(f"{where}: the request {key[:12]}… has another answer further up; keep one of them.")


def write_recorded(path: Path, cache: AnswerCache) -> int:
    """Write the answers of a cache to a file of recorded answers, sorted by their requests' hashes.

    path (Path): the file; `.gz` packs it.
    cache (AnswerCache): where the answers are.
    RETURNS (int): how many there are.
    """
    count = 0
    with text_file(Path(path)) as stream:
        for row in cache.rows():
            stream.write(json.dumps(row) + "\n")  # ASCII: a model may have written half a surrogate pair
            count += 1
    return count


def recorded_row(request: ChatRequest, answer: Any, note: str = "") -> Dict[str, Any]:
    """Make a line by hand, for answers that a person has written.

    request (ChatRequest): what is answered.
    answer (Any): the text, or JSON values.
    note (str): for the reader of the file, as the passage's id.
    RETURNS (dict): the line, ready for JSON.
    """
    row = {"request": request.key, "model": request.settings.model, "text": answer}
    return {**row, "note": note} if note else row


def _checked(row: Any, where: str) -> Tuple[str, str, str, Usage]:
    if not isinstance(row, dict) or "request" not in row or "text" not in row:
        raise ValueError(f"{where}: a recorded answer is a JSON object with 'request' and 'text', not {str(row)[:60]!r}.")
    for name in row:
        if name not in _FIELDS:
            raise ValueError(f"{where}: a recorded answer has no field '{name}'; it may have {', '.join(_FIELDS)}.")
    key, text, finish, usage = row["request"], row["text"], row.get("finish", "stop"), row.get("usage", [0, 0])
    if not isinstance(key, str) or len(key) != 64 or set(key) - set("0123456789abcdef"):
        raise ValueError(f"{where}: 'request' must be a SHA-256 in hexadecimal, not {str(key)[:60]!r}.")
    if not isinstance(finish, str):
        raise ValueError(f"{where}: 'finish' must be text, not {str(finish)[:60]!r}.")
    if not isinstance(usage, list) or len(usage) != 2 or any(type(each) is not int or each < 0 for each in usage):
        raise ValueError(f"{where}: 'usage' must be two numbers of tokens, not {str(usage)[:60]!r}.")
    return key, text if isinstance(text, str) else json.dumps(text, ensure_ascii=False), finish, Usage(*usage)
