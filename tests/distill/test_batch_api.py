"""The batch API: one file there, one file back, and a kill at any moment sends nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import pytest

from spacy_gliner_biomed.distill.annotation import annotate
from spacy_gliner_biomed.distill.batch_api import BatchServer, _split_lines, read_line
from spacy_gliner_biomed.distill.cache import AnswerCache, OpenBatch
from spacy_gliner_biomed.distill.client import Server
from spacy_gliner_biomed.distill.completion import complete
from spacy_gliner_biomed.distill.repair import wrong_with
from tests.distill.asking import passages, quick, request, teacher
from tests.distill.chat_server import ChatServer

TEXTS = [f"Text {n} about Aspirin." for n in range(5)] + ["Half [half json] Text.", "Wrong [wrong] Text."]


class Killed(BaseException):
    """As if the process had ended."""


def batched(url: str, cache: AnswerCache, **settings: Any) -> BatchServer:
    """RETURNS (BatchServer): that doesn't wait."""
    return BatchServer(quick(url), cache, poll=0, sleep=lambda seconds: None, **settings)


def test_a_batch_brings_what_single_requests_bring(server: ChatServer, tmp_path: Path) -> None:
    """In the order of the passages, though the file comes back in another; bad output is asked for in a second batch."""
    made = teacher()
    sentences: List[str] = []
    with AnswerCache(tmp_path / "a") as cache, batched(server.url, cache, report=sentences.append) as model:
        report = annotate(passages(*TEXTS), made, model, tmp_path / "batch.jsonl", cache=cache)
    with AnswerCache(tmp_path / "b") as cache, Server(quick(server.url), made.tokens) as single:
        annotate(passages(*TEXTS), made, single, tmp_path / "single.jsonl", cache=cache)
    assert (tmp_path / "batch.jsonl").read_bytes() == (tmp_path / "single.jsonl").read_bytes()
    assert report.second_tries == 1 and len(server.batches) == 2
    assert sentences[0] == "Sent 7 requests as batch batch-0." and len(sentences) == 4


def test_files_are_as_large_as_the_provider_takes(server: ChatServer, tmp_path: Path) -> None:
    """By requests and by bytes."""
    with AnswerCache(tmp_path / "a") as cache:
        with batched(server.url, cache, most_requests=3) as model:
            assert len(list(complete(map(request, TEXTS[:5]), model, cache=cache))) == 5
        assert len(server.batches) == 2
        with batched(server.url, cache, most_bytes=500) as model:
            assert len(list(complete((request(f"New {n}.") for n in range(4)), model, cache=cache))) == 4
    assert all(len(data) < 500 for data in list(server.files.values())[-3:]) and len(server.batches) > 3


@pytest.mark.parametrize("text", ["Refused [refused] Text.", "Lost [lost] Text."])
def test_what_a_batch_does_not_answer_is_asked_again_by_the_next_run(server: ChatServer, tmp_path: Path, text: str) -> None:
    """A line in the error file, or none at all."""
    with AnswerCache(tmp_path / "a") as cache:
        with batched(server.url, cache) as model:
            answers = list(complete(map(request, ["Good Text.", text]), model, cache=cache))
        assert not answers[0].error and "batch" in answers[1].error
        server.faults = False
        with batched(server.url, cache) as model:
            answers = list(complete(map(request, ["Good Text.", text]), model, cache=cache))
    assert answers[0].cached and not answers[1].error


