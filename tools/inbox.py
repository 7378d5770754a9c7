"""The inbox: a body's alerts into the record, all in one transaction or not at all (durability.md R1).

No cluster, no graph, no network: what it decides, it decides from labels and from what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from tools.alertmanager import InvalidAlert, Parsed
from tools.clock import Clock
from tools.database import Database
from tools.errors import Refused
from tools.inbox_reads import read_known
from tools.incident_rows import add_lines, alert_from, chunks, line, new_id, new_incident, nudge
from tools.joining import AlertRow, Batch, Opening
from tools.records import Record
from tools.requested_actions import RequestedAction, bind, hand_on
from tools.schema import alerts, episode_keys, episodes, incidents
from tools.shared_commit import SharedCommit
from tools.targets_claimed import row_of
from tools.workload_key import workload_of

_CHANGES = ("status", "starts_at", "ends_at", "resolved_at", "last_seen", "times")
_ADD_ALERTS = insert(alerts)
_CHANGE_ALERTS = (
    update(alerts)
    .where(alerts.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in _CHANGES})
)


class Accepted(Record):
    """What became of one body. Every alert is counted once; `opened` counts those that opened an incident."""

    incident_ids: tuple[str, ...] = ()
    opened: int = 0
    joined: int = 0
    repeated: int = 0
    resolved: int = 0
    ignored: int = 0
    invalid: int = 0
    wake: tuple[str, ...] = ()
    """Runs that are due now: opened ones, and those whose alerts have all resolved."""


class Inbox:
    """Accepts alerts. Safe between threads and, with one database, between processes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._commits: SharedCommit[Accepted] = SharedCommit(database)

    def accept(self, parsed: Parsed, *, asked: RequestedAction | None = None) -> Accepted:
        """Store a body, in one commit with those that wait beside it. Raises StoreError: nothing of it is stored.

        `asked`: the action that a person wants, kept with the incident that the body opens.
        """
        return self._commits.do(lambda connection: self._take(connection, parsed, asked))

    def _take(self, connection: Connection, parsed: Parsed, asked: RequestedAction | None) -> Accepted:
        now = self._clock.now()
        batch = Batch(read_known(connection, parsed.alerts), now, new_id)
        for alert in parsed.alerts:
            batch.take(alert)
        _open(connection, batch.openings, now)
        if asked:
            bind(connection, batch.openings[0].place.incident_id, asked)
        _insert(connection, batch.fresh, now)
        _insert_invalid(connection, parsed.invalid, now)
        _update(connection, batch.changed())
        _tell(connection, batch, now)
        quiet = _settle(connection, batch, now)
        opened = [opening.place.incident_id for opening in batch.openings]
        return Accepted(
            incident_ids=tuple(batch.incident_ids),
            opened=len(opened),
            invalid=len(parsed.invalid),
            wake=tuple(dict.fromkeys([*opened, *quiet])),
            **batch.counts,
        )

    def reopen(self, incident_id: str) -> str:
        """A new run over the alerts of an ended one that still fire; returns its id.

        Asked twice, there is one new run. Raises NotFound, and Refused when the run goes on or nothing fires.
        """
        with self._database.write() as connection:
            row = row_of(connection, incident_id)
            following = select(incidents.c.id).where(
                incidents.c.previous_id == incident_id, incidents.c.ended_at.is_(None)
            )
            if found := connection.execute(following).scalar():
                return str(found)
            if row.ended_at is None:
                raise Refused(f"incident {incident_id} has not ended: its run goes on by itself")
            ours = select(alerts).where(alerts.c.incident_id == incident_id, alerts.c.status == "firing")
            firing = connection.execute(ours.order_by(alerts.c.id)).all()
            if not firing:
                raise Refused(
                    f"no alert of incident {incident_id} fires any more: there is nothing to decide"
                )
            return _run_again(connection, row, firing, self._clock.now())


def _run_again(connection: Connection, row: Any, firing: Sequence[Any], now: datetime) -> str:
    following = new_incident(
        alert_from(firing[0]),
        episode_id=row.episode_id,
        key=row.workload_key,
        workload=row.workload,
        previous_id=row.id,
        now=now,
    )
    connection.execute(insert(incidents).values(following))
    hand_on(connection, row.id, str(following["id"]))
    for ids in chunks(alert.id for alert in firing):
        moved = update(alerts).where(alerts.c.id.in_(ids))
        connection.execute(moved.values(incident_id=following["id"], joined_at=now))
    add_lines(
        connection,
        [
            line(row.id, now, "reopened", f"a person asked for a new run: {following['id']}"),
            line(following["id"], now, "reopened", f"a person asked for a new run after {row.id}"),
        ],
    )
    return str(following["id"])


