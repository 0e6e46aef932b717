"""Limits, on a clock of their own."""

from __future__ import annotations

import threading
from typing import List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distill.limits import AdaptiveConcurrency, RateLimit, Stopped


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.now += max(seconds, 1e-6)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0, 30), st.integers(0, 50)), max_size=40),
    st.none() | st.integers(1, 5),
    st.none() | st.integers(50, 120),
)
def test_no_minute_ever_holds_more_than_the_limits(
    asked: List[Tuple[int, float, int]], requests: Optional[int], tokens: Optional[int]
) -> None:
    """Whatever comes when; a request counts with what it may take, and afterwards with what it took."""
    clock = Clock()
    limit = RateLimit(requests, tokens, clock=clock, sleep=clock.sleep)
    sent: List[List[float]] = []
    for most, pause, taken in asked:
        clock.now += pause
        ticket = limit.acquire(most)
        sent.append([clock.now, float(most)])
        for start in [entry[0] for entry in sent]:
            minute = [entry for entry in sent if start <= entry[0] < start + 60]
            assert requests is None or len(minute) <= requests
            assert tokens is None or sum(entry[1] for entry in minute) <= tokens
        limit.settle(ticket, min(taken, most))
        sent[-1][1] = float(min(taken, most) or most)


def test_without_a_limit_nobody_waits() -> None:
    """And within one neither."""
    clock = Clock()
    for limit in (RateLimit(clock=clock, sleep=clock.sleep), RateLimit(3, 300, clock=clock, sleep=clock.sleep)):
        for _ in range(3):
            limit.acquire(100)
    assert clock.now == 0


def test_a_request_that_never_fits_is_said_to(  # rather than waited for
) -> None:
    """With the way out."""
    with pytest.raises(ValueError, match="up to 500 tokens never fits into 400 tokens a minute; raise the limit"):
        RateLimit(tokens=400).acquire(500)
    with pytest.raises(ValueError, match="limit of 0 requests a minute lets nothing through"):
        RateLimit(requests=0)


def test_waiting_ends_when_the_run_ends() -> None:
    """A worker doesn't hold up the end of the program."""
    limit = RateLimit(1)
    limit.acquire(1)
    with pytest.raises(Stopped):
        limit.acquire(1, lambda: True)
    slots = AdaptiveConcurrency(1)
    slots.acquire()
    with pytest.raises(Stopped):
        slots.acquire(lambda: True)


def test_concurrency_halves_when_the_server_has_had_enough_and_grows_again() -> None:
    """Additive increase, multiplicative decrease; those that were under way together count once."""
    clock = Clock()
    slots = AdaptiveConcurrency(16, clock=clock, sleep=clock.sleep)
    started = [slots.acquire() for _ in range(16)]
    clock.now = 1.0
    for each in started:
        slots.release(each, overloaded=True)
    assert slots.limit == 8
    clock.now = 2.0
    for _ in range(6):
        clock.now += 1
        slots.release(slots.acquire(), overloaded=True)
    assert slots.limit == 1
    for _ in range(1000):
        slots.release(slots.acquire())
    assert slots.limit == 16


def test_nobody_starts_during_a_pause_that_the_server_asked_for() -> None:
    """`Retry-After` holds for all."""
    clock = Clock()
    slots = AdaptiveConcurrency(4, clock=clock, sleep=clock.sleep)
    slots.release(slots.acquire(), overloaded=True, pause=7.0)
    assert slots.acquire() >= 7.0


def test_never_more_under_way_than_allowed() -> None:
    """With real threads."""
    slots, lock = AdaptiveConcurrency(3), threading.Lock()
    counts = {"now": 0, "most": 0}

    def work() -> None:
        for _ in range(20):
            started = slots.acquire()
            with lock:
                counts["now"] += 1
                counts["most"] = max(counts["most"], counts["now"])
            with lock:
                counts["now"] -= 1
            slots.release(started)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts["now"] == 0 and counts["most"] <= 3
