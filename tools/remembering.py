"""Keeps the memory up with the record, beside the runs: a chore, since no run may wait for it to write.

Each step may be repeated: points have ids that follow from their keys, and a row says that it is kept only after
the memory has said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tools.errors import TransientError
from tools.memory import Memory, MemoryDocument, Recalled
from tools.memory_queue import MemoryQueue

BATCH = 20
VECTORS = 8
"""At a time: a run that asks the memory waits behind them, a second or two with the larger models."""


def keep_up(queue: MemoryQueue, memory: Memory, *, rounds: int = 10) -> int:
    """Write what is missing and sum up what is too old; returns how many incidents were handled.

    Raises ToolError when the memory or the record does not answer; what is missing then stays so.
    """
    handled = 0
    for _ in range(rounds):
        documents = queue.waiting(limit=BATCH)
        if documents and queue.holds_any() and memory.count() == 0:
            queue.start_over()
            documents = queue.waiting(limit=BATCH)
        if not documents:
            break
        memory.remember(documents)
        queue.place(_ids(documents), "kept")
        handled += len(documents)
    return handled + _sum_up(queue, memory, rounds)


def catch_up(memory: Memory, *, rounds: int = 10) -> int:
    """Make vectors that the memory's model owes; returns how many it still owes. Raises ToolError.

    Some seconds' worth: whoever stops the agent waits for it. 2,000 incidents are done in a quarter of an hour.
    """
    owed = memory.catch_up(VECTORS)
    while owed and (rounds := rounds - 1):
        owed = memory.catch_up(VECTORS)
    return owed


def _sum_up(queue: MemoryQueue, memory: Memory, rounds: int) -> int:
    handled = 0
    for _ in range(rounds):
        old = queue.overflow(limit=BATCH)
        if not old:
            break
        memory.remember(queue.summaries(old))
        memory.forget([each.key for each in old])
        queue.place(_ids(old), "summed")
        handled += len(old)
    return handled


def _ids(documents: Sequence[MemoryDocument]) -> list[str]:
    return [each.incident_id for each in documents]


class Recollection(Protocol):
    """The memory as a run asks it."""

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        """Best first. Raises ToolError when it cannot be read: the run goes on and says so."""
        ...


class NoMemory:
    """Wanted and not to be had: every run says so."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        raise TransientError(self._reason)


class RememberedIncidents:
    """A memory that is not asked, and so never loaded, while it has been given nothing."""

    def __init__(self, queue: MemoryQueue, memory: Memory) -> None:
        self._queue = queue
        self._memory = memory

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        return self._memory.recall(problem, text, limit=limit) if self._queue.holds_any() else []
