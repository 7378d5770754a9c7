"""The kill switch, kept in the record so that it survives restarts."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy import select, update

from tools.audit import append_entry
from tools.database import Database
from tools.records import Record
from tools.schema import controls

_PAUSE = select(controls).where(controls.c.name == "pause")


class PauseState(Record):
    """Whether new actions are stopped, by whom and since when."""

    paused: bool
    actor: str = ""
    reason: str = ""
    at: datetime | None = None


class Controls(Protocol):
    """Pause and resume; both audited."""

    def pause_state(self) -> PauseState:
        """The state as it was last seen: costs one read of the record."""
        ...

    def pause_now(self) -> PauseState:
        """The state right before a write, read wherever it is kept. Raises ToolError: then nobody knows."""
        ...

    def pause(self, *, actor: str, reason: str, at: datetime) -> None:
        """No new action from here on; reads and reports go on."""
        ...

    def resume(self, *, actor: str, reason: str, at: datetime) -> None:
        """Actions may be taken again."""
        ...


class SqlControls:
    """The switch as one row that the first migration made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pause_state(self) -> PauseState:
        with self._database.read() as connection:
            row = connection.execute(_PAUSE).one()
        return PauseState(paused=row.engaged, actor=row.actor, reason=row.reason, at=row.at)

    def pause_now(self) -> PauseState:
        return self.pause_state()

    def pause(self, *, actor: str, reason: str, at: datetime) -> None:
        self._switch(True, actor=actor, reason=reason, at=at)

    def resume(self, *, actor: str, reason: str, at: datetime) -> None:
        self._switch(False, actor=actor, reason=reason, at=at)

    def _switch(self, engaged: bool, *, actor: str, reason: str, at: datetime) -> None:
        row = {"engaged": engaged, "actor": actor, "reason": reason, "at": at}
        with self._database.write() as connection:
            connection.execute(update(controls).where(controls.c.name == "pause").values(row))
            kind = "paused" if engaged else "resumed"
            append_entry(connection, kind, at=at, actor=actor, detail={"reason": reason})
