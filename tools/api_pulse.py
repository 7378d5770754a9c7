"""How the Kubernetes API has answered of late, by the requests that are made anyway: nothing is asked for it."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from math import ceil

from tools.clock import Clock

WINDOW = timedelta(seconds=60)
MOST_FAILED = 0.05
FEW = 5
"""So many failures at least: one hiccup of a quiet agent is no share of anything."""
SLOWEST = 2.0
"""Seconds that 95 of 100 requests may take (kubernetes.md 7.2)."""
ENOUGH = 20
"""Requests from which on a percentile says something."""
KEPT = 5000


class ApiPulse:
    """Failures and durations of the newest requests. Safe between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._beats: deque[tuple[datetime, float, bool]] = deque(maxlen=KEPT)

    def record(self, seconds: float, failed: bool) -> None:
        """One request: how long it took, and whether the server failed it (5xx, 429, no answer)."""
        with self._lock:
            self._beats.append((self._clock.now(), seconds, failed))

    def unwell(self) -> str:
        """Why nothing should be written to it now, else empty."""
        beats = self._lately()
        failed = sum(each[2] for each in beats)
        if failed >= FEW and failed > MOST_FAILED * len(beats):
            return f"the API server failed {failed} of {len(beats)} requests within a minute"
        if len(beats) < ENOUGH:
            return ""
        slow = sorted(each[1] for each in beats)[ceil(0.95 * len(beats)) - 1]
        return f"the API server is slow: one of twenty requests takes {slow:.1f} s" if slow > SLOWEST else ""

    def _lately(self) -> list[tuple[datetime, float, bool]]:
        since = self._clock.now() - WINDOW
        with self._lock:
            while self._beats and self._beats[0][0] < since:
                self._beats.popleft()
            return list(self._beats)
