"""A person's request to take an action back, as a run of its own (product.md section 5).

It goes the way of every incident: preview, approval, claim, stamp, receipt, verification. It has no alerts, so that
nothing joins it; its episode is closed from the start.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from tools.audit import append_entry
from tools.clock import Clock
from tools.database import Database
from tools.errors import NotFound, Refused
from tools.excerpts import message
from tools.incident_rows import add_lines, line, new_id
from tools.schema import actions, episodes, incidents
from tools.targets_claimed import row_of
from tools.undo_keys import UNDO_NAME, key_of_undo, undone_write


class UndoRequests:
    """Opens the runs that take a write back. Safe between threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def open(self, ledger_key: str, *, actor: str, reason: str) -> str:
        """The run that takes this write back; asked again while it goes on, the same one.

        Raises NotFound for a write that is not in the ledger, Refused for one that was taken back already.
        """
        with self._database.write() as connection:
            entry = connection.execute(select(actions).where(actions.c.key == ledger_key)).first()
            if entry is None:
                raise NotFound(f"the ledger has no write {ledger_key}")
            going = select(incidents.c.id).where(
                incidents.c.workload_key == key_of_undo(ledger_key), incidents.c.ended_at.is_(None)
            )
            if found := connection.execute(going).scalar():
                return str(found)
            _refuse_twice(connection, ledger_key)
            return _opened(connection, entry, actor, reason, self._clock.now())

    def reopen(self, incident_id: str) -> str:
        """A new run after one that ended undecided. Raises as `open`."""
        with self._database.read() as connection:
            key = undone_write(row_of(connection, incident_id).workload_key)
        return self.open(key, actor="", reason=f"asked for anew after {incident_id}")


def _refuse_twice(connection: Connection, ledger_key: str) -> None:
    undone = select(actions).where(actions.c.undo_of == ledger_key, actions.c.receipt.is_not(None))
    for row in connection.execute(undone):
        if row.receipt["outcome"] in ("done", "found_done"):
            raise Refused(f"it was taken back already at {row.claimed_at:%Y-%m-%d %H:%M:%S} UTC")


def _opened(connection: Connection, entry: Row[Any], actor: str, reason: str, now: datetime) -> str:
    who, why = actor or "a person", f": {message(reason, 500)}" if reason else ""
    wish = f"{who} asks to take {entry.call['name']} of incident {entry.incident_id} back{why}"
    following, episode = new_id(), new_id()
    opened = {"id": episode, "workload_key": "", "opened_at": now, "closed_at": now}
    connection.execute(insert(episodes).values(opened))
    connection.execute(insert(incidents).values(_row(entry, following, episode, wish, now)))
    lines = [
        line(entry.incident_id, now, "undo", f"{wish}; it is incident {following}"),
        line(following, now, "undo", wish),
    ]
    add_lines(connection, lines)
    detail = {"undo_of": entry.key, "of_incident": entry.incident_id, "reason": reason}
    append_entry(
        connection, "undo_requested", at=now, actor=actor or "agent", incident_id=following, detail=detail
    )
    return following


def _row(entry: Row[Any], incident_id: str, episode_id: str, wish: str, now: datetime) -> dict[str, Any]:
    return {
        "id": incident_id,
        "episode_id": episode_id,
        "workload_key": key_of_undo(entry.key),
        "status": "received",
        "alert_name": UNDO_NAME,
        "severity": "warning",
        "namespace": entry.namespace,
        "workload": entry.target["name"],
        "description": wish,
        "began_at": now,
        "updated_at": now,
        "wake_at": now,
        "previous_id": entry.incident_id,
    }
