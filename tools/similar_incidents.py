"""Which ended incidents teach something about a new one, as our own ledger tells them. Callers own the connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, desc, not_, select

from tools.incident_rows import REAL
from tools.records import Similar, Target
from tools.schema import incidents, marks

_TOLD = and_(incidents.c.ended_at.is_not(None), incidents.c.merged_into == "", REAL)


def similar(connection: Connection, target: Target | None, problem: str, limit: int) -> list[Similar]:
    """The same workload's of the same class, of other classes, then the same class elsewhere; each newest first.

    In this order, so that what failed on this workload is never cut off by what else happened there.
    """
    same_class = incidents.c.problem == problem
    wanted = []
    if target is not None:
        wanted += [and_(_on(target), same_class), and_(_on(target), not_(same_class))]
    if problem:
        wanted.append(and_(not_(_on(target)), same_class) if target is not None else same_class)
    rows: list[Row[Any]] = []
    for condition in wanted:
        newest = select(incidents).where(_TOLD, condition).order_by(desc(incidents.c.ended_at))
        rows += connection.execute(newest.limit(limit - len(rows))) if len(rows) < limit else ()
    return _told(connection, rows, target)


def known(connection: Connection, incident_ids: Sequence[str], target: Target | None) -> list[Similar]:
    """Those of these ids that are ended incidents of our own, in no order."""
    ours = select(incidents).where(_TOLD, incidents.c.id.in_(incident_ids))
    return _told(connection, connection.execute(ours).all(), target)


def _on(target: Target) -> Any:
    return and_(
        incidents.c.target_namespace == target.namespace,
        incidents.c.target_name == target.name,
        incidents.c.target_kind == target.kind,
    )


def _told(connection: Connection, rows: Sequence[Row[Any]], target: Target | None) -> list[Similar]:
    told = select(marks).where(marks.c.incident_id.in_([row.id for row in rows])).order_by(marks.c.id)
    kept = connection.execute(told).all() if rows else []
    said = {mark.incident_id: _words(mark) for mark in kept}
    judged = {mark.incident_id: mark.mark for mark in kept if mark.mark in ("right", "wrong")}
    return [_similar(row, target, said.get(row.id, ""), judged.get(row.id, "")) for row in rows]


def _words(mark: Row[Any]) -> str:
    better = f"; better: {mark.better_action}" if mark.better_action else ""
    return f"{mark.mark}{better}{f': {mark.note}' if mark.note else ''}"


def _similar(row: Row[Any], target: Target | None, note: str, mark: Any) -> Similar:
    workload = (row.target_namespace, row.target_kind, row.target_name)
    return Similar(
        incident_id=row.id,
        problem=row.problem,
        action=row.action_taken,
        verdict=row.verdict,
        same_workload=target is not None and workload == (target.namespace, target.kind, target.name),
        closed_at=row.ended_at,
        note=note,
        decided=row.action,
        mark=mark,
    )
