"""The ledger of workload revisions: which pod template was seen healthy, and for how long.

After a fully bad rollout nothing in the cluster remembers that the older revision was healthy (R4.12): its
ReplicaSet stands at 0. A cheap periodic read keeps that memory here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row, select, update

from tools.database import Database, insert_if_absent
from tools.records import Record
from tools.schema import revisions

GAP_SECONDS = 300.0
"""Sightings further apart than this do not make one uninterrupted stretch."""


class RevisionSeen(Record):
    """What the ledger knows of one template of one workload."""

    workload_uid: str
    template_digest: str
    revision: int
    healthy_since: datetime | None = None
    """Start of the present uninterrupted healthy stretch while current; None: not healthy at the last look."""
    healthy_seconds: float = 0.0
    """Longest uninterrupted healthy stretch."""
    ill_seconds: float = 0.0
    """Longest stretch seen failing while current."""
    last_seen: datetime


class RevisionLedger(Protocol):
    """Sightings in, proof of health out."""

    def record(
        self, workload_uid: str, template_digest: str, revision: int, *, healthy: bool | None, at: datetime
    ) -> None:
        """One sighting of the current revision. `healthy` None: rolling out, neither healthy nor ill.

        Two sightings more than five minutes apart do not make one uninterrupted stretch.
        """
        ...

    def seen(self, workload_uid: str) -> list[RevisionSeen]:
        """All templates of this workload, newest revision first."""
        ...


class SqlRevisions:
    """Sightings in the record's database, one row per template."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, workload_uid: str, template_digest: str, revision: int, *, healthy: bool | None, at: datetime
    ) -> None:
        workload = revisions.c.workload_uid == workload_uid
        template = revisions.c.template_digest == template_digest
        with self._database.write() as connection:
            row = connection.execute(select(revisions).where(workload, template)).first()
            if row is not None and at < row.last_seen:
                return
            sighting = {**_stretches(row, healthy, at), "revision": revision, "last_seen": at}
            key = {"workload_uid": workload_uid, "template_digest": template_digest}
            if not insert_if_absent(connection, revisions, {**key, **sighting}):
                connection.execute(update(revisions).where(workload, template).values(sighting))
            interrupted = update(revisions).where(workload, ~template)
            connection.execute(interrupted.values(healthy_since=None, ill_since=None))

    def seen(self, workload_uid: str) -> list[RevisionSeen]:
        known = select(revisions).where(revisions.c.workload_uid == workload_uid)
        with self._database.read() as connection:
            rows = connection.execute(known.order_by(revisions.c.revision.desc())).all()
        return [RevisionSeen(**_without(row, "ill_since")) for row in rows]


def _stretches(row: Row[Any] | None, healthy: bool | None, at: datetime) -> dict[str, Any]:
    unbroken = row is not None and (at - row.last_seen).total_seconds() <= GAP_SECONDS
    found: dict[str, Any] = {}
    for name, now in (("healthy", healthy is True), ("ill", healthy is False)):
        before = getattr(row, f"{name}_since") if unbroken else None
        since = (before or at) if now else None
        longest = getattr(row, f"{name}_seconds") if row is not None else 0.0
        found[f"{name}_since"] = since
        found[f"{name}_seconds"] = max(longest, (at - since).total_seconds() if since else 0.0)
    return found


def _without(row: Row[Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row._mapping.items() if key != name}
