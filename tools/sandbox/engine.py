"""The order in which the simulated cluster does things: work that is due now, and timers.

While a timer runs, `now()` is the instant that it was set for, however late the real clock gets here; so
stepping a manual clock by ten minutes gives the same history as ticking through them.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Hashable
from datetime import datetime

from tools.clock import Clock

Work = Callable[[], None]
_ENDLESS = 20_000


class Engine:
    """A queue without duplicates, and a heap of timers of which each key has at most one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._present: datetime | None = None
        self._queue: dict[Hashable, Work] = {}
        self._timers: list[tuple[datetime, int, Hashable]] = []
        self._due: dict[Hashable, tuple[int, Work]] = {}
        self._count = itertools.count()

    def now(self) -> datetime:
        """The instant at which the present work happens."""
        return self._present or self._clock.now()

    def enqueue(self, key: Hashable, work: Work) -> None:
        """Do `work` soon; a second call with the same key before that is the same work."""
        self._queue.setdefault(key, work)

    def at(self, when: datetime, key: Hashable, work: Work) -> None:
        """Do `work` at `when`; replaces the timer of the same key."""
        number = next(self._count)
        self._due[key] = (number, work)
        heapq.heappush(self._timers, (when, number, key))

    def cancel(self, key: Hashable) -> None:
        """Forget the timer of this key, if there is one."""
        self._due.pop(key, None)

    def next_due(self) -> datetime | None:
        """When the next timer is due, None without any."""
        while self._timers:
            when, number, key = self._timers[0]
            if self._due.get(key, (None,))[0] == number:
                return when
            heapq.heappop(self._timers)
        return None

    def run(self) -> None:
        """Do everything that is due by now. Raises RuntimeError if the work never ends.

        Called from within the work itself (a fault's condition that reads the sandbox) it does nothing.
        """
        if self._present is not None:
            return
        until = self._clock.now()
        try:
            self._drain(until)
            while (when := self.next_due()) is not None and when <= until:
                while self.next_due() == when:
                    _, _, key = heapq.heappop(self._timers)
                    self._queue[key] = self._due.pop(key)[1]
                self._drain(when)
        finally:
            self._present = None

    def _drain(self, present: datetime) -> None:
        self._present = present
        for _ in range(_ENDLESS):
            if not self._queue:
                return
            key = next(iter(self._queue))
            self._queue.pop(key)()
        raise RuntimeError(f"the sandbox's controllers do not come to rest: {next(iter(self._queue))}")
