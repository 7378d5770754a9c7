"""The models that may be asked, in their order: which are gone, and which rest until their limit is over."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from tools.clock import Clock

LONGEST_REST = 600.0
"""Seconds: a server that asks for more is asked again all the same."""


class Roster:
    """Safe between threads. Gone is for this process; a restart asks again."""

    def __init__(self, models: Sequence[str], clock: Clock) -> None:
        self.models = tuple(dict.fromkeys(models))
        self._clock = clock
        self._lock = threading.Lock()
        self._gone: dict[str, str] = {}
        self._resting: dict[str, datetime] = {}

    def available(self) -> tuple[str, ...]:
        """Those to ask now, best first."""
        now = self._clock.now()
        with self._lock:
            return tuple(m for m in self.models if m not in self._gone and self._resting.get(m, now) <= now)

    def gone(self) -> dict[str, str]:
        """Why each model that is gone is skipped."""
        with self._lock:
            return dict(self._gone)

    def remove(self, model: str, why: str) -> None:
        """It does not exist any more."""
        with self._lock:
            self._gone[model] = why

    def rest(self, model: str, seconds: float) -> None:
        """Do not ask it for so long."""
        until = self._clock.now() + timedelta(seconds=min(seconds, LONGEST_REST))
        with self._lock:
            self._resting[model] = until

    def why_none(self) -> str:
        """Why none is available, in one line."""
        gone = self.gone()
        with self._lock:
            resting = [f"{m} rests until {t:%H:%M:%S} UTC" for m, t in self._resting.items() if m not in gone]
        return "no model is left to ask: " + "; ".join([*(f"{m} is gone" for m in gone), *resting])
