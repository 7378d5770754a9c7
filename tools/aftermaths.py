"""What became of incidents about which the agent wrote nothing: seen once, after they were over, and kept.

Looked at when the episode has closed, or six hours after the run's end: by then people have done what they did. What is
older than two days when somebody comes to look says little about that incident, and is left alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import ColumnElement, exists, or_, select

from tools.aftermath_changes import Change
from tools.database import Database, insert_if_absent
from tools.incident_rows import REAL
from tools.records import Record
from tools.schema import aftermaths, episodes, incidents

Outcome: TypeAlias = Literal["same", "other", "nothing", "unknown"]
AT_LAST = timedelta(hours=6)
TOO_OLD = timedelta(days=2)
WITHOUT_A_WRITE = ("notified", "rejected", "expired", "withdrawn")


class Aftermath(Record):
    """One look at one incident's target."""

    incident_id: str
    seen_at: datetime
    action: str = ""
    """What the agent would have done, but for permission; empty: nothing."""
    outcome: Outcome
    """What people did beside that: the same, something else, nothing, or nobody can tell."""
    changes: tuple[Change, ...] = ()
    why: str = ""
    """Why nobody can tell."""
    resolved: bool = False
    """Its alerts had ended by then."""


class Aftermaths(Protocol):
    """Kept by a chore, read by the report of agreement."""

    def due(self, now: datetime, *, limit: int = 20) -> list[str]:
        """Ids of incidents to look at, the ones that ended first first."""
        ...

    def keep(self, seen: Aftermath) -> bool:
        """True when it is the first look at this incident; a second one changes nothing."""
        ...

    def of(self, incident_id: str) -> Aftermath | None:
        """What was seen; None: nobody has looked."""
        ...


class SqlAftermaths:
    """In the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, *, limit: int = 20) -> list[str]:
        query = (
            select(incidents.c.id)
            .join(episodes, episodes.c.id == incidents.c.episode_id)
            .where(*_ended_without_a_write(now), _over(now))
            .where(~exists().where(aftermaths.c.incident_id == incidents.c.id))
            .order_by(incidents.c.ended_at, incidents.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def keep(self, seen: Aftermath) -> bool:
        row = seen.model_dump(mode="json") | {"seen_at": seen.seen_at}
        with self._database.write() as connection:
            return insert_if_absent(connection, aftermaths, row)

    def of(self, incident_id: str) -> Aftermath | None:
        query = select(aftermaths).where(aftermaths.c.incident_id == incident_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return Aftermath.model_validate(dict(row._mapping)) if row else None


def _ended_without_a_write(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        incidents.c.ended_at >= now - TOO_OLD,
        incidents.c.status.in_(WITHOUT_A_WRITE),
        incidents.c.action_taken == "",
        incidents.c.merged_into == "",
        incidents.c.decided_at.is_not(None),
        incidents.c.target_uid != "",
        REAL,
    )


def _over(now: datetime) -> Any:
    return or_(episodes.c.closed_at.is_not(None), incidents.c.ended_at <= now - AT_LAST)
