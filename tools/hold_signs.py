"""Signs in the record that more is wrong than one workload: counted by a few indexed reads, never guessed.

What counts is what was there at the instant that is asked about, so that an incident decided again later sees the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import func, or_, select

from tools.database import Database
from tools.incident_rows import REAL
from tools.manual_alerts import NAME
from tools.records import Record
from tools.resources import NODES
from tools.schema import alerts, incidents, revisions
from tools.synthetic import ACTION_NAME, TEST_NAME

WATCHDOG = "Watchdog"
BY_PEOPLE = (NAME, ACTION_NAME, TEST_NAME)
"""Alerts that people make: five of them are a busy person and no outage. A run that is proposed anew has old alerts."""
SIGHTED = timedelta(minutes=10)
"""Workloads that were seen within this time are there."""


class Heard(Record):
    """What is known of Watchdog, the alert that always fires."""

    firing: bool
    last: datetime
    """When it was heard of last, or resolved."""
    every: timedelta | None = None
    """How often it has been repeated so far; None: heard once only."""


class Signs(Protocol):
    """What a hold is decided by, out of the record."""

    def struck(self, since: datetime, now: datetime, most: int) -> tuple[str, ...]:
        """Workloads with a new incident that may need an action, `namespace/name`, each once; `most` at the most."""
        ...

    def workloads(self, now: datetime) -> int:
        """How many workloads were seen lately; fewer than there are, where some kinds are not looked at."""
        ...

    def firing(self, names: Collection[str], prefixes: Collection[str], since: datetime | None) -> list[str]:
        """Names of alerts that fire now, of these names or beginning so; first seen after `since`, if it is given."""
        ...

    def watchdog(self, now: datetime) -> Heard | None:
        """None: it has never been heard of, and its absence says nothing."""
        ...


class SqlSigns:
    """Signs in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def struck(self, since: datetime, now: datetime, most: int) -> tuple[str, ...]:
        """Undecided ones count: what is not told yet may be part of it. Tests, what has recovered by itself, what
        was ignored and what only people asked for do not; nodes have a rule of their own.
        """
        news = select(alerts.c.id).where(
            alerts.c.incident_id == incidents.c.id,
            alerts.c.first_seen > since,
            alerts.c.first_seen <= now,
            alerts.c.alert_name.not_in(BY_PEOPLE),
        )
        began = select(incidents.c.target_uid, incidents.c.target_namespace, incidents.c.target_name).where(
            incidents.c.began_at > since,
            incidents.c.began_at <= now,
            incidents.c.target_uid != "",
            incidents.c.target_kind != NODES.kind,
            incidents.c.merged_into == "",
            incidents.c.status != "ignored",
            incidents.c.problem != "recovered_by_itself",
            REAL,
            news.exists(),
        )
        with self._database.read() as connection:
            rows = connection.execute(began.distinct().limit(most)).all()
        return tuple(
            sorted({row.target_uid: f"{row.target_namespace}/{row.target_name}" for row in rows}.values())
        )

    def workloads(self, now: datetime) -> int:
        seen = select(func.count(revisions.c.workload_uid.distinct()))
        with self._database.read() as connection:
            lately = seen.where(revisions.c.last_seen > now - SIGHTED, revisions.c.last_seen <= now)
            return int(connection.execute(lately).scalar_one())

    def firing(self, names: Collection[str], prefixes: Collection[str], since: datetime | None) -> list[str]:
        ours = or_(
            alerts.c.alert_name.in_(sorted(names)),
            *(alerts.c.alert_name.between(each, f"{each}\uffff") for each in sorted(prefixes)),
        )
        found = select(alerts.c.alert_name).distinct().where(alerts.c.status == "firing", ours)
        if since is not None:
            found = found.where(alerts.c.first_seen > since)
        with self._database.read() as connection:
            return sorted(connection.execute(found).scalars())

    def watchdog(self, now: datetime) -> Heard | None:
        heard = select(alerts).where(alerts.c.alert_name == WATCHDOG, alerts.c.first_seen <= now)
        with self._database.read() as connection:
            rows = connection.execute(heard.order_by(alerts.c.id.desc()).limit(20)).all()
        if not rows:
            return None
        row = next((one for one in rows if one.status == "firing"), rows[0])
        gaps = row.times - 1
        every = (row.last_seen - row.first_seen) / gaps if gaps > 0 else None
        return Heard(firing=row.status == "firing", last=row.last_seen, every=every)
