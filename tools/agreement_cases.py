"""Decided incidents with what people said of them and what was seen afterwards: the cases of agreement.

Left out are tests, undos, what people asked for themselves, and incidents that became part of another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import desc, select

from tools.database import Database
from tools.incident_rows import REAL
from tools.records import Record
from tools.schema import aftermaths, approvals, incidents, marks

MOST = 5000
"""Incidents that are read, the newest ones."""
_ASKED = ("act", "ask")


class Case(Record):
    """One incident."""

    incident_id: str
    action: str
    """What the agent did or would have done; empty: nothing."""
    problem: str
    workload: str
    at: datetime
    mark: Literal["right", "wrong", ""] = ""
    """The newest one that is more than a note."""
    answer: Literal["approved", "rejected", ""] = ""
    seen: Literal["same", "other", "nothing", "unknown", ""] = ""
    """What people did; empty: nobody has looked."""
    resolved: bool = False


def cases(database: Database, since: datetime, *, without: Collection[str] = ()) -> list[Case]:
    """Of decisions made since then; `without`: problem classes that count for nobody. Raises StoreError."""
    columns = ("id", "action", "problem", "workload_key", "route", "decided_at")
    query = (
        select(*(incidents.c[name] for name in columns))
        .where(incidents.c.decided_at >= since)
        .where(incidents.c.merged_into == "", incidents.c.status != "ignored", REAL)
        .where(incidents.c.problem != "", incidents.c.problem.not_in(tuple(without)))
        .order_by(desc(incidents.c.decided_at))
        .limit(MOST)
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
        said = _newest(connection.execute(_MARKS.where(marks.c.at >= since)), "mark")
        answered = _newest(connection.execute(_ANSWERS.where(approvals.c.decided_at >= since)), "state")
        seen = connection.execute(select(aftermaths).where(aftermaths.c.seen_at >= since)).all()
    looked = {row.incident_id: row for row in seen}
    found = (_case(row, said, answered, looked.get(row.id)) for row in rows)
    return [case for case in found if case is not None]


_MARKS = (
    select(marks.c.incident_id, marks.c.mark)
    .where(marks.c.mark.in_(("right", "wrong")))
    .order_by(marks.c.at, marks.c.id)
)
_ANSWERS = (
    select(approvals.c.incident_id, approvals.c.state)
    .where(approvals.c.state.in_(("approved", "rejected")))
    .order_by(approvals.c.decided_at)
)


def _newest(rows: Iterable[Any], column: str) -> dict[str, str]:
    """The last one of each incident: they come oldest first."""
    return {row.incident_id: row._mapping[column] for row in rows}


def _case(row: Any, said: dict[str, str], answered: dict[str, str], seen: Any) -> Case | None:
    """None: an action was decided and not offered, and whether it would have been done was not looked at."""
    if row.action and row.route not in _ASKED and seen is None:
        return None
    told = {"mark": said.get(row.id, ""), "answer": answered.get(row.id, "")}
    after = {"action": seen.action, "seen": seen.outcome, "resolved": seen.resolved} if seen else {}
    kept = {"incident_id": row.id, "action": row.action, "problem": row.problem, "workload": row.workload_key}
    return Case.model_validate({**kept, "at": row.decided_at, **told, **after})
