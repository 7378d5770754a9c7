"""The breaker's own rules, on a clock that the test moves."""

from __future__ import annotations

import threading

import pytest

from tools.bounded_calls import BoundedCalls, Busy
from tools.breaker import Breaker
from tools.clock import ManualClock


def opened(clock: ManualClock) -> Breaker:
    breaker = Breaker(clock, failures=3, open_seconds=60)
    for _ in range(3):
        assert breaker.refusal() == ""
        breaker.failed("it fails")
    return breaker


def test_failures_in_a_row_open_it() -> None:
    """And it says until when, and why."""
    breaker = opened(ManualClock())
    assert breaker.refusal() == "not asked until 12:01:00 UTC after 3 failures: it fails"
    assert breaker.open_because == "it fails"


def test_a_success_between_failures_keeps_it_closed() -> None:
    """Only failures in a row count."""
    breaker = Breaker(ManualClock(), failures=2)
    for _ in range(5):
        breaker.failed("now and then")
        breaker.succeeded()
    assert breaker.refusal() == ""


def test_one_trial_passes_and_decides() -> None:
    """In a storm one question at a time finds out; looking at it takes no trial away."""
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(60)
    assert breaker.open_because == "it fails"
    assert [bool(breaker.refusal()) for _ in range(3)] == [False, True, True]
    breaker.failed("still")
    assert "still" in breaker.refusal()
    clock.advance(60)
    assert breaker.refusal() == ""
    breaker.succeeded()
    assert breaker.refusal() == breaker.open_because == ""


def test_a_call_returns_or_raises_as_it_is() -> None:
    """From its own thread."""
    calls = BoundedCalls("test", 1)
    assert calls.run(lambda: threading.current_thread().name, 5, patience=1) == "test"
    with pytest.raises(ZeroDivisionError):
        calls.run(lambda: 1 / 0, 5, patience=1)


def test_a_call_without_end_is_given_up_on_and_keeps_its_place() -> None:
    """Until it ends."""
    release = threading.Event()
    calls = BoundedCalls("test", 1)
    with pytest.raises(TimeoutError):
        calls.run(lambda: release.wait(30), 0.01, patience=1)
    with pytest.raises(Busy):
        calls.run(lambda: None, 1, patience=0.01)
    release.set()
    assert calls.run(lambda: "in", 5, patience=5) == "in"
