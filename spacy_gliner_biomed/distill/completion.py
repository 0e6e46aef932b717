"""The one door to a model: requests in, completions out in the same order, through the cache, with one retry on bad output."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import replace
from typing import Callable, Deque, Dict, Iterable, Iterator, Optional

from .batch_api import read_line
from .cache import AnswerCache, Rejection
from .requests import ChatRequest, Check, Completion, Model


def complete(
    requests: Iterable[ChatRequest],
    model: Model,
    *,
    cache: Optional[AnswerCache] = None,
    check: Optional[Check] = None,
    settled: Optional[Callable[[Completion], None]] = None,
) -> Iterator[Completion]:
    """Have requests answered.

    Nothing is lost: each request has its completion, one without a usable answer has an `error` and is asked again by the
    next run. An answer is in the cache before it is handed on.

    requests (iterable): read as they are needed, `model.window` ahead.
    model (Model): who answers.
    cache (Optional[AnswerCache]): where answers are looked for and kept.
    check (Optional[callable]): says what is wrong with an answer, or "". A bad one is asked for once more, with the reason;
        a second bad one is an error.
    settled (Optional[callable]): is told of each completion when it is there, in any order and from any thread; of a
        request that came twice once.
    YIELDS (Completion): in the order of the requests. `request` is what was asked first, `usage` the sum of both tries.
    RAISES (ValueError, OSError): what ends the whole run, as a key that the server doesn't know.
    """
    waiting: Deque[_Asking] = deque()
    on_the_way: Dict[str, _Asking] = {}

    def next_completion() -> Completion:
        asking = waiting.popleft()
        while not asking.future.done():
            model.wait(asking.future)
        if on_the_way.get(asking.key) is asking:
            del on_the_way[asking.key]
            return asking.future.result()
        return replace(asking.future.result(), cached=True)

    for request in requests:
        key = request.key
        if key not in on_the_way:  # the same request twice is asked once
            on_the_way[key] = _Asking(request, key, model, cache, check, settled)
        waiting.append(on_the_way[key])
        while waiting and (waiting[0].future.done() or len(waiting) >= max(model.window, 1)):
            yield next_completion()
    while waiting:
        yield next_completion()


class _Asking:
    """One request on its way: looked up, asked, checked, asked again, kept."""

    def __init__(
        self,
        request: ChatRequest,
        key: str,
        model: Model,
        cache: Optional[AnswerCache],
        check: Optional[Check],
        settled: Optional[Callable[[Completion], None]],
    ) -> None:
        self.future: Future[Completion] = Future()
        self.key = key
        self._request, self._model, self._cache, self._check, self._settled = request, model, cache, check, settled
        self._first: Optional[Rejection] = None
        self._asked = key  # of the request that is under way
        known = cache.get(request, key) if cache else None
        # A check that has become stricter, or a file that somebody has changed: such an answer is asked for again
        if known is not None and not (check and check(known)):
            self._settle(known)
            return
        self._first = cache.rejection(key) if cache else None
        self._ask()

    def _ask(self) -> None:
        request = self._request.asked_again(self._first.reason) if self._first else self._request
        self._asked = request.key
        (self._arrived(request) or self._model.submit(request)).add_done_callback(self._receive)

    def _arrived(self, request: ChatRequest) -> Optional[Future[Completion]]:
        """The answer that a batch of an earlier run has brought and nobody has judged, whoever is asked now; None for an error."""
        line = self._cache.arrived(self._asked) if self._cache else None
        if line is None or (answer := read_line(request, line)).error:
            return None
        future: Future[Completion] = Future()
        future.set_result(answer)
        return future

    def _receive(self, future: Future[Completion]) -> None:
        """Runs where the answer arrives; an exception that left it would be lost with that thread."""
        try:
            self._judge(future.result())
        except BaseException as error:
            self.future.set_exception(error)

    def _judge(self, answer: Completion) -> None:
        reason = "" if answer.error else (self._check(answer) if self._check else "")
        if reason and not self._first:
            self._first = Rejection(reason, answer.usage)
            if self._cache:
                self._cache.reject(self.key, *self._first)
            self._ask()
            return
        usage, tries = answer.usage, 1
        if self._first:
            usage, tries = usage + self._first.usage, 2
        answer = replace(answer, request=self._request, usage=usage, tries=tries)
        if reason:
            answer = replace(answer, error=f"two answers could not be used, the second because {reason}")
        if self._cache and not answer.error:
            self._cache.put(self.key, answer, self._asked)
        elif self._cache:
            self._cache.fail(self.key, answer.error, usage, self._asked, keep_first=not reason)
        self._settle(answer)

    def _settle(self, answer: Completion) -> None:
        if self._settled:
            self._settled(answer)
        self.future.set_result(answer)