def test_a_kill_at_any_moment_sends_nothing_twice(server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before or after each call to the provider, and each write to the cache."""
    countdown: List[Optional[int]] = [None]

    def tick() -> None:
        if countdown[0] is not None:
            countdown[0] -= 1
            if countdown[0] < 0:
                raise Killed

    def killing(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            tick()
            result = function(*arguments, **keywords)
            tick()
            return result

        return call

    for owner, name in [(BatchServer, "_call"), *((AnswerCache, n) for n in ("note_batch", "fetched_batch", "put", "reject"))]:
        monkeypatch.setattr(owner, name, killing(getattr(owner, name)))
    texts = TEXTS[4:]
    for moment in range(60):
        server.batches.clear()
        server.paid.clear()
        with AnswerCache(tmp_path / f"{moment}.sqlite") as cache:
            countdown[0] = moment
            finished = True
            try:
                with batched(server.url, cache) as model:
                    list(complete(map(request, texts), model, cache=cache, check=wrong_with))
            except Killed:
                finished = False
            countdown[0] = None
            with batched(server.url, cache) as model:
                answers = list(complete(map(request, texts), model, cache=cache, check=wrong_with))
        assert [answer.request for answer in answers] == [request(text) for text in texts]
        assert [answer.error for answer in answers if answer.error] == [], f"killed at moment {moment}"
        assert set(server.paid.values()) == {1}, f"killed at moment {moment}"
        if finished:
            break
    assert finished and moment > 10


def test_lines_are_split_whatever_the_pieces_and_none_fills_the_memory() -> None:
    """A line that is too long is left out; its request is asked again."""
    data = b"one\n\ntwo\n" + b"x" * 1000 + b"\nthree"
    for size in (1, 2, 3, 7, 2000):
        pieces = [data[place : place + size] for place in range(0, len(data), size)]
        assert list(_split_lines(pieces, 50)) == [b"one", b"two", b"three"]


def test_a_batch_api_that_refuses_says_why(server: ChatServer, tmp_path: Path) -> None:
    """In one sentence, without the key."""
    server.status = 401
    with AnswerCache(tmp_path / "a") as cache, batched(server.url, cache) as model:
        with pytest.raises(ValueError, match=r"The batch API answers 401: .*Bearer \*\*\*"):
            list(complete([request("A.")], model, cache=cache))


def test_what_a_batch_has_brought_is_not_asked_of_the_server(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a run was killed between the fetching and the judging, and the next one goes on without the batch API."""
    fetched = AnswerCache.fetched_batch

    def killed(*arguments: Any) -> None:
        fetched(*arguments)
        raise Killed

    monkeypatch.setattr(AnswerCache, "fetched_batch", killed)
    with AnswerCache(tmp_path / "a") as cache:
        with batched(server.url, cache) as model, pytest.raises(Killed):
            list(complete(map(request, TEXTS), model, cache=cache, check=wrong_with))
        with Server(quick(server.url)) as single:
            answers = list(complete(map(request, TEXTS), single, cache=cache, check=wrong_with))
    assert not any(answer.error for answer in answers)
    assert len(server.bodies) == 1  # the second try of the bad one


def test_a_batch_whose_file_is_gone_is_closed(server: ChatServer, tmp_path: Path) -> None:
    """Its requests fail with that reason, and the next run asks for them."""

    class Forgetful(Dict[str, bytes]):
        def __setitem__(self, name: str, data: bytes) -> None:
            if not name.startswith("batch-"):
                super().__setitem__(name, data)

    server.files = Forgetful()
    with AnswerCache(tmp_path / "a") as cache:
        with batched(server.url, cache) as model:
            (answer,) = complete([request("A.")], model, cache=cache)
        assert answer.error.startswith("the batch batch-0 is completed and brought no answer (the provider no longer has its file")
        assert cache.open_batches() == []


def test_a_batch_that_the_provider_does_not_know_is_named_with_the_way_out(server: ChatServer, tmp_path: Path) -> None:
    """It may be another provider's. Requests that it doesn't hold go on without it, with the batch API and without."""
    with AnswerCache(tmp_path / "a") as cache:
        cache.note_batch(OpenBatch("tag", "batch-7", [request("A.").key]))
        with batched(server.url, cache) as model, pytest.raises(ValueError, match="know batch batch-7.*forget-batch .*batch-7"):
            list(complete([request("A.")], model, cache=cache))
        with batched(server.url, cache) as model:
            assert not next(complete([request("B.")], model, cache=cache)).error
        with Server(quick(server.url), cache=cache) as single, pytest.raises(ValueError, match="waits for batch batch-7"):
            list(complete(map(request, ["C.", "A."]), single, cache=cache))
        with Server(quick(server.url), cache=cache) as single:
            assert next(complete([request("C.")], single, cache=cache)).error == ""
        cache.forget_batch("tag")
        with batched(server.url, cache) as model:
            assert not next(complete([request("A.")], model, cache=cache)).error


@pytest.mark.parametrize("response", ["bad gateway", ["x"], {"status_code": 200, "body": "x"}, None])
def test_a_line_of_any_form_is_an_error_and_nothing_worse(response: Any) -> None:
    """A gateway may write what it likes."""
    assert "the batch brought" in read_line(request("A."), json.dumps({"custom_id": "k", "response": response})).error


def test_the_key_is_in_nothing_that_a_batch_brings(server: ChatServer, tmp_path: Path) -> None:
    """Though the provider shouts it back."""
    with AnswerCache(tmp_path / "a") as cache, batched(server.url, cache) as model:
        (answer,) = complete([request("Text [refused].")], model, cache=cache)
    assert "too long for Bearer ***" in answer.error
