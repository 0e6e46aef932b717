"""The door: order, retries, resumption, and how far ahead it reads."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Dict, Iterator, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.cache import AnswerCache
from spacy_gliner_biomed.distill.completion import complete
from spacy_gliner_biomed.distill.requests import ChatRequest, Completion, Usage
from tests.distill.asking import request


class Scripted:
    """A model that gathers requests and answers them, in any order, when it is waited for.

    `script` says for a text what its answers are, one after the other: words, or "!" and an error.
    """

    def __init__(self, script: Dict[str, List[str]], window: int = 4) -> None:
        self.script = {text: list(answers) for text, answers in script.items()}
        self.window = window
        self.asked: List[str] = []
        self._waiting: List[tuple] = []

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to release."""

    def submit(self, asked: ChatRequest) -> Future[Completion]:
        """Put it with the others."""
        self._waiting.append((asked, future := Future()))
        return future

    def wait(self, future: Future[Completion]) -> None:
        """The last comes first."""
        waiting, self._waiting = self._waiting, []
        for asked, each in reversed(waiting):
            content = asked.messages[-1].content
            text = content.split("\n")[1]
            self.asked.append(content)
            answer = self.script[text].pop(0) if self.script.get(text) else text.upper()
            error = answer[1:] if answer.startswith("!") else ""
            each.set_result(Completion(asked, "" if error else answer, usage=Usage(10, 1), error=error))


def no_bad(completion: Completion) -> str:
    """A check: "bad" is bad."""
    return "it is bad" if completion.text == "bad" else ""


def test_answers_come_in_order_whatever_comes_first(tmp_path: Path) -> None:
    """And all of them."""
    texts = [f"t{n}" for n in range(11)]
    with AnswerCache(tmp_path / "cache") as cache:
        got = list(complete(map(request, texts), Scripted({}), cache=cache))
        assert [answer.text for answer in got] == [text.upper() for text in texts]
        again = list(complete(map(request, texts), model := Scripted({}), cache=cache))
    assert [answer.text for answer in again] == [answer.text for answer in got] and not model.asked
    assert all(answer.cached for answer in again)


def test_requests_are_read_no_further_ahead_than_the_window() -> None:
    """So that memory does not grow with a run."""
    read = 0

    def requests() -> Iterator[ChatRequest]:
        nonlocal read
        for number in range(60):
            read += 1
            yield request(f"t{number}")

    for done, _ in enumerate(complete(requests(), Scripted({}, window=4))):
        assert read - done <= 4


def test_bad_output_is_asked_for_once_more_with_the_reason(tmp_path: Path) -> None:
    """The answer counts for the request as it was first asked, with the price of both."""
    model = Scripted({"a": ["bad", "good"]})
    with AnswerCache(tmp_path / "cache") as cache:
        (answer,) = complete([request("a")], model, cache=cache, check=no_bad)
        assert (answer.text, answer.tries, answer.usage, answer.request) == ("good", 2, Usage(20, 2), request("a"))
        assert "could not be used: it is bad." in model.asked[1]
        (answer,) = complete([request("a")], Scripted({}), cache=cache, check=no_bad)
        assert answer.cached and answer.text == "good" and answer.usage == Usage(20, 2)


def test_a_second_bad_output_is_a_failure_that_the_next_run_asks_afresh(tmp_path: Path) -> None:
    """Bug 7 of the seed: what could not be read was taken as done."""
    with AnswerCache(tmp_path / "cache") as cache:
        (answer,) = complete([request("a")], Scripted({"a": ["bad", "bad"]}), cache=cache, check=no_bad)
        assert "two answers could not be used, the second because it is bad" in answer.error
        assert cache.statistics()["failures"] == 1
        (answer,) = complete([request("a")], model := Scripted({"a": ["good"]}), cache=cache, check=no_bad)
        assert answer.text == "good" and answer.usage == Usage(10, 1) and "could not be used" not in model.asked[0]
        assert cache.statistics()["failures"] == 0


def test_a_second_try_that_never_came_is_made_up_for(tmp_path: Path) -> None:
    """The first answer was paid for: the next run goes on with the second try."""
    with AnswerCache(tmp_path / "cache") as cache:
        (answer,) = complete([request("a")], Scripted({"a": ["bad", "!gone"]}), cache=cache, check=no_bad)
        assert answer.error == "gone"
        (answer,) = complete([request("a")], model := Scripted({"a": ["good"]}), cache=cache, check=no_bad)
    assert answer.text == "good" and answer.tries == 2 and "could not be used: it is bad" in model.asked[0]


def test_an_answer_that_a_stricter_check_refuses_is_asked_for_again(tmp_path: Path) -> None:
    """It is not handed on as an answer that can be used."""
    with AnswerCache(tmp_path / "cache") as cache:
        list(complete([request("a")], Scripted({"a": ["bad"]}), cache=cache))
        (answer,) = complete([request("a")], Scripted({"a": ["good"]}), cache=cache, check=no_bad)
    assert answer.text == "good" and not answer.cached


def test_an_error_in_a_check_reaches_the_caller(tmp_path: Path) -> None:
    """It arises where the answer arrives, in whatever thread; it is not lost there."""

    def broken(completion: Completion) -> str:
        raise ArithmeticError("no")

    with AnswerCache(tmp_path / "cache") as cache, pytest.raises(ArithmeticError):
        list(complete([request("a")], Scripted({}), cache=cache, check=broken))


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "bad", "!gone"])), max_size=12), st.integers(1, 5))
def test_nothing_is_lost_and_nothing_that_is_known_is_asked(
    tmp_path_factory: pytest.TempPathFactory, script: list, window: int
) -> None:
    """Runs go on until all is answered; then nobody is asked any more."""
    answers: Dict[str, List[str]] = {}
    for text, answer in script:
        if answer:
            answers.setdefault(text, []).append(answer)
    model = Scripted(answers, window)
    texts = [text for text, _ in script]
    with AnswerCache(tmp_path_factory.mktemp("cache") / "c.sqlite") as cache:
        for _ in range(13):
            got = list(complete(map(request, texts), model, cache=cache, check=no_bad))
            assert [answer.request for answer in got] == [request(text) for text in texts]
            if not any(answer.error for answer in got):
                break
        assert [answer.text for answer in got] == [text.upper() for text in texts]
        asked = len(model.asked)
        list(complete(map(request, texts), model, cache=cache, check=no_bad))
    assert len(model.asked) == asked
