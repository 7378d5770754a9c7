"""One unmerged run per target: claimed on a row with a unique uid, else merged into the run that holds it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from tools.database import insert_if_absent
from tools.errors import Invalid, NotFound
from tools.incident_rows import add_lines, last_on_target, line, nudge, standing_for
from tools.records import Target
from tools.schema import alerts, claimed_targets, episode_keys, episodes, incidents
from tools.synthetic import is_key_of_test
from tools.undo_keys import undone_write

_ROW = select(incidents).where(incidents.c.id == bindparam("incident_id"))
_HOLDER = select(claimed_targets.c.incident_id).where(claimed_targets.c.uid == bindparam("target_uid"))


def claim(connection: Connection, incident_id: str, target: Target, now: datetime) -> str:
    """The id of the incident that owns `target` now: `incident_id`, or the one it was merged into.

    A test owns nothing and merges into nothing, nor does an undo on request: it only says what it is about.
    """
    if not target.uid:
        raise Invalid(f"{target.kind} {target.namespace}/{target.name} has no uid: it cannot be claimed")
    ours = row_of(connection, incident_id)
    if ours.merged_into:
        return standing_for(connection, incident_id)
    if ours.ended_at is not None:
        return incident_id
    if is_key_of_test(ours.workload_key) or undone_write(ours.workload_key):
        _name_target(connection, ours, target, now, previous_id=ours.previous_id)
        return incident_id
    holder = _holder(connection, target.uid)
    previous_id = ours.previous_id or last_on_target(connection, target, other_than=ours.id)
    _name_target(connection, ours, target, now, previous_id=previous_id)
    if holder is None:
        release(connection, incident_id)
        values = {"uid": target.uid, "incident_id": incident_id, "claimed_at": now}
        connection.execute(insert(claimed_targets).values(values))
        return incident_id
    if holder != incident_id:
        _merge(connection, ours, row_of(connection, holder), now)
    return holder


def release(connection: Connection, incident_id: str) -> None:
    """Let another run claim what this one held."""
    connection.execute(delete(claimed_targets).where(claimed_targets.c.incident_id == incident_id))


def row_of(connection: Connection, incident_id: str) -> Row[Any]:
    """The incident's row. Raises NotFound."""
    row = connection.execute(_ROW, {"incident_id": incident_id}).first()
    if row is None:
        raise NotFound(f"there is no incident {incident_id}")
    return row


def _holder(connection: Connection, uid: str) -> str | None:
    return connection.execute(_HOLDER, {"target_uid": uid}).scalar()


def _name_target(
    connection: Connection, ours: Row[Any], target: Target, now: datetime, *, previous_id: str
) -> None:
    named = {
        "target": target.model_dump(mode="json"),
        "target_kind": target.kind,
        "target_namespace": target.namespace,
        "target_name": target.name,
        "target_uid": target.uid,
        "workload": target.name,
        "updated_at": now,
        "previous_id": previous_id,
    }
    connection.execute(update(incidents).where(incidents.c.id == ours.id).values(named))


def _merge(connection: Connection, loser: Row[Any], winner: Row[Any], now: datetime) -> None:
    """Alerts, episode and timeline of `loser` go on in `winner`."""
    _unify_episodes(connection, loser.episode_id, winner, now)
    moved = update(alerts).where(alerts.c.incident_id == loser.id)
    count = connection.execute(
        moved.values(incident_id=winner.id, episode_id=winner.episode_id, joined_at=now)
    ).rowcount
    release(connection, loser.id)
    ended = {
        "status": "merged",
        "merged_into": winner.id,
        "ended_at": now,
        "updated_at": now,
        "wake_at": None,
    }
    connection.execute(update(incidents).where(incidents.c.id == loser.id).values(ended))
    firing = _firing(connection, alerts.c.incident_id == winner.id)
    if firing:
        _keep_open(connection, winner)
    else:
        nudge(connection, [winner.id], now)
    add_lines(
        connection,
        [
            line(loser.id, now, "status", f"merged into {winner.id}: the same target"),
            line(winner.id, now, "merged", f"{loser.id} joined with {count} alert(s): the same target"),
        ],
    )


def _unify_episodes(connection: Connection, loser: str, winner: Row[Any], now: datetime) -> None:
    if loser == winner.episode_id:
        return
    for table in (alerts, incidents, episode_keys):
        connection.execute(
            update(table).where(table.c.episode_id == loser).values(episode_id=winner.episode_id)
        )
    gone = update(episodes).where(episodes.c.id == loser)
    connection.execute(
        gone.values(closed_at=func.coalesce(episodes.c.closed_at, now), merged_into=winner.episode_id)
    )


def _keep_open(connection: Connection, winner: Row[Any]) -> None:
    """An episode that had closed while its run went on is open again: an alert of it fires."""
    episode = winner.episode_id
    reopened = update(episodes).where(episodes.c.id == episode, episodes.c.closed_at.is_not(None))
    if connection.execute(reopened.values(closed_at=None)).rowcount:
        insert_if_absent(
            connection, episode_keys, {"workload_key": winner.workload_key, "episode_id": episode}
        )


def _firing(connection: Connection, condition: Any) -> int:
    query = select(func.count()).select_from(alerts).where(condition, alerts.c.status == "firing")
    return connection.execute(query).scalar() or 0
