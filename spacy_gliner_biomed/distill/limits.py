"""How fast a server may be asked: so many requests and tokens a minute, and as many at a time as it bears.

The limits are those that providers state. A request counts with all the tokens that it may take, as providers count it, until
the answer says what it took. The number at a time adapts as TCP does (additive increase, multiplicative decrease), which is
how Data Designer treats 429.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Callable, Deque, List, Optional

MINUTE = 60.0
MARGIN = 1.01  # a request may reach the server a little later than it was sent, and the next one a little sooner


class Stopped(Exception):
    """The run is over: nobody waits for this request any more."""


class RateLimit:
    """Requests and tokens in any stretch of a minute. Threads wait in it until it is their turn.

    requests (Optional[int]): a minute; None for no limit.
    tokens (Optional[int]): a minute, those read and those written; None for no limit.
    minute (float): its seconds.
    clock, sleep (callable): the time, and how to let it pass.
    RAISES (ValueError): for a limit below 1.
    """

    def __init__(
        self,
        requests: Optional[int] = None,
        tokens: Optional[int] = None,
        *,
        minute: float = MINUTE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        for name, limit in (("requests", requests), ("tokens", tokens)):
            if limit is not None and limit < 1:
                raise ValueError(f"A limit of {limit} {name} a minute lets nothing through; use 1 or more, or none.")
        self._requests, self._most_tokens = requests, tokens
        self._minute = minute * MARGIN
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._sent: Deque[List[float]] = deque()  # [time, tokens]
        self._tokens = 0.0  # of all that were sent within the last minute

    def acquire(self, tokens: int, stopped: Callable[[], bool] = lambda: False) -> List[float]:
        """Wait for one's turn.

        tokens (int): what the request may take at most.
        stopped (callable): says whether to give up.
        RETURNS (list): a ticket for `settle`.
        RAISES (ValueError): where it takes more than a whole minute's tokens.
        RAISES (Stopped): where `stopped` says so.
        """
        if self._most_tokens is not None and tokens > self._most_tokens:
            raise ValueError(
                f"A request of up to {tokens:,} tokens never fits into {self._most_tokens:,} tokens a minute; raise the limit, or "
                "allow shorter answers or smaller parts."
            )
        while True:
            with self._lock:
                now = self._clock()
                wait = self._wait(now, tokens)
                if wait <= 0:
                    ticket = [now, float(tokens)]
                    self._sent.append(ticket)
                    self._tokens += tokens
                    return ticket
            if stopped():
                raise Stopped
            self._sleep(min(wait, 0.5))

    def settle(self, ticket: List[float], tokens: int) -> None:
        """Say what a request has taken; 0 where the server doesn't count leaves the estimate."""
        if tokens:
            with self._lock:
                if any(each is ticket for each in self._sent):
                    self._tokens += tokens - ticket[1]
                ticket[1] = float(tokens)

    def _wait(self, now: float, tokens: int) -> float:
        """Seconds until a request of so many tokens may go, as far as is known now; 0 for at once."""
        while self._sent and self._sent[0][0] + self._minute <= now:
            self._tokens -= self._sent.popleft()[1]
        wait = 0.0
        if self._requests is not None and len(self._sent) >= self._requests:
            wait = self._sent[len(self._sent) - self._requests][0] + self._minute - now
        if self._most_tokens is not None and self._tokens + tokens > self._most_tokens:
            left = self._tokens
            for sent, taken in self._sent:
                left -= taken
                if left + tokens <= self._most_tokens:
                    return max(wait, sent + self._minute - now)
        return wait


class AdaptiveConcurrency:
    """How many requests are under way: one more after each round of successes, half as many when the server has had enough.

    most (int): never more than this many, and as many as that to begin with.
    clock, sleep (callable): the time, and how to let it pass.
    RAISES (ValueError): where it is below 1.
    """

    def __init__(
        self, most: int, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if most < 1:
            raise ValueError(f"{most} requests at a time are none; use 1 or more.")
        self._most = most
        self._limit = float(most)
        self._under_way = 0
        self._cut = float("-inf")
        self._not_before = float("-inf")
        self._clock, self._sleep = clock, sleep
        self._condition = threading.Condition()

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        return int(self._limit)

    def acquire(self, stopped: Callable[[], bool] = lambda: False) -> float:
        """Wait until one more may be under way, and until a pause that the server asked for is over.

        RETURNS (float): when it started, for `release`.
        RAISES (Stopped): where `stopped` says so.
        """
        while True:
            with self._condition:
                now = self._clock()
                pause = self._not_before - now
                if pause <= 0 and self._under_way < int(self._limit):
                    self._under_way += 1
                    return now
                if pause <= 0:
                    self._condition.wait(0.5)
            if stopped():
                raise Stopped
            if pause > 0:
                self._sleep(min(pause, 0.5))

    def release(self, started: float, overloaded: bool = False, pause: float = 0.0) -> None:
        """Say how a request ended.

        started (float): as `acquire` gave it.
        overloaded (bool): the server has had enough (429, 503).
        pause (float): seconds for which it wants to hear nothing.
        """
        with self._condition:
            self._under_way -= 1
            now = self._clock()
            if not overloaded:
                self._limit = min(self._limit + 1 / self._limit, float(self._most))
            elif started > self._cut:  # those that were under way at the last cut say nothing new
                self._limit = max(1.0, self._limit / 2)
                self._cut = now
            self._not_before = max(self._not_before, now + pause)
            self._condition.notify_all()
