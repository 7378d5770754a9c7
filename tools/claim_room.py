"""Is there still room for one more write? Asked in the transaction that claims it, so that no two take the last place.

Policy has asked before, and says why; but between its look and the claim other runs may have claimed. Writers come
one after another, so that what is counted here is what there is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from tools.errors import Crowded
from tools.records import Record
from tools.schema import actions, incidents


class Room(Record):
    """What a claim must leave room for. Budgets are for writes that nobody approved."""

    automatic: bool
    in_flight: int = 2
    cluster_hour: int = 6
    cluster_day: int = 20
    namespace_hour: int = 4
    namespace_day: int = 12


def make_sure(
    connection: Connection, room: Room, *, incident_id: str, target_uid: str, namespace: str, at: datetime
) -> None:
    """Raises Crowded, which names the rule of policy that would now stand in the way."""
    under_way = _under_way(connection, incident_id)
    if target_uid in [uid for uid, _ in under_way]:
        raise Crowded(
            "another write on this workload was begun meanwhile", rule="write_in_flight", asks=False
        )
    if not room.automatic:
        return
    spaces = [space for _, space in under_way]
    if namespace in spaces or len(under_way) >= room.in_flight:
        raise Crowded("another write was begun meanwhile", rule="write_in_flight")
    hour, day = timedelta(hours=1), timedelta(days=1)
    for rule, space, span, most in (
        ("cluster_budget", "", hour, room.cluster_hour),
        ("cluster_budget", "", day, room.cluster_day),
        ("namespace_budget", namespace, hour, room.namespace_hour),
        ("namespace_budget", namespace, day, room.namespace_day),
    ):
        done = _automatic(connection, at - span, space)
        if done >= most and (space or rule == "cluster_budget"):
            raise Crowded(f"{done} automatic writes were claimed meanwhile", rule=rule)


def _under_way(connection: Connection, incident_id: str) -> list[tuple[str, str]]:
    """uid and namespace of every target whose write is being judged, of other incidents."""
    open_ = select(incidents.c.id).where(incidents.c.ended_at.is_(None))
    query = select(actions.c.target_uid, actions.c.namespace).where(
        actions.c.verdict == "", actions.c.incident_id != incident_id, actions.c.incident_id.in_(open_)
    )
    return [(row.target_uid, row.namespace) for row in connection.execute(query)]


def _automatic(connection: Connection, since: datetime, namespace: str) -> int:
    query = select(func.count()).where(
        actions.c.claimed_at >= since, actions.c.automatic, actions.c.undo_of == ""
    )
    if namespace:
        query = query.where(actions.c.namespace == namespace)
    return int(connection.execute(query).scalar_one())
