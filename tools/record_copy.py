"""A record to look at: copied without a byte of it being written, and wound back to an earlier instant.

Only SQLite has a file to copy. A copy is an ordinary record: `Database.open` opens it, and what is written into it
touches nobody.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, desc, insert, select, update

from tools.database import Database
from tools.errors import StoreError
from tools.schema import actions, alerts, audit, autonomy, controls, incidents


def copy_record(source: Path, target: Path) -> None:
    """One consistent instant of the record at `source`, whether an agent works on it or not.

    Without a write-ahead log nobody has it open, and nothing at all is touched, not even locks. Raises StoreError
    when there is none, or what is there is no record.
    """
    if not source.is_file():
        raise StoreError(f"there is no record at {source}")
    alone = not source.with_name(f"{source.name}-wal").exists()
    address = f"{source.absolute().as_uri()}?{'immutable=1' if alone else 'mode=ro'}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
    except sqlite3.Error as error:
        raise StoreError(f"the record at {source} cannot be copied: {error}") from error


def rewind(copy: Database, at: datetime) -> None:
    """Make a copy forget what was written, resolved, judged or switched from `at` on, so that it can be decided again.

    What was noted on timelines stays. Never for a record that an agent works on: what is forgotten is lost.
    """
    with copy.write() as connection:
        running = select(incidents.c.id).where(incidents.c.ended_at >= at)
        connection.execute(delete(actions).where(actions.c.claimed_at >= at))
        connection.execute(update(actions).where(actions.c.incident_id.in_(running)).values(verdict=""))
        connection.execute(update(incidents).where(incidents.c.ended_at >= at).values(ended_at=None))
        _alerts(connection, at)
        _pause(connection, at)
        _autonomy(connection, at)


def _alerts(connection: Connection, at: datetime) -> None:
    connection.execute(delete(alerts).where(alerts.c.first_seen > at))
    connection.execute(update(alerts).where(alerts.c.joined_at > at).values(incident_id=None))
    firing = {"status": "firing", "ends_at": None, "resolved_at": None}
    connection.execute(update(alerts).where(alerts.c.resolved_at > at).values(firing))


def _pause(connection: Connection, at: datetime) -> None:
    """As the audit trail has it."""
    switched = select(audit.c.kind).where(audit.c.kind.in_(("paused", "resumed")), audit.c.at <= at)
    last = connection.execute(switched.order_by(desc(audit.c.seq)).limit(1)).scalar()
    engaged = {"engaged": last == "paused"}
    connection.execute(update(controls).where(controls.c.name == "pause").values(engaged))


def _autonomy(connection: Connection, at: datetime) -> None:
    """As the audit trail has it: each level as it was last set before then."""
    connection.execute(delete(autonomy))
    told = select(audit.c.at, audit.c.actor, audit.c.detail).where(
        audit.c.kind == "autonomy_set", audit.c.at < at
    )
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in connection.execute(told.order_by(audit.c.seq)):
        detail = json.loads(row.detail)
        last[detail["action"], detail["problem"]] = {**detail, "actor": row.actor, "at": row.at}
    for values in last.values():
        connection.execute(insert(autonomy).values(values))
