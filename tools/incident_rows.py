"""Rows of the record and the small writes that several stories share. Callers own the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Row, and_, bindparam, desc, insert, or_, select, update

from tools.incident_record import ENDED
from tools.records import Alert, Target
from tools.schema import incidents, timeline
from tools.synthetic import TEST_KEY
from tools.undo_keys import UNDO_KEY
from tools.workload_key import pod_of

Item = TypeVar("Item")

COVERING: frozenset[str] = ENDED - {"withdrawn", "merged", "ignored"}
"""Endings after which the run has judged the workload as it was when it looked."""

REAL = and_(
    incidents.c.workload_key.not_like(f"{TEST_KEY}%"), incidents.c.workload_key.not_like(f"{UNDO_KEY}%")
)
"""Leaves out tests and undos on request: the past teaches, is counted and goes on without them."""

_ADD_LINES = insert(timeline)
_LOOKED = (
    update(incidents)
    .where(incidents.c.id == bindparam("incident_id"))
    .where(or_(incidents.c.looked_at.is_(None), incidents.c.looked_at < bindparam("at")))
    .values(looked_at=bindparam("at"))
)
_MERGED_INTO = select(incidents.c.merged_into).where(incidents.c.id == bindparam("incident_id"))
"""Built once, here and elsewhere in the record: to build a statement takes four times as long as to run it."""


def new_id() -> str:
    """A fresh id: 16 hex digits."""
    return uuid4().hex[:16]


def chunks(items: Iterable[Item], size: int = 500) -> Iterator[list[Item]]:
    """`items` in lists that fit one statement's parameters."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def alert_from(row: Row[Any]) -> Alert:
    """The alert as the graph reads it."""
    return Alert(
        fingerprint=row.fingerprint,
        status=row.status,
        labels=row.labels,
        annotations=row.annotations,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        generator_url=row.generator_url,
    )


def new_incident(
    alert: Alert, *, episode_id: str, key: str, workload: str, previous_id: str, now: datetime
) -> dict[str, Any]:
    """The row of an incident that `alert` opens: received, and due at once."""
    told = alert.annotations
    return {
        "id": new_id(),
        "episode_id": episode_id,
        "workload_key": key,
        "status": "received",
        "alert_name": alert.name,
        "severity": alert.severity,
        "namespace": alert.labels.get("exported_namespace") or alert.labels.get("namespace", ""),
        "pod": pod_of(alert.labels),
        "workload": workload,
        "description": (told.get("description") or told.get("message") or told.get("summary", ""))[:2000],
        "began_at": now,
        "updated_at": now,
        "wake_at": now,
        "previous_id": previous_id,
    }


def line(incident_id: str, at: datetime, kind: str, text: str) -> dict[str, Any]:
    """One timeline row."""
    return {"incident_id": incident_id, "at": at, "kind": kind, "text": text}


def add_lines(connection: Connection, lines: Sequence[dict[str, Any]]) -> None:
    """Append to timelines."""
    if lines:
        connection.execute(_ADD_LINES, lines)


def looked(connection: Connection, incident_id: str, at: datetime) -> None:
    """The run has looked at the world at `at`: alerts that joined until then are not news to it."""
    connection.execute(_LOOKED, {"incident_id": incident_id, "at": at})


def nudge(connection: Connection, incident_ids: Sequence[str], at: datetime) -> None:
    """Make runs due now because something happened outside of them. Ended runs stay as they are."""
    for ids in chunks(incident_ids):
        running = update(incidents).where(incidents.c.id.in_(ids), incidents.c.ended_at.is_(None))
        connection.execute(running.values(wake_at=at))


def standing_for(connection: Connection, incident_id: str) -> str:
    """The unmerged incident that `incident_id` has become, by following its merges."""
    current = incident_id
    for _ in range(100):
        into = connection.execute(_MERGED_INTO, {"incident_id": current}).scalar()
        if not into:
            break
        current = into
    return current


def last_on_target(connection: Connection, target: Target, *, other_than: str) -> str:
    """The newest unmerged incident on this very object that was no test, or an empty string."""
    same = select(incidents.c.id).where(incidents.c.target_uid == target.uid, incidents.c.id != other_than)
    newest = same.where(incidents.c.merged_into == "", REAL).order_by(desc(incidents.c.began_at)).limit(1)
    return connection.execute(newest).scalar() or ""
