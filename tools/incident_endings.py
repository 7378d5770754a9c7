"""How a run ends, and what becomes of alerts that it never saw.

While a run goes on, alerts of its workload join it. One that joins after the run last looked at the cluster
would end unread with it; it opens a new incident that knows this one. Except: the same alert of another pod
that was firing already when the run looked is what the run has just judged (thirty pods of one Deployment
arrive one by one).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from tools.incident_rows import COVERING, add_lines, alert_from, chunks, line, new_incident
from tools.records import Verdict
from tools.schema import alerts, incidents
from tools.targets_claimed import release


def covers(status: str, problem: str) -> bool:
    """Whether a run that ended so has judged the workload as it was when it looked."""
    return status in COVERING and problem != "recovered_by_itself"


def end_run(connection: Connection, row: Row[Any], status: str, text: str, now: datetime) -> None:
    """End the run of `row`, unless it has ended."""
    if row.ended_at is not None:
        return
    ended = {"status": status, "ended_at": now, "updated_at": now, "wake_at": None}
    connection.execute(update(incidents).where(incidents.c.id == row.id).values(ended))
    release(connection, row.id)
    add_lines(connection, [line(row.id, now, "status", text or status)])
    unseen = _unseen(connection, row, status)
    if unseen:
        _open_next(connection, row, unseen, now)


def judge_again(connection: Connection, row: Row[Any], verdict: Verdict, status: str, now: datetime) -> None:
    """Another verdict and another ending for a run that has ended; the memory is to learn it anew."""
    if row.ended_at is None or (row.verdict, row.verdict_reason) == (verdict.name, verdict.reason):
        return
    told = {"verdict": verdict.name, "verdict_reason": verdict.reason, "status": status}
    values = {**told, "updated_at": now, "memory": ""}
    connection.execute(update(incidents).where(incidents.c.id == row.id).values(values))
    add_lines(connection, [line(row.id, now, "verdict", f"{verdict.name}: {verdict.reason}")])


def _unseen(connection: Connection, row: Row[Any], status: str) -> Sequence[Row[Any]]:
    looked_at = row.looked_at or row.began_at
    ours = alerts.c.incident_id == row.id
    late = select(alerts).where(ours, alerts.c.status == "firing", alerts.c.joined_at > looked_at)
    rows = connection.execute(late.order_by(alerts.c.id)).all()
    if not rows or not covers(status, row.problem):
        return rows
    seen = select(alerts.c.alert_name).where(ours, alerts.c.joined_at <= looked_at).distinct()
    names = set(connection.execute(seen).scalars())
    return [late for late in rows if late.alert_name not in names or late.starts_at >= looked_at]


def _open_next(connection: Connection, row: Row[Any], unseen: Sequence[Row[Any]], now: datetime) -> None:
    following = new_incident(
        alert_from(unseen[0]),
        episode_id=row.episode_id,
        key=row.workload_key,
        workload=row.workload,
        previous_id=row.id,
        now=now,
    )
    connection.execute(insert(incidents).values(following))
    for ids in chunks(alert.id for alert in unseen):
        moved = update(alerts).where(alerts.c.id.in_(ids))
        connection.execute(moved.values(incident_id=following["id"], joined_at=now))
    names = ", ".join(sorted({alert.alert_name for alert in unseen}))
    add_lines(
        connection,
        [
            line(row.id, now, "alerts", f"{names}: came too late for this run, goes on as {following['id']}"),
            line(following["id"], now, "alerts", f"{names}: came as {row.id} was ending"),
        ],
    )
