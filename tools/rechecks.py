"""Looks that are due long after a run has ended, kept in the record: they hold no thread and survive restarts.

A run that ended well may still be shown to be wrong: by a failure that comes as slowly as the last one did, or by its
alert that goes on firing (kubernetes.md 5.3, 5.4).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import select, update

from tools.database import Database, insert_if_absent
from tools.records import Observation, Record
from tools.schema import rechecks

Kind: TypeAlias = Literal["slow_failure", "alert"]


class Recheck(Record):
    """One later look at what a write left."""

    incident_id: str
    kind: Kind
    key: str
    """Ledger key of the write."""
    judged_at: datetime
    """When the verdict was reached that this look may overturn."""
    last: Observation | None = None
    """The newest look before that verdict: what later ones are compared with."""
    due_at: datetime
    next_at: datetime
    """When to look: `due_at`, and later after a look that told nothing."""
    done_at: datetime | None = None
    outcome: str = ""


class Rechecks(Protocol):
    """Scheduled by a run, looked after by a chore."""

    def schedule(self, recheck: Recheck) -> None:
        """Keep it; the same kind of the same incident only once. Raises StoreError."""
        ...

    def due(self, now: datetime, *, limit: int = 50) -> list[Recheck]:
        """Those whose time has come, oldest first."""
        ...

    def later(self, recheck: Recheck, at: datetime) -> None:
        """Nobody could tell: look again then."""
        ...

    def finish(self, recheck: Recheck, outcome: str, at: datetime) -> None:
        """It has been looked at. Idempotent."""
        ...

    def for_incident(self, incident_id: str) -> list[Recheck]:
        """All of one incident, by when they are due."""
        ...


class SqlRechecks:
    """In the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def schedule(self, recheck: Recheck) -> None:
        times = ("judged_at", "due_at", "next_at", "done_at")
        row = recheck.model_dump(mode="json") | {name: getattr(recheck, name) for name in times}
        with self._database.write() as connection:
            insert_if_absent(connection, rechecks, row)

    def due(self, now: datetime, *, limit: int = 50) -> list[Recheck]:
        waiting = select(rechecks).where(rechecks.c.done_at.is_(None), rechecks.c.next_at <= now)
        return self._read(waiting.order_by(rechecks.c.next_at, rechecks.c.incident_id).limit(limit))

    def later(self, recheck: Recheck, at: datetime) -> None:
        self._change(recheck, next_at=at)

    def finish(self, recheck: Recheck, outcome: str, at: datetime) -> None:
        self._change(recheck, outcome=outcome, done_at=at)

    def for_incident(self, incident_id: str) -> list[Recheck]:
        ours = select(rechecks).where(rechecks.c.incident_id == incident_id)
        return self._read(ours.order_by(rechecks.c.due_at, rechecks.c.kind))

    def _read(self, query: Any) -> list[Recheck]:
        with self._database.read() as connection:
            return [Recheck.model_validate(dict(row._mapping)) for row in connection.execute(query)]

    def _change(self, recheck: Recheck, **values: Any) -> None:
        ours = update(rechecks).where(
            rechecks.c.incident_id == recheck.incident_id,
            rechecks.c.kind == recheck.kind,
            rechecks.c.done_at.is_(None),
        )
        with self._database.write() as connection:
            connection.execute(ours.values(**values))
