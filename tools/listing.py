"""Incidents as pages, newest first, by keyset: a page costs the same however far down it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Select, and_, desc, or_, select, tuple_

from tools.database import Database
from tools.errors import Invalid
from tools.incident_record import Incident, incident_from
from tools.records import Record
from tools.schema import evidence, incidents

_SEARCHED = ("id", "alert_name", "namespace", "pod", "workload", "description", "summary")
_LOG_KINDS = ("previous_logs", "logs")
LONGEST_EXCERPT = 500
"""Characters of a log in a list; the incident itself has the whole excerpt."""


class IncidentFilter(Record):
    """What to list. Empty fields do not narrow."""

    status: str = ""
    namespace: str = ""
    alert_name: str = ""
    workload: str = ""
    """Name of the target; while there is none, what the labels point to, or the beginning of it."""
    since: datetime | None = None
    q: str = ""
    """Looked for anywhere in names, description and summary, without regard to ASCII case."""


class IncidentPage(Record):
    """One page and where the next one begins."""

    incidents: tuple[Incident, ...] = ()
    logs: tuple[str, ...] = ()
    """For each incident the excerpt of the log that mattered, or an empty string."""
    next_after: str = ""
    """Cursor for the next page; empty on the last."""


class Listing(Protocol):
    """Pages of the record."""

    def page(self, wanted: IncidentFilter, *, after: str = "", limit: int = 50) -> IncidentPage:
        """Raises Invalid for a cursor that is none of ours."""
        ...


class SqlListing:
    """Pages of the record in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: IncidentFilter, *, after: str = "", limit: int = 50) -> IncidentPage:
        with self._database.read() as connection:
            rows = connection.execute(_query(wanted, after, limit + 1)).all()
            shown = tuple(incident_from(row) for row in rows[:limit])
            logs = _logs(connection, [incident.id for incident in shown])
        further = f"{shown[-1].began_at.isoformat()}~{shown[-1].id}" if len(rows) > limit else ""
        found = tuple(logs.get(incident.id, "") for incident in shown)
        return IncidentPage(incidents=shown, logs=found, next_after=further)


def _query(wanted: IncidentFilter, after: str, limit: int) -> Select[Any]:
    query = select(*(column for column in incidents.c if column.name != "decision"))
    for name in ("status", "namespace", "alert_name"):
        if value := getattr(wanted, name):
            query = query.where(incidents.c[name] == value)
    if wanted.workload:
        guessed = incidents.c.workload.startswith(f"{wanted.workload}-", autoescape=True)
        untargeted = and_(incidents.c.target_uid == "", guessed)
        query = query.where(or_(incidents.c.workload == wanted.workload, untargeted))
    if wanted.since is not None:
        query = query.where(incidents.c.began_at >= wanted.since)
    if wanted.q:
        found = (incidents.c[name].icontains(wanted.q, autoescape=True) for name in _SEARCHED)
        query = query.where(or_(*found))
    if after:
        query = query.where(tuple_(incidents.c.began_at, incidents.c.id) < tuple_(*_place(after)))
    return query.order_by(desc(incidents.c.began_at), desc(incidents.c.id)).limit(limit)


def _place(after: str) -> tuple[Any, str]:
    at, _, incident_id = after.partition("~")
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not incident_id:
        raise Invalid("`after` is no place in this list: use the `next` of the page before, unchanged")
    return instant, incident_id


def _logs(connection: Connection, incident_ids: Sequence[str]) -> dict[str, str]:
    ours = select(evidence).where(evidence.c.incident_id.in_(incident_ids))
    return {row.incident_id: _excerpt(row.body) for row in connection.execute(ours)}


def _excerpt(body: dict[str, Any]) -> str:
    """The end of the crashed container's log before that of the running one."""
    items = body.get("items", ())
    texts = [
        item["excerpt"] for kind in _LOG_KINDS for item in items if item["kind"] == kind and item["excerpt"]
    ]
    return str(texts[0][-LONGEST_EXCERPT:]) if texts else ""
