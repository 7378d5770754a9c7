"""What people thought of decisions: approvals that they answered, and marks that they left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import desc, select

from tools.database import Database
from tools.incident_rows import REAL
from tools.records import Record
from tools.schema import approvals, incidents, marks

MOST = 5000


class Opinion(Record):
    """One answer or mark about an action that was proposed for a problem class."""

    action: str
    problem: str
    agreed: bool
    at: datetime


def opinions(database: Database, since: datetime) -> list[Opinion]:
    """The newest of each sort since then, of incidents that were no test. Raises StoreError."""
    what = (incidents.c.action, incidents.c.problem)
    answered = (
        select(*what, (approvals.c.state == "approved").label("agreed"), approvals.c.decided_at.label("at"))
        .join(incidents, incidents.c.id == approvals.c.incident_id)
        .where(approvals.c.state.in_(("approved", "rejected")), approvals.c.decided_at >= since)
        .order_by(desc(approvals.c.decided_at))
    )
    marked = (
        select(*what, (marks.c.mark == "right").label("agreed"), marks.c.at)
        .join(incidents, incidents.c.id == marks.c.incident_id)
        .where(marks.c.mark.in_(("right", "wrong")), marks.c.at >= since)
        .order_by(desc(marks.c.at))
    )
    found: list[Opinion] = []
    with database.read() as connection:
        for query in (answered, marked):
            rows = connection.execute(query.where(incidents.c.action != "", REAL).limit(MOST))
            found += [Opinion(**row._mapping) for row in rows]
    return found
