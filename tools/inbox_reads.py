"""What the record knows about the alerts of one body: a few statements per 500 alerts, however many come.

Statements are built once: to build one takes four times as long as to run it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from tools.incident_endings import covers
from tools.incident_rows import chunks, standing_for
from tools.joining import AlertRow, Known, Place
from tools.records import Alert
from tools.schema import alerts, episode_keys, incidents
from tools.workload_key import workload_key

_GIVEN: BindParameter[Any] = bindparam("given", expanding=True)
_NEWEST_IDS = (
    select(func.max(alerts.c.id)).where(alerts.c.fingerprint.in_(_GIVEN)).group_by(alerts.c.fingerprint)
)
_NEWEST = select(
    alerts.c.id,
    alerts.c.fingerprint,
    alerts.c.status,
    alerts.c.starts_at,
    alerts.c.last_seen,
    alerts.c.incident_id,
    alerts.c.episode_id,
    alerts.c.ends_at,
    alerts.c.resolved_at,
    alerts.c.times,
).where(alerts.c.id.in_(_NEWEST_IDS))
_OPEN_RUNS = (
    select(
        episode_keys.c.workload_key,
        incidents.c.id,
        incidents.c.episode_id,
        incidents.c.status,
        incidents.c.problem,
        incidents.c.ended_at,
        incidents.c.looked_at,
    )
    .join(incidents, incidents.c.episode_id == episode_keys.c.episode_id)
    .where(episode_keys.c.workload_key.in_(_GIVEN), incidents.c.merged_into == "")
    .order_by(incidents.c.began_at, incidents.c.id)
)
_NAMES = select(alerts.c.incident_id, alerts.c.alert_name).where(alerts.c.incident_id.in_(_GIVEN)).distinct()
_LAST = (
    select(incidents.c.workload_key, func.max(incidents.c.began_at).label("at"))
    .where(incidents.c.workload_key.in_(_GIVEN))
    .group_by(incidents.c.workload_key)
    .subquery()
)
_PREVIOUS = select(incidents.c.id, incidents.c.workload_key, incidents.c.merged_into).join(
    _LAST, (incidents.c.workload_key == _LAST.c.workload_key) & (incidents.c.began_at == _LAST.c.at)
)


def read_known(connection: Connection, given: Sequence[Alert]) -> Known:
    """Everything that `tools.joining` decides from."""
    known = Known()
    for fingerprints in chunks({alert.fingerprint for alert in given}):
        known.latest |= _latest(connection, fingerprints)
    keys = {workload_key(alert.labels) for alert in given if alert.status == "firing"}
    for some in chunks(keys):
        known.places |= _places(connection, some)
    for some in chunks(keys - set(known.places)):
        known.previous |= _previous(connection, some)
    return known


def _latest(connection: Connection, fingerprints: Iterable[str]) -> dict[str, AlertRow]:
    newest = connection.execute(_NEWEST, {"given": list(fingerprints)})
    return {row.fingerprint: AlertRow(**row._mapping) for row in newest}


def _places(connection: Connection, keys: Iterable[str]) -> dict[str, Place]:
    places = {}
    for row in connection.execute(_OPEN_RUNS, {"given": list(keys)}):
        places[row.workload_key] = Place(
            incident_id=row.id,
            episode_id=row.episode_id,
            ended=row.ended_at is not None,
            covers=row.ended_at is not None and covers(row.status, row.problem),
            looked_at=row.looked_at,
        )
    judged = [place for place in places.values() if place.covers]
    if judged:
        _read_names(connection, judged)
    return places


def _read_names(connection: Connection, places: Sequence[Place]) -> None:
    names: dict[str, set[str]] = {}
    for row in connection.execute(_NAMES, {"given": [place.incident_id for place in places]}):
        names.setdefault(row.incident_id, set()).add(row.alert_name)
    for place in places:
        place.names = frozenset(names.get(place.incident_id, ()))


def _previous(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    rows = connection.execute(_PREVIOUS, {"given": list(keys)}).all()
    return {row.workload_key: standing_for(connection, row.id) if row.merged_into else row.id for row in rows}
