"""Who calls the runner: a few threads over what is due, and the periodic chores.

The database says what is due, so a lost wake-up only costs one sweep. A run that waits holds no thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from server.runner import Runner
from tools.clock import Clock
from tools.errors import ToolError
from tools.incidents import Incidents

log = structlog.get_logger("worker")


@dataclass
class Chore:
    """Something done every `every` seconds of the service clock; a failure is logged and it comes again.

    One that has not ended is not begun a second time, and holds up no other.
    """

    name: str
    every: float
    run: Callable[[], object]
    next_at: datetime | None = None
    """None: at once."""
    under_way: bool = False


class Worker:
    """Sweeps for due incidents and runs chores until stopped."""

    def __init__(
        self,
        runner: Runner,
        incidents: Incidents,
        clock: Clock,
        chores: list[Chore],
        *,
        threads: int = 4,
        sweep_seconds: float = 0.25,
    ) -> None:
        self._runner = runner
        self._incidents = incidents
        self._clock = clock
        self._chores = chores
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="incident")
        self._chore_pool = ThreadPoolExecutor(max(1, len(chores)), thread_name_prefix="chore")
        self._sweep_seconds = sweep_seconds
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="worker", daemon=True)

    def start(self) -> None:
        """Begin sweeping; what an earlier process left unfinished is due at once."""
        self._thread.start()

    def wake(self, incident_id: str | None = None) -> None:
        """Something is due now: do not wait for the next sweep."""
        self._wake.set()

    def stop(self, timeout: float = 20.0) -> None:
        """Drain: runs stop at their next step boundary, nothing new begins. Returns when they have."""
        self._stopping.set()
        self._wake.set()
        self._runner.drain()
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._chore_pool.shutdown(wait=True, cancel_futures=True)

    def works(self) -> bool:
        """False once the sweep has died of a failure that nobody expected: then only a new process helps."""
        return self._thread.ident is None or self._stopping.is_set() or self._thread.is_alive()

    def busy(self) -> int:
        """How many incidents are being driven at this moment."""
        with self._lock:
            return len(self._running)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._sweep()
            except ToolError as error:
                log.error("sweep failed", error=str(error))
            self._wake.wait(self._sweep_seconds)

    def _sweep(self) -> None:
        now = self._clock.now()
        for incident_id in self._incidents.due(now):
            with self._lock:
                if incident_id in self._running or self._stopping.is_set():
                    continue
                self._running.add(incident_id)
            self._pool.submit(self._step, incident_id).add_done_callback(_tell)
        for chore in self._chores:
            if not chore.under_way and (chore.next_at is None or chore.next_at <= now):
                chore.next_at = now + timedelta(seconds=chore.every)
                chore.under_way = True
                self._chore_pool.submit(self._run_chore, chore).add_done_callback(_tell)

    def _step(self, incident_id: str) -> None:
        try:
            self._runner.step(incident_id)
        except ToolError as error:
            log.error("step failed", incident_id=incident_id, error=str(error))
        finally:
            with self._lock:
                self._running.discard(incident_id)
            self._wake.set()

    def _run_chore(self, chore: Chore) -> None:
        try:
            chore.run()
        except ToolError as error:
            log.warning("chore failed", chore=chore.name, error=str(error))
        finally:
            chore.under_way = False


def _tell(done: Future[None]) -> None:
    """What nobody waits for would fail without a word."""
    error = None if done.cancelled() else done.exception()
    if error is not None:
        log.error("unexpected failure", error=f"{type(error).__name__}: {error}", exc_info=error)
