"""Run reads side by side until a deadline; a read that fails is an outcome to report, not an exception."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tools.errors import Forbidden, Invalid, NotFound, ToolError, TransientError
from tools.excerpts import message
from tools.records import ItemStatus

T = TypeVar("T")
K = TypeVar("K")
THREADS = 4


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of one read; `value` is None unless it was found."""

    status: ItemStatus
    value: T | None = None
    why: str = ""
    unreachable: bool = False
    """It failed in a way that says nothing about the object: no answer, a deadline, a server error."""


class Reads:
    """A few threads with one deadline for all that they read. A thread that hangs ends by its own timeout."""

    def __init__(self, deadline_seconds: float, threads: int = THREADS) -> None:
        self._seconds = deadline_seconds
        self._ends = time.monotonic() + deadline_seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="read")

    def __enter__(self) -> Reads:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def run(self, reads: Mapping[K, Callable[[], T]]) -> dict[K, Outcome[T]]:
        """All outcomes, in the order asked for."""
        return self.wait(self.start(reads))

    def start(self, reads: Mapping[K, Callable[[], T]]) -> dict[K, Future[T]]:
        """Begin them, and go on with something else."""
        return {key: self._pool.submit(read) for key, read in reads.items()}

    def wait(self, started: Mapping[K, Future[T]]) -> dict[K, Outcome[T]]:
        """What became of those that `start` has begun, in the order asked for."""
        return {key: self._outcome(future) for key, future in started.items()}

    def _outcome(self, future: Future[T]) -> Outcome[T]:
        try:
            return Outcome("found", future.result(timeout=max(0.0, self._ends - time.monotonic())))
        except FutureTimeout:
            return Outcome("failed", why=f"no answer within {self._seconds:g} s", unreachable=True)
        except ToolError as err:
            return failed(err)


def failed(err: ToolError) -> Outcome[Any]:
    """What an error means for evidence: an object that is not there is a fact, a refusal is a missing right."""
    why = message(str(err))
    if err.reason in ("NotCaptured", "TooLarge"):
        return Outcome("failed", why=why)  # a recording that does not hold it says nothing about it
    if isinstance(err, (NotFound, Invalid)):
        return Outcome("no_data", why=why)
    if isinstance(err, Forbidden):
        return Outcome("forbidden", why=why)
    return Outcome("failed", why=why, unreachable=isinstance(err, TransientError))
