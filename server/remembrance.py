"""From settings to the memory: on by default where its packages are, loaded by the first incident that has a past."""

from __future__ import annotations

from importlib.util import find_spec

from server.settings import Settings
from tools.clock import Clock
from tools.database import Database
from tools.memory_process import MemoryProcess
from tools.memory_queue import SqlMemoryQueue
from tools.remembering import NoMemory, Recollection, RememberedIncidents, catch_up, keep_up

PACKAGES = ("qdrant_client", "langchain_qdrant", "fastembed")


class Remembrance:
    """The memory of an agent: what runs ask, and what keeps it up with the record."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._queue = SqlMemoryQueue(database)
        model = settings.memory_model_folder
        self._memory = MemoryProcess(settings.qdrant_path, clock, url=settings.qdrant_url, model_folder=model)
        self._has_model = model is not None
        self._owes = True
        """Vectors: an earlier agent may have had another model, none, or no time."""
        self.recollection: Recollection = RememberedIncidents(self._queue, self._memory)

    def keep_up(self) -> int:
        """Write what has ended since, and make its vectors where there is a model. Raises ToolError."""
        handled = keep_up(self._queue, self._memory)
        self._owes = self._owes or handled > 0
        if self._has_model and self._owes and self._queue.holds_any():
            self._owes = catch_up(self._memory) > 0
        return handled

    def standing(self) -> str:
        """What /health says of it. Raises TransientError with its newest failure."""
        return self._memory.standing()

    def close(self) -> None:
        """End its process."""
        self._memory.close()


def remembrance(settings: Settings, database: Database, clock: Clock) -> Remembrance | None:
    """None: it is switched off, or its packages are not installed."""
    return Remembrance(settings, database, clock) if settings.memory and not lacking() else None


def recollection(settings: Settings, memory: Remembrance | None) -> Recollection | None:
    """What runs ask. None when it is switched off: they miss nothing then."""
    if memory is not None:
        return memory.recollection
    if not settings.memory:
        return None
    return NoMemory(
        f"not installed ({', '.join(lacking())}). Mend: pip install 'sre-agent[memory]', or MEMORY=false"
    )


def lacking() -> list[str]:
    """Packages of the memory that are not installed."""
    return [name for name in PACKAGES if find_spec(name) is None]
