"""Calls that return in time, whatever the other side does.

Socket timeouts bound one read each, and a name look-up not at all, so a call runs in a thread of its own and is
given up on when its time is over. A call that was given up on keeps its slot until it has really ended: a server
that hangs can hold as many threads as there are slots and never more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Busy(Exception):
    """All slots are taken by calls that have not ended."""


class BoundedCalls:
    """At most `slots` calls at once."""

    def __init__(self, name: str, slots: int) -> None:
        self._name = name
        self._slots = threading.BoundedSemaphore(slots)

    def run(self, call: Callable[[], T], seconds: float, *, patience: float) -> T:
        """What `call` returns or raises. Raises TimeoutError after `seconds`, Busy after `patience` without a slot."""
        if not self._slots.acquire(timeout=max(0.0, patience)):
            raise Busy(f"{self._name}: all slots are taken by calls that have not ended")
        future: Future[T] = Future()
        threading.Thread(target=self._run, args=(call, future), name=self._name, daemon=True).start()
        return future.result(timeout=max(0.0, seconds))

    def _run(self, call: Callable[[], T], future: Future[T]) -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - raised again by `result`, in the thread that waits
            future.set_exception(error)
        else:
            future.set_result(result)
        finally:
            self._slots.release()
