"""The worker's threads: what fails in them is told and comes again, and never takes the rest along."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.worker import Chore, Worker
from tools.clock import SystemClock
from tools.errors import StoreError


class Due:
    """A record in which some incidents are due until they have been driven."""

    def __init__(self, *incident_ids: str) -> None:
        self.waiting = list(incident_ids)
        self.failures: list[Exception] = []

    def due(self, now: datetime, *, limit: int = 100) -> list[str]:
        if self.failures:
            raise self.failures.pop()
        return list(self.waiting)


class Drives:
    """A runner that fails as often as it is told, and then drives."""

    def __init__(self, record: Due, *failures: Exception) -> None:
        self.record = record
        self.failures = list(failures)
        self.driven = threading.Event()

    def step(self, incident_id: str) -> None:
        if self.failures:
            raise self.failures.pop()
        self.record.waiting.remove(incident_id)
        self.driven.set()

    def drain(self) -> None:
        """Nothing goes on."""


@contextmanager
def working(record: Any, runner: Any, *chores: Chore) -> Iterator[Worker]:
    """A worker that sweeps often."""
    worker = Worker(runner, record, SystemClock(), list(chores), sweep_seconds=0.01)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def wait_until(condition: Callable[[], object]) -> None:
    """Poll with a deadline."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_step_that_fails_unexpectedly_is_told_and_tried_again() -> None:
    """A lock file that cannot be made is no ToolError: it is logged, and the incident is driven at a later sweep."""
    record = Due("i1")
    runner = Drives(record, OSError(28, "No space left on device"))
    with capture_logs() as logs, working(record, runner):
        assert runner.driven.wait(30)
    assert [line["error"] for line in logs if line["event"] == "unexpected failure"] == [
        "OSError: [Errno 28] No space left on device"
    ]


def test_a_chore_that_fails_unexpectedly_is_told_and_comes_again() -> None:
    """Any exception of a chore is logged; neither it nor the others stop for it."""
    ran: list[str] = []

    def fails() -> None:
        ran.append("fails")
        raise ValueError("a row that cannot be read")

    chores = (Chore("fails", 0.02, fails), Chore("works", 0.02, lambda: ran.append("works")))
    with capture_logs() as logs, working(Due(), Drives(Due()), *chores):
        wait_until(lambda: min(ran.count("fails"), ran.count("works")) >= 2)
    assert "ValueError: a row that cannot be read" in {line.get("error") for line in logs}


def test_a_record_that_cannot_be_read_for_a_moment_is_asked_again() -> None:
    """The sweep that failed is logged; the next one finds what is due."""
    record = Due("i1")
    record.failures = [StoreError("disk I/O error")]
    runner = Drives(record)
    with capture_logs() as logs, working(record, runner):
        assert runner.driven.wait(30)
    assert [line["error"] for line in logs if line["event"] == "sweep failed"] == ["disk I/O error"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_sweep_that_dies_is_known() -> None:
    """Of a failure that nobody expected; before its start and after its stop a worker has not died."""
    record = Due()
    idle = Worker(Drives(record), record, SystemClock(), [])  # type: ignore[arg-type]
    assert idle.works()
    with working(record, Drives(record)) as worker:
        assert worker.works()
        record.failures = [ValueError("a row that cannot be read")]
        wait_until(lambda: not worker.works())
    stopped = Worker(Drives(record), record, SystemClock(), [])  # type: ignore[arg-type]
    stopped.start()
    stopped.stop()
    assert stopped.works()


def test_one_incident_is_never_driven_by_two_threads() -> None:
    """While it is being driven it stays due, and is left alone."""
    record = Due("i1")
    go_on, inside, most = threading.Event(), [0], [0]

    class Slow(Drives):
        def step(self, incident_id: str) -> None:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            go_on.wait(30)
            inside[0] -= 1
            super().step(incident_id)

    runner = Slow(record)
    with working(record, runner) as worker:
        wait_until(lambda: inside[0])
        for _ in range(20):
            worker.wake("i1")
            time.sleep(0.005)
        assert worker.busy() == 1
        go_on.set()
        assert runner.driven.wait(30)
    assert most == [1]
