"""The kill switch, kept in the record so that it survives restarts."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tools.records import Record


class PauseState(Record):
    """Whether new actions are stopped, by whom and since when."""

    paused: bool
    actor: str = ""
    reason: str = ""
    at: datetime | None = None


class Controls(Protocol):
    """Pause and resume; both audited."""

    def pause_state(self) -> PauseState:
        """The state now."""
        ...

    def pause(self, *, actor: str, reason: str, at: datetime) -> None:
        """No new action from here on; reads and reports go on."""
        ...

    def resume(self, *, actor: str, reason: str, at: datetime) -> None:
        """Actions may be taken again."""
        ...
