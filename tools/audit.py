"""The audit trail: append-only, each row bound to the one before by a hash."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, desc, insert, select

from tools.column_types import storable
from tools.database import Database
from tools.records import Record
from tools.schema import audit

FIRST = "0" * 64
"""What the first entry names as the digest before it."""


class AuditEntry(Record):
    """One thing that happened and who did it."""

    seq: int
    at: datetime
    kind: str
    actor: str
    incident_id: str
    detail: dict[str, Any]
    previous: str
    """Digest of the entry before; 64 zeros for the first."""
    digest: str


class Audit(Protocol):
    """Append and check."""

    def append(
        self, kind: str, *, at: datetime, actor: str = "agent", incident_id: str = "", **detail: Any
    ) -> None:
        """Add an entry in its own transaction."""
        ...

    def entries(self, *, incident_id: str = "", limit: int = 500) -> list[AuditEntry]:
        """The newest `limit`, oldest of them first."""
        ...

    def broken_at(self) -> int | None:
        """Sequence number of the first entry that is missing or whose digest does not fit, or None."""
        ...


def append_entry(
    connection: Connection,
    kind: str,
    *,
    at: datetime,
    actor: str = "agent",
    incident_id: str = "",
    detail: dict[str, Any],
) -> None:
    """Add an entry to the transaction of the thing it tells of, so that neither is there without the other."""
    last = connection.execute(
        select(audit.c.seq, audit.c.digest).order_by(desc(audit.c.seq)).limit(1)
    ).first()
    entry = {
        "seq": last.seq + 1 if last else 1,
        "at": at,
        "kind": storable(kind),
        "actor": storable(actor),
        "incident_id": storable(incident_id),
        "detail": json.dumps(detail, sort_keys=True, default=str),
        "previous": last.digest if last else FIRST,
    }
    connection.execute(insert(audit).values(**entry, digest=_digest(entry)))


def _digest(entry: dict[str, Any]) -> str:
    parts = [entry["seq"], entry["at"].astimezone(UTC).isoformat(), entry["kind"], entry["actor"]]
    parts += [entry["incident_id"], entry["detail"], entry["previous"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class SqlAudit:
    """The trail in the record's database. Triggers refuse UPDATE and DELETE; the chain shows what got past."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self, kind: str, *, at: datetime, actor: str = "agent", incident_id: str = "", **detail: Any
    ) -> None:
        with self._database.write() as connection:
            append_entry(connection, kind, at=at, actor=actor, incident_id=incident_id, detail=detail)

    def entries(self, *, incident_id: str = "", limit: int = 500) -> list[AuditEntry]:
        newest = select(audit).order_by(desc(audit.c.seq)).limit(limit)
        if incident_id:
            newest = newest.where(audit.c.incident_id == incident_id)
        with self._database.read() as connection:
            return [_entry(row) for row in reversed(connection.execute(newest).all())]

    def broken_at(self) -> int | None:
        previous, expected = FIRST, 1
        with self._database.read() as connection:
            rows = connection.execution_options(yield_per=500).execute(select(audit).order_by(audit.c.seq))
            for row in rows:
                fields = dict(row._mapping)
                if row.previous != previous or row.digest != _digest(fields):
                    return int(expected)
                previous, expected = row.digest, expected + 1
        return None


def _entry(row: Row[Any]) -> AuditEntry:
    fields = dict(row._mapping)
    return AuditEntry(**{**fields, "detail": json.loads(fields["detail"])})
