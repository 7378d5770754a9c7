"""One incident as pages and the graph read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from tools.records import Record, Target
from tools.synthetic import is_key_of_test
from tools.undo_keys import undone_write

ENDED: frozenset[str] = frozenset(
    {
        "recovered",
        "provisional",
        "inconclusive",
        "escalated",
        "notified",
        "rejected",
        "expired",
        "withdrawn",
        "merged",
        "ignored",
    }
)
"""The statuses that end a run (product.md section 3)."""


class Incident(Record):
    """One row of the record: one run, from alert to report."""

    id: str
    episode_id: str
    status: str
    """The words of product.md section 3; `graph.state.ENDED` says which of them end a run."""
    alert_name: str
    severity: str = ""
    namespace: str = ""
    pod: str = ""
    description: str = ""
    began_at: datetime
    """When we accepted the alert that opened it."""
    updated_at: datetime
    ended_at: datetime | None = None
    wake_at: datetime | None = None
    """When the worker should drive it next; None: nothing to do until something happens."""
    target: Target | None = None
    merged_into: str = ""
    previous_id: str = ""
    """The incident before it on the same workload, where there was one."""
    problem: str = ""
    route: str = ""
    confidence: float | None = None
    action: str = ""
    """Name of the action that was decided."""
    action_taken: str = ""
    """Name of the action that was really sent, else empty."""
    verdict: str = ""
    summary: str = ""
    """The finding's words, for lists."""
    test: bool = False
    """Started by a person as a test: nothing is written."""
    undo_of: str = ""
    """Ledger key of the write that a person wants taken back, where this run is about that."""


class TimelineEntry(Record):
    """One line of an incident's history."""

    at: datetime
    kind: str
    text: str


_DIRECT = frozenset(Incident.model_fields) - {"target", "test", "undo_of"}


def incident_from(row: Row[Any]) -> Incident:
    """The row without its bulky columns."""
    fields = {name: value for name, value in row._mapping.items() if name in _DIRECT}
    target = Target(**row.target) if row.target else None
    key = row.workload_key
    return Incident(target=target, test=is_key_of_test(key), undo_of=undone_write(key), **fields)
