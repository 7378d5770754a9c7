"""A circuit breaker: who does not answer is not asked again at once, so that nobody waits for it in a storm."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from tools.clock import Clock

FAILURES = 3
OPEN_SECONDS = 60.0


class Breaker:
    """Closed until `failures` in a row, then open; one trial passes each `open_seconds`. Safe between threads."""

    def __init__(self, clock: Clock, *, failures: int = FAILURES, open_seconds: float = OPEN_SECONDS) -> None:
        self._clock = clock
        self._failures = failures
        self._pause = timedelta(seconds=open_seconds)
        self._lock = threading.Lock()
        self._count = 0
        self._why = ""
        self._next_trial: datetime | None = None

    def refusal(self) -> str:
        """Why not to ask now; empty: go on, and tell `succeeded` or `failed` how it went."""
        with self._lock:
            if self._next_trial is None:
                return ""
            now = self._clock.now()
            if now >= self._next_trial:
                self._next_trial = now + self._pause
                return ""
            return (
                f"not asked until {self._next_trial:%H:%M:%S} UTC after {self._count} failures: {self._why}"
            )

    def succeeded(self) -> None:
        """It answers."""
        with self._lock:
            self._count, self._why, self._next_trial = 0, "", None

    def failed(self, why: str) -> None:
        """It did not answer."""
        with self._lock:
            self._count += 1
            self._why = why
            if self._count >= self._failures:
                self._next_trial = self._clock.now() + self._pause

    @property
    def open_because(self) -> str:
        """The newest failure while it is open, else empty. Looking takes no trial away."""
        with self._lock:
            return self._why if self._next_trial else ""
