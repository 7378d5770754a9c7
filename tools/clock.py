"""Time as a service, so that tests, the sandbox and replay can own it.

`SystemClock` is wall time. `ScaledClock` runs faster, for the demo. `ManualClock` stands still until told.
All instants are timezone-aware UTC.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where every module of graph, tools and the runner gets the time."""

    def now(self) -> datetime:
        """The current instant, UTC."""
        ...


class SystemClock:
    """Wall time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ScaledClock:
    """Wall time from `start` on, `speed` times as fast."""

    def __init__(self, speed: float, start: datetime | None = None) -> None:
        self.speed = speed
        self._start = start or datetime.now(UTC)
        self._origin = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self.speed)

    def skip(self, seconds: float) -> None:
        """Leap forward by `seconds` at once."""
        self._start += timedelta(seconds=seconds)


class ManualClock:
    """Stands still until `advance` or `set`; safe between threads."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def set(self, instant: datetime) -> None:
        """Jump to `instant`."""
        with self._lock:
            self._now = instant