def _open(connection: Connection, openings: Sequence[Opening], now: datetime) -> None:
    new = [opening for opening in openings if opening.new_episode]
    if new:
        opened = [{"id": o.place.episode_id, "workload_key": o.key, "opened_at": now} for o in new]
        keys = [{"workload_key": o.key, "episode_id": o.place.episode_id} for o in new]
        connection.execute(insert(episodes), opened)
        connection.execute(insert(episode_keys), keys)
    if openings:
        connection.execute(insert(incidents), [_incident(opening, now) for opening in openings])


def _incident(opening: Opening, now: datetime) -> dict[str, Any]:
    row = new_incident(
        opening.alert,
        episode_id=opening.place.episode_id,
        key=opening.key,
        workload=workload_of(opening.alert.labels)[1],
        previous_id=opening.previous_id,
        now=now,
    )
    return row | {"id": opening.place.incident_id}


def _insert(connection: Connection, rows: Iterable[AlertRow], now: datetime) -> None:
    values = [
        {
            "fingerprint": row.fingerprint,
            "status": row.status,
            "incident_id": row.incident_id,
            "episode_id": row.episode_id,
            "alert_name": row.alert.name,
            "severity": row.alert.severity,
            "namespace": row.alert.labels.get("namespace", ""),
            "labels": row.alert.labels,
            "annotations": row.alert.annotations,
            "generator_url": row.alert.generator_url,
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "first_seen": now,
            "last_seen": row.last_seen,
            "joined_at": now if row.incident_id else None,
            "resolved_at": row.resolved_at,
            "times": row.times,
            "note": row.note,
        }
        for row in rows
        if row.alert is not None
    ]
    if values:
        connection.execute(_ADD_ALERTS, values)


def _insert_invalid(connection: Connection, invalid: Sequence[InvalidAlert], now: datetime) -> None:
    values = [
        {
            "status": "invalid",
            "labels": {},
            "annotations": {"excerpt": bad.excerpt},
            "first_seen": now,
            "last_seen": now,
            "note": bad.reason,
        }
        for bad in invalid
    ]
    if values:
        connection.execute(insert(alerts), values)


def _update(connection: Connection, rows: Sequence[AlertRow]) -> None:
    if rows:
        connection.execute(
            _CHANGE_ALERTS,
            [{"row_id": row.id, **{name: getattr(row, name) for name in _CHANGES}} for row in rows],
        )


def _tell(connection: Connection, batch: Batch, now: datetime) -> None:
    opened = [
        line(o.place.incident_id, now, "alert", f"{o.alert.name or 'an alert without a name'} fires")
        for o in batch.openings
    ]
    joined = [line(at, now, "alert", f"{_names(names)} joined") for at, names in batch.joins.items()]
    ended = [line(at, now, "alert", f"{_names(names)} resolved") for at, names in batch.ends.items()]
    add_lines(connection, opened + joined + ended)


def _names(names: Sequence[str]) -> str:
    counted = {name: names.count(name) for name in sorted(set(names))}
    return ", ".join(f"{name} ({count} times)" if count > 1 else name for name, count in counted.items())


def _settle(connection: Connection, batch: Batch, now: datetime) -> list[str]:
    """Close the episodes whose alerts have all resolved; make their runs due, so that they can withdraw."""
    quiet: list[str] = []
    for ids in chunks(batch.ends):
        firing = select(alerts.c.incident_id).where(
            alerts.c.status == "firing", alerts.c.incident_id.in_(ids)
        )
        loud = set(connection.execute(firing.distinct()).scalars())
        of_these = select(incidents.c.id, incidents.c.episode_id, incidents.c.ended_at)
        rows = connection.execute(of_these.where(incidents.c.id.in_(set(ids) - loud))).all()
        quiet += [row.id for row in rows if row.ended_at is None]
        _close(connection, {row.episode_id for row in rows}, now)
    nudge(connection, quiet, now)
    add_lines(connection, [line(at, now, "alert", "all its alerts have resolved") for at in quiet])
    return quiet


def _close(connection: Connection, episode_ids: set[str], now: datetime) -> None:
    firing = select(alerts.c.episode_id).where(
        alerts.c.status == "firing", alerts.c.episode_id.in_(episode_ids)
    )
    over = episode_ids - set(connection.execute(firing.distinct()).scalars())
    if over:
        closing = update(episodes).where(episodes.c.id.in_(over), episodes.c.closed_at.is_(None))
        connection.execute(closing.values(closed_at=now))
        connection.execute(delete(episode_keys).where(episode_keys.c.episode_id.in_(over)))
