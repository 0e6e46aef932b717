"""A provider's batch API: requests go there as files and come back within a day, at half the price (OpenAI API reference, "Batch").

A batch is noted in the cache before it is sent, under a tag that the provider keeps with it, so that a run that is killed at
any moment finds its batches again: it waits for them and sends none of their requests a second time. What a batch has
brought is in the cache before it is judged, where `completion.complete` finds it.
"""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import Future
from typing import Any, Callable, Dict, Iterable, Iterator, List, Literal, Optional, Tuple

from .cache import AnswerCache, OpenBatch
from .client import ServerRefusal, ServerSettings, is_broken_connection, openai_client, read_completion, way_to_give_up
from .keys import hide_key, without_key
from .requests import ChatRequest, Completion

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
MOST_REQUESTS = 50_000
MOST_BYTES = 190_000_000  # of a file; the provider's limit is 200 MB
TAG = "spacy_gliner_biomed"
_OVER = ("completed", "failed", "expired", "cancelled")


class BatchServer:
    """A model behind a batch API. It may stand wherever a `Server` may.

    settings (ServerSettings): address and key; the limits don't apply.
    cache (AnswerCache): keeps the batches.
    poll (float): seconds between two looks at a batch.
    most_requests, most_bytes (int): of a file.
    sleep (callable): lets time pass.
    report (callable): is told in a sentence when a batch is sent or done.
    RAISES (ImportError): without the extra; ValueError without a key.
    """

    def __init__(
        self,
        settings: ServerSettings,
        cache: AnswerCache,
        *,
        poll: float = 30.0,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        report: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.settings, self.window = settings, most_requests
        self._client = openai_client(settings)
        self._cache, self._poll, self._sleep, self._report = cache, poll, sleep, report
        self._most_requests, self._most_bytes = most_requests, most_bytes
        self._gathered: Dict[str, Tuple[ChatRequest, Future[Completion]]] = {}
        self._sent: Dict[str, Tuple[ChatRequest, Future[Completion]]] = {}
        self._batches = [batch for batch in map(self._found_again, cache.open_batches()) if batch]

    def __enter__(self) -> BatchServer:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def submit(self, request: ChatRequest) -> Future[Completion]:
        """Take a request: it waits for a batch that was sent, or goes into the next.

        RETURNS (Future): of its completion; `wait` brings it.
        """
        future: Future[Completion] = Future()
        key = request.key
        if any(key in batch.keys for batch in self._batches):
            self._sent[key] = request, future
        else:
            self._gathered[key] = request, future
        return future

    def wait(self, future: Future[Completion]) -> None:
        """Send what was gathered, and wait until a batch is over; not for one of which this run asks nothing."""
        if self._gathered:
            self._send()
        if future.done():
            return
        for batch in self._batches:
            if any(key in self._sent for key in batch.keys):
                self._wait_for(batch)
                return
        raise RuntimeError("A request is neither in a batch nor gathered for one.")

    def _send(self) -> None:
        gathered, self._gathered = self._gathered, {}
        for entries in self._files(gathered):
            keys = [key for key, _ in entries]
            tag = hashlib.sha256("".join(sorted(keys)).encode()).hexdigest()[:16] + f"-{time.time_ns():x}"
            self._cache.note_batch(OpenBatch(tag, "", keys))
            made = self._create(tag, b"".join(line for _, line in entries))
            batch = OpenBatch(tag, made.id, keys)
            self._cache.note_batch(batch)
            self._batches.append(batch)
            self._report(f"Sent {len(keys):,} requests as batch {made.id}.")
            self._sent.update((key, gathered[key]) for key in keys)

    def _create(self, tag: str, data: bytes) -> Any:
        """Upload a file and start its batch. A try whose answer was lost may have started it: it is looked for first."""
        uploaded = self._call(lambda: self._client.files.create(file=("requests.jsonl", data), purpose="batch"))
        lost = False

        def create() -> Any:
            nonlocal lost
            if lost and (made := self._with_tag(tag)) is not None:
                return made
            lost = True
            return self._client.batches.create(
                input_file_id=uploaded.id, endpoint=ENDPOINT, completion_window="24h", metadata={TAG: tag}
            )

        return self._call(create)

    def _with_tag(self, tag: str) -> Any:
        """The provider's batch that has our tag, or None."""
        seen = set()
        for made in self._client.batches.list(limit=100):
            if (made.metadata or {}).get(TAG) == tag:
                return made
            if made.id in seen:  # a gateway that knows no pages gives the first one again and again
                break
            seen.add(made.id)
        return None

    def _files(self, gathered: Dict[str, Tuple[ChatRequest, Future[Completion]]]) -> Iterator[List[Tuple[str, bytes]]]:
        """Requests as lines of files that the provider takes."""
        entries: List[Tuple[str, bytes]] = []
        size = 0
        for key, (request, _) in gathered.items():
            row = {"custom_id": key, "method": "POST", "url": ENDPOINT, "body": request.body()}
            line = json.dumps(row).encode("ascii") + b"\n"
            if entries and (len(entries) == self._most_requests or size + len(line) > self._most_bytes):
                yield entries
                entries, size = [], 0
            entries.append((key, line))
            size += len(line)
        if entries:
            yield entries

    def _wait_for(self, batch: OpenBatch) -> None:
        state = self._call(lambda: self._client.batches.retrieve(batch.id), batch)
        while state.status not in _OVER:
            self._sleep(self._poll)
            state = self._call(lambda: self._client.batches.retrieve(batch.id), batch)
        gone: List[str] = []
        files = [each for each in (state.output_file_id, state.error_file_id) if each]
        wanted = set(batch.keys)
        self._call(  # all or nothing, so that it can be tried again
            lambda: self._cache.fetched_batch(
                batch.tag, (pair for file in files for pair in self._lines(file, gone) if pair[0] in wanted)
            )
        )
        self._batches.remove(batch)
        self._report(f"Batch {batch.id} is {state.status}.")
        reason = _reason(state, gone, self._client.api_key)
        for key in batch.keys:
            if key in self._sent:
                request, future = self._sent.pop(key)
                line = self._cache.arrived(key)
                future.set_result(read_line(request, line) if line is not None else Completion(request, error=reason))

    def _lines(self, file: str, gone: List[str]) -> Iterator[Tuple[str, str]]:
        """The lines of a provider's file, with their requests' keys; a file that the provider no longer has goes into `gone`."""
        import openai

        try:
            with self._client.files.with_streaming_response.content(file) as response:
                for data in _split_lines(response.iter_bytes(), self.settings.most_bytes):
                    try:
                        row = json.loads(data)
                        key = row["custom_id"]
                    except (ValueError, KeyError, TypeError, RecursionError):
                        continue  # its request is then without an answer, and asked again by the next run
                    if isinstance(key, str):
                        yield key, hide_key(data.decode("utf-8"), self._client.api_key)
        except openai.NotFoundError:
            gone.append(file)

    def _found_again(self, batch: OpenBatch) -> Optional[OpenBatch]:
        """A batch of an earlier run, with the provider's name for it; None for one that never got there."""
        if batch.id:
            return batch
        made = self._call(lambda: self._with_tag(batch.tag))
        if made is None:
            self._cache.forget_batch(batch.tag)
            return None
        found = OpenBatch(batch.tag, made.id, batch.keys)
        self._cache.note_batch(found)
        return found

    def _call(self, function: Callable[[], Any], batch: Optional[OpenBatch] = None) -> Any:
        """Call the API, about a batch or not; what may pass is tried again.

        RAISES (ServerRefusal): where it doesn't, in one sentence.
        """
        import openai

        for number in range(self.settings.tries):
            try:
                return function()
            except openai.APIStatusError as error:
                if error.status_code < 500 and error.status_code not in (408, 409, 429):
                    words = without_key(str(error.message), self._client.api_key)
                    if batch and error.status_code == 404:
                        raise ServerRefusal(
                            f"The batch API doesn't know batch {batch.id}, for which the cache '{self._cache.path}' waits: {words} "
                            f"(use the address and the key that it was sent with, or {way_to_give_up(batch.id, self._cache)})."
                        ) from None
                    raise ServerRefusal(f"The batch API answers {error.status_code}: {words}.") from None
                reason = f"it answers {error.status_code}"
            except Exception as error:
                if not is_broken_connection(error):
                    raise
                reason = f"the connection failed ({type(error.__cause__ or error).__name__})"
            self._sleep(min(self.settings.wait * 2**number, self.settings.longest_wait))
        raise ServerRefusal(f"The batch API can't be reached, after {self.settings.tries} tries: {reason}; run it again later.")


def read_line(request: ChatRequest, line: str) -> Completion:
    """Read what a batch has brought for a request.

    request (ChatRequest): what was asked.
    line (str): of the provider's file.
    RETURNS (Completion): the answer, or the error that stands in its place.
    """
    row = json.loads(line)
    response = row.get("response")
    if not isinstance(response, dict):  # a gateway's own words
        response = {"body": response}
    status = response.get("status_code")
    if status == 200:
        try:
            return read_completion(request, json.dumps(response.get("body")).encode())
        except Exception as error:
            return Completion(request, error=f"the batch brought no chat completion ({str(error)[:100]})")
    words = " ".join(str(row.get("error") or response.get("body")).split())[:200]
    return Completion(request, error=f"the batch brought an error ({status}: {words})")


def _split_lines(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The lines of a stream, without those longer than `most` bytes, of which no more than that is held."""
    kept, too_long = bytearray(), False
    for chunk in chunks:
        for number, piece in enumerate(chunk.split(b"\n")):
            if number:
                if kept and not too_long:
                    yield bytes(kept)
                kept, too_long = bytearray(), False
            kept += piece
            if len(kept) > most:
                kept, too_long = bytearray(), True
    if kept and not too_long:
        yield bytes(kept)


def _reason(state: Any, gone: List[str], key: str) -> str:
    words = [f"the provider no longer has its file {file}" for file in gone]
    words += [without_key(str(error.message), key) for error in (state.errors.data if state.errors and state.errors.data else [])]
    return f"the batch {state.id} is {state.status} and brought no answer" + (f" ({words[0]})" if words else "")
