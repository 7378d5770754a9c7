"""The list of incidents, newest first, by keyset: a page costs the same however deep it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, desc, or_, select, tuple_

from tools.errors import Invalid
from tools.incident_record import Incident
from tools.records import Record
from tools.schema import incidents

_SEARCHED = ("id", "alert_name", "namespace", "pod", "workload", "description", "summary")


class IncidentFilter(Record):
    """What to list; an empty field does not narrow."""

    status: str = ""
    namespace: str = ""
    alert_name: str = ""
    workload: str = ""
    """Name of the target; while there is none, what the labels point to, or the beginning of it."""
    since: datetime | None = None
    q: str = ""
    """Looked for anywhere in names, description and summary, without regard to ASCII case."""


class IncidentPage(Record):
    """One page."""

    items: tuple[Incident, ...]
    next: str = ""
    """Give it as `after` for the next page; empty on the last."""


def position(incident: Incident) -> str:
    """Where in the list an incident stands."""
    return f"{incident.began_at.isoformat()}~{incident.id}"


def page_query(filters: IncidentFilter, after: str, limit: int) -> Select[Any]:
    """The statement for one page and one row more, which tells whether there is a next."""
    columns = [column for column in incidents.c if column.name != "decision"]
    query = select(*columns).order_by(desc(incidents.c.began_at), desc(incidents.c.id)).limit(limit + 1)
    for name in ("status", "namespace", "alert_name"):
        if value := getattr(filters, name):
            query = query.where(incidents.c[name] == value)
    if filters.workload:
        guessed = and_(
            incidents.c.target_uid == "",
            incidents.c.workload.startswith(f"{filters.workload}-", autoescape=True),
        )
        query = query.where(or_(incidents.c.workload == filters.workload, guessed))
    if filters.since is not None:
        query = query.where(incidents.c.began_at >= filters.since)
    if filters.q:
        query = query.where(
            or_(*(incidents.c[name].icontains(filters.q, autoescape=True) for name in _SEARCHED))
        )
    if after:
        query = query.where(tuple_(incidents.c.began_at, incidents.c.id) < tuple_(*_parse(after)))
    return query


def _parse(after: str) -> tuple[Any, str]:
    at, _, incident_id = after.partition("~")
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not incident_id:
        raise Invalid("`after` is not a place in this list: use the `next` of the page before, unchanged")
    return instant, incident_id
