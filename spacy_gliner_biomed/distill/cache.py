"""Every answer that was paid for, under the hash of its full request, in one sqlite file.

An answer is on disk before anybody sees it, so that a killed run pays for nothing twice. Another prompt, model or setting
has another hash and never finds an old answer. A failure is kept for the report only: the next run asks again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from .requests import ChatRequest, Completion, Usage

APPLICATION_ID = 0x676C6463  # says in the file's header that it is such a cache
VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, text BLOB NOT NULL, finish TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, answer_tokens INTEGER NOT NULL, tries INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rejected (
    key TEXT PRIMARY KEY, reason TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, answer_tokens INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (
    key TEXT PRIMARY KEY, reason TEXT NOT NULL, times INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL, answer_tokens INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    tag TEXT PRIMARY KEY, id TEXT NOT NULL, keys BLOB NOT NULL, fetched INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS arrived (key TEXT PRIMARY KEY, line BLOB NOT NULL) WITHOUT ROWID;
"""


class Rejection(NamedTuple):
    """A first answer that could not be used; the request is to be asked again, not from the start.

    reason (str): what was wrong.
    usage (Usage): what it cost.
    """

    reason: str
    usage: Usage


class OpenBatch(NamedTuple):
    """A batch that was sent, or was about to be, and whose answers are not here yet.

    tag (str): our name for it, which the provider keeps with it.
    id (str): the provider's name for it; empty where the run ended before it was known.
    keys (list): of its requests.
    """

    tag: str
    id: str
    keys: List[str]

    @property
    def name(self) -> str:
        """What a person is told: the provider's name for it, or ours where that is not known."""
        return self.id or self.tag


