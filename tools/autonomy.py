"""How far the agent may go by itself, per action and problem class, as people set it and as outcomes took it back.

What has no row has no level of its own: then the mode alone says how far. Every change is audited with its reason.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, insert, select, update

from tools.audit import append_entry
from tools.database import Database
from tools.records import Level, Record
from tools.schema import autonomy


class Standing(Record):
    """The level of one action for one problem class, and how it came about."""

    action: str
    problem: str
    level: Level
    actor: str
    """A person, or `agent` where outcomes took it back."""
    reason: str
    at: datetime
    cause: str = ""
    """Key of the ledger entry whose outcome took it back."""


class Autonomy(Protocol):
    """Levels, read before every decision."""

    def of(self, action: str, problem: str) -> Standing | None:
        """What stands; None: nothing was ever set or taken back."""
        ...

    def all(self) -> list[Standing]:
        """Everything that stands, by action and problem."""
        ...

    def put(self, standing: Standing, *, incident_id: str = "") -> None:
        """Let it stand in place of what stood; audited."""
        ...


class SqlAutonomy:
    """Levels in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, action: str, problem: str) -> Standing | None:
        ours = (autonomy.c.action == action) & (autonomy.c.problem == problem)
        with self._database.read() as connection:
            row = connection.execute(select(autonomy).where(ours)).first()
        return Standing(**row._mapping) if row else None

    def all(self) -> list[Standing]:
        query = select(autonomy).order_by(autonomy.c.action, autonomy.c.problem)
        with self._database.read() as connection:
            return [Standing(**row._mapping) for row in connection.execute(query)]

    def put(self, standing: Standing, *, incident_id: str = "") -> None:
        row = standing.model_dump()
        with self._database.write() as connection:
            _replace(connection, row)
            append_entry(
                connection,
                "autonomy_set",
                at=standing.at,
                actor=standing.actor,
                incident_id=incident_id,
                detail={name: row[name] for name in ("action", "problem", "level", "reason", "cause")},
            )


def _replace(connection: Connection, row: dict[str, Any]) -> None:
    ours = (autonomy.c.action == row["action"]) & (autonomy.c.problem == row["problem"])
    if connection.execute(update(autonomy).where(ours).values(row)).rowcount == 0:
        connection.execute(insert(autonomy).values(row))
