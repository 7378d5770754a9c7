"""Actions that people asked for: each kept beside the one incident that its request opened.

It is bound to the incident's row and to nothing that a sender of alerts could write: an alert with the labels of a
request asks for nothing. Where the run merges into another one of the same workload, the request goes nowhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, insert, select

from tools.database import Database
from tools.records import Argument, Record
from tools.schema import claimed_targets, requested_actions


class RequestedAction(Record):
    """What somebody asked for, as they said it."""

    name: str
    args: dict[str, Argument] = {}
    """Names and numbers; what binds the write is computed from the live object each time."""
    actor: str
    reason: str = ""
    at: datetime


class RequestedActions(Protocol):
    """Read by the graph and the pages."""

    def of(self, incident_id: str) -> RequestedAction | None:
        """What the person who opened this incident asked for; None for all others. Raises StoreError."""
        ...

    def under_way(self, target_uid: str) -> str:
        """Id of the run that holds this object now, or empty. Raises StoreError."""
        ...


class SqlRequestedActions:
    """In the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, incident_id: str) -> RequestedAction | None:
        query = select(requested_actions).where(requested_actions.c.incident_id == incident_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        fields = dict(row._mapping)
        del fields["incident_id"]
        return RequestedAction(**fields)

    def under_way(self, target_uid: str) -> str:
        holder = select(claimed_targets.c.incident_id).where(claimed_targets.c.uid == target_uid)
        with self._database.read() as connection:
            return str(connection.execute(holder).scalar() or "")


def bind(connection: Connection, incident_id: str, asked: RequestedAction) -> None:
    """Keep it with the incident, in the transaction that opens it."""
    row = {"incident_id": incident_id, **asked.model_dump()}
    connection.execute(insert(requested_actions).values(row))


def hand_on(connection: Connection, incident_id: str, following: str) -> None:
    """A new run over the same alerts is asked for the same."""
    query = select(requested_actions).where(requested_actions.c.incident_id == incident_id)
    row = connection.execute(query).first()
    if row is not None:
        values = {**row._mapping, "incident_id": following}
        connection.execute(insert(requested_actions).values(values))