class AnswerCache:
    """The answers of a file; any thread may use it. Use it in a `with` block.

    path (Path): made where it is not there.
    RAISES (ValueError): for a file that is no such cache, or one of a later version.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(self.path, check_same_thread=False, timeout=60, isolation_level=None)
        except sqlite3.Error as error:
            raise ValueError(f"The cache '{self.path}' can't be opened ({error}); name a file that may be written.") from None
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ValueError(f"'{self.path}' is not a cache of answers ({error}); name another file.") from None
        except ValueError:
            self._connection.close()
            raise

    def _open(self) -> None:
        pragmas = ("application_id", "user_version")
        mark, version = (self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas)
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and mark != APPLICATION_ID:
            raise ValueError(f"'{self.path}' is a database of something else; name another file for the cache.")
        if version > VERSION:
            raise ValueError(f"The cache '{self.path}' has version {version}, of a later release; this one reads {VERSION}.")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")  # an answer costs more than a write to the disk
        if not tables:
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
        self._connection.executescript(_TABLES)

    def __enter__(self) -> AnswerCache:
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._connection.close()

    def get(self, request: ChatRequest, key: str) -> Optional[Completion]:
        """RETURNS (Completion): the answer that is known to a request, or None. `key` is the request's."""
        found = self._one("SELECT text, finish, prompt_tokens, answer_tokens, tries FROM answers WHERE key = ?", key)
        if found is None:
            return None
        text, finish, prompt, answer, tries = found
        return Completion(request, unpack(text), finish, Usage(prompt, answer), cached=True, tries=tries)

    def put(self, key: str, completion: Completion, asked: str) -> None:
        """Keep an answer that can be used; with it the request is done, and what was noted about it before goes.

        key (str): of the request as it was first asked.
        completion (Completion): the answer, without an error.
        asked (str): the key of the request that brought it; another one for a second try.
        """
        model = completion.request.settings.model
        row = (key, model, pack(completion.text), completion.finish, *completion.usage, completion.tries)
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            for table in ("rejected", "failures"):
                self._connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
            self._connection.execute("DELETE FROM arrived WHERE key = ?", (asked,))

    def rejection(self, key: str) -> Optional[Rejection]:
        """RETURNS (Rejection): of the first answer to a request, where the second was never asked for; or None."""
        found = self._one("SELECT reason, prompt_tokens, answer_tokens FROM rejected WHERE key = ?", key)
        return None if found is None else Rejection(found[0], Usage(found[1], found[2]))

    def reject(self, key: str, reason: str, usage: Usage) -> None:
        """Note that a first answer was paid for and was no good."""
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO rejected VALUES (?, ?, ?, ?)", (key, reason, *usage))
            self._connection.execute("DELETE FROM arrived WHERE key = ?", (key,))

    def fail(self, key: str, reason: str, usage: Usage, asked: str, keep_first: bool) -> None:
        """Note that a request has no usable answer; the next run asks again.

        key (str): of the request as it was first asked.
        reason (str): why.
        usage (Usage): what was paid, added to what earlier failures of it have cost.
        asked (str): the key of the request that failed; another one for a second try.
        keep_first (bool): no second answer came at all, so that the next run goes on with the second try.
        """
        with self._transaction():
            self._connection.execute(
                "INSERT INTO failures VALUES (?, ?, 1, ?, ?) ON CONFLICT(key) DO UPDATE SET reason = excluded.reason, "
                "times = times + 1, prompt_tokens = prompt_tokens + excluded.prompt_tokens, "
                "answer_tokens = answer_tokens + excluded.answer_tokens",
                (key, reason, *usage),
            )
            self._connection.execute("DELETE FROM arrived WHERE key = ?", (asked,))
            if not keep_first:
                self._connection.execute("DELETE FROM rejected WHERE key = ?", (key,))

    def has_failed(self, key: str) -> bool:
        """RETURNS (bool): whether an earlier run had no usable answer to a request, and none has come since."""
        return self._one("SELECT 1 FROM failures WHERE key = ?", key) is not None

    def has_answers(self, model: str) -> bool:
        """RETURNS (bool): whether there is any answer of a model."""
        return self._one("SELECT 1 FROM answers WHERE model = ? LIMIT 1", model) is not None

    def statistics(self) -> Dict[str, Any]:
        """RETURNS (dict): `answers`, their `prompt_tokens` and `answer_tokens`, and `failures` (requests)."""
        with self._locked():
            row = self._connection.execute("SELECT count(*), total(prompt_tokens), total(answer_tokens) FROM answers").fetchone()
            failures = self._connection.execute("SELECT count(*) FROM failures").fetchone()[0]
        return {"answers": row[0], "prompt_tokens": int(row[1]), "answer_tokens": int(row[2]), "failures": failures}

    def rows(self) -> Iterator[Dict[str, Any]]:
        """YIELDS (dict): every answer, sorted by its key, as a file of recorded answers holds it."""
        last = ""
        while True:
            with self._locked():
                query = "SELECT key, model, text, finish, prompt_tokens, answer_tokens, tries FROM answers"
                rows = self._connection.execute(query + " WHERE key > ? ORDER BY key LIMIT 200", (last,)).fetchall()
            for key, model, text, finish, prompt, answer, tries in rows:
                yield {"request": key, "model": model, "text": unpack(text), "finish": finish, "usage": [prompt, answer],
                       "tries": tries}
                last = key
            if not rows:
                return

    # For the batch API

    def open_batches(self) -> List[OpenBatch]:
        """RETURNS (list): the batches whose answers were not fetched, by their tag."""
        with self._locked():
            rows = self._connection.execute("SELECT tag, id, keys FROM batches WHERE NOT fetched ORDER BY tag").fetchall()
        return [OpenBatch(tag, batch_id, json.loads(unpack(keys))) for tag, batch_id, keys in rows]

    def note_batch(self, batch: OpenBatch) -> None:
        """Keep a batch that is going to be sent, or that was."""
        self._execute("INSERT OR REPLACE INTO batches VALUES (?, ?, ?, 0)", batch.tag, batch.id, pack(json.dumps(batch.keys)))

    def forget_batch(self, tag: str) -> None:
        """Drop a batch that was never sent, or that is given up: its requests are asked anew."""
        self._execute("DELETE FROM batches WHERE tag = ?", tag)

    def fetched_batch(self, tag: str, lines: Iterator[Tuple[str, str]]) -> None:
        """Keep the answers of a batch, all or none, and close it.

        tag (str): its name.
        lines (iterator): (key, line of the provider's file).
        """
        with self._transaction():
            rows = ((key, pack(line)) for key, line in lines)
            self._connection.executemany("INSERT OR REPLACE INTO arrived VALUES (?, ?)", rows)
            self._connection.execute("UPDATE batches SET fetched = 1 WHERE tag = ?", (tag,))

    def arrived(self, key: str) -> Optional[str]:
        """RETURNS (str): the line that a batch has brought for a request and nobody has read yet, or None."""
        found = self._one("SELECT line FROM arrived WHERE key = ?", key)
        return None if found is None else unpack(found[0])

    def _one(self, query: str, *values: Any) -> Optional[Tuple[Any, ...]]:
        with self._locked():
            return self._connection.execute(query, values).fetchone()

    def _execute(self, query: str, *values: Any) -> None:
        with self._locked():
            self._connection.execute(query, values)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One thread at a time. RAISES (OSError): where the database fails, as on a full disk."""
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise OSError(f"The cache '{self.path}' can't be used ({error}); make room, or name another file.") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing."""
        with self._locked():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def pack(text: str) -> bytes:
    """RETURNS (bytes): text, compressed; also text that holds half a surrogate pair, as a model may write it."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpack(data: bytes) -> str:
    """RETURNS (str): what `pack` was given."""
    return zlib.decompress(data).decode("utf-8", "surrogatepass")
