"""Runs of the record side by side, each with the instants of its stages: what an overview is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, desc, func, select

from tools.database import Database
from tools.incident_rows import REAL
from tools.records import Record
from tools.schema import actions, approvals, incidents, marks


class PastRun(Record):
    """One unmerged run that was no test. Instants that never came are None."""

    id: str
    alert_name: str
    severity: str = ""
    problem: str = ""
    route: str = ""
    status: str
    action_taken: str = ""
    verdict: str = ""
    confidence: float | None = None
    decider: str = ""
    blocked_by: tuple[str, ...] = ()
    """Names of the rules."""
    marks: tuple[str, ...] = ()
    """`right` or `wrong`, oldest first."""
    began_at: datetime
    decided_at: datetime | None = None
    asked_at: datetime | None = None
    """The first approval that was asked for."""
    answered_at: datetime | None = None
    """The last answer to one."""
    claimed_at: datetime | None = None
    """Just before the write."""
    ended_at: datetime | None = None


def past_runs(database: Database, *, limit: int = 10_000) -> list[PastRun]:
    """The newest `limit`, newest first. Raises StoreError."""
    with database.read() as connection:
        rows = connection.execute(_query(limit)).all()
        judged = connection.execute(select(marks).where(marks.c.mark != "note").order_by(marks.c.id)).all()
    said: dict[str, list[str]] = {}
    for mark in judged:
        said.setdefault(mark.incident_id, []).append(mark.mark)
    return [_run(row, tuple(said.get(row.id, ()))) for row in rows]


def _query(limit: int) -> Select[Any]:
    columns = [incidents.c[name] for name in PastRun.model_fields if name in incidents.c]
    asked = (
        select(
            approvals.c.incident_id,
            func.min(approvals.c.created_at).label("asked_at"),
            func.max(approvals.c.decided_at).label("answered_at"),
        )
        .group_by(approvals.c.incident_id)
        .subquery()
    )
    written = (
        select(actions.c.incident_id, func.min(actions.c.claimed_at).label("claimed_at"))
        .where(actions.c.undo_of == "")
        .group_by(actions.c.incident_id)
        .subquery()
    )
    instants = (asked.c.asked_at, asked.c.answered_at, written.c.claimed_at)
    return (
        select(*columns, incidents.c.decision, *instants)
        .outerjoin(asked, asked.c.incident_id == incidents.c.id)
        .outerjoin(written, written.c.incident_id == incidents.c.id)
        .where(incidents.c.merged_into == "", REAL)
        .order_by(desc(incidents.c.began_at), desc(incidents.c.id))
        .limit(limit)
    )


def _run(row: Row[Any], said: tuple[str, ...]) -> PastRun:
    fields = dict(row._mapping)
    decision = fields.pop("decision") or {}
    rules = tuple(str(words).partition(":")[0] for words in decision.get("blocked_by", ()))
    return PastRun(**fields, decider=decision.get("decider", ""), blocked_by=rules, marks=said)
