"""An incident's timeline as something to follow: what came after a place in it, and whether more can come."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy import select

from tools.database import Database
from tools.records import Record
from tools.schema import timeline
from tools.targets_claimed import row_of

MOST = 200
"""Lines of one look."""


class FeedLine(Record):
    """One line with its place."""

    id: int
    at: datetime
    kind: str
    text: str


class FeedPage(Record):
    """What came after a place."""

    lines: tuple[FeedLine, ...] = ()
    status: str
    ended: bool
    """The run has ended and every line has been told."""
    merged_into: str = ""


class TimelineFeed(Protocol):
    """Reads only; who follows changes nothing."""

    def after(self, incident_id: str, place: int) -> FeedPage:
        """The lines after the one with this id (0: all), oldest first. Raises NotFound."""
        ...


class SqlTimelineFeed:
    """Timelines in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, incident_id: str, place: int) -> FeedPage:
        later = select(timeline).where(timeline.c.incident_id == incident_id, timeline.c.id > place)
        with self._database.read() as connection:
            incident = row_of(connection, incident_id)
            rows = connection.execute(later.order_by(timeline.c.id).limit(MOST)).all()
        lines = tuple(FeedLine(id=row.id, at=row.at, kind=row.kind, text=row.text) for row in rows)
        return FeedPage(
            lines=lines,
            status=incident.status,
            ended=incident.ended_at is not None and len(rows) < MOST,
            merged_into=incident.merged_into,
        )
