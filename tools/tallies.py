"""Counts over the record, for metrics: they survive restarts because they are read, not kept.

What has ended is counted once and remembered, so a scrape reads only what has ended since the one before.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, case, func, select

from tools.database import Database
from tools.incident_rows import REAL
from tools.records import Record
from tools.schema import actions, aftermaths, alerts, approvals, incidents, outbox

STAGE_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Upper bounds of the buckets of stage durations, in seconds."""


class Tally(Record):
    """How many rows have these labels, in the order that the field's docstring names them."""

    labels: tuple[str, ...]
    count: int


class Stage(Record):
    """How long something took, as a histogram."""

    name: str
    """`decision`: alert in to decision recorded. `approval`: asked to answered. `run`: alert in to end."""
    cumulative: tuple[int, ...]
    """For each of STAGE_BOUNDS, and one more for everything."""
    seconds: float


class Counts(Record):
    """Everything that is counted, at one instant."""

    alerts: tuple[Tally, ...] = ()
    """result: `received` counts every copy, `deduplicated` those known before, `ignored` those without a run."""
    ended: tuple[Tally, ...] = ()
    """problem, route, outcome of incidents that have ended; tests are left out of this and of what is below it that
    tells of decisions and of stages."""
    running: tuple[Tally, ...] = ()
    """status of incidents that have not."""
    approvals: tuple[Tally, ...] = ()
    """state."""
    actions: tuple[Tally, ...] = ()
    """action, and `automatic` or `approved` or `undo`."""
    verdicts: tuple[Tally, ...] = ()
    """action, verdict."""
    blocked: tuple[Tally, ...] = ()
    """rule."""
    decisions: tuple[Tally, ...] = ()
    """decider, route."""
    aftermaths: tuple[Tally, ...] = ()
    """action that would have been taken, or `none`; what people did: `same`, `other`, `nothing`, `unknown`."""
    sent: tuple[Tally, ...] = ()
    """kind."""
    unsent: tuple[Tally, ...] = ()
    """kind, and `waiting` or `failing`."""
    stages: tuple[Stage, ...] = ()
    inbox_depth: int = 0
    oldest_pending: datetime | None = None
    oldest_unhandled: datetime | None = None


class Tallies(Protocol):
    """Counts of the record."""

    def count(self) -> Counts:
        """Raises StoreError."""
        ...


class _Durations:
    """One histogram that grows."""

    def __init__(self) -> None:
        self._counts = [0] * (len(STAGE_BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, start: datetime | None, end: datetime | None) -> None:
        if start is None or end is None:
            return
        seconds = max(0.0, (end - start).total_seconds())
        self._counts[bisect_left(STAGE_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def stage(self, name: str) -> Stage:
        cumulative, total = [], 0
        for count in self._counts:
            total += count
            cumulative.append(total)
        return Stage(name=name, cumulative=tuple(cumulative), seconds=self._seconds)


class _Ended:
    """What is remembered of ended incidents."""

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, ...]] = Counter()
        self.deciders: Counter[tuple[str, ...]] = Counter()
        self.rules: Counter[tuple[str, ...]] = Counter()
        self.to_decision = _Durations()
        self.whole = _Durations()
        self._newest: datetime | None = None
        self._at_newest: set[str] = set()

    def read(self, connection: Connection) -> None:
        """Add what ended since the last call."""
        columns = ("id", "problem", "route", "status", "began_at", "decided_at", "ended_at", "decision")
        query = select(*(incidents.c[name] for name in columns)).where(
            incidents.c.ended_at.is_not(None), REAL
        )
        if self._newest is not None:
            query = query.where(incidents.c.ended_at >= self._newest)
        for row in connection.execute(query.order_by(incidents.c.ended_at)):
            self._add(row)

    def _add(self, row: Row[Any]) -> None:
        if row.ended_at != self._newest:
            self._newest, self._at_newest = row.ended_at, set()
        if row.id in self._at_newest:
            return
        self._at_newest.add(row.id)
        self.outcomes[(row.problem, row.route, row.status)] += 1
        self.to_decision.add(row.began_at, row.decided_at)
        self.whole.add(row.began_at, row.ended_at)
        if row.decision:
            self.deciders[(row.decision.get("decider", ""), row.route)] += 1
            self.rules.update(
                {(str(words).partition(":")[0],) for words in row.decision.get("blocked_by", ())}
            )


class SqlTallies:
    """Counts in the record's database. Safe between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ended = _Ended()
        self._turn = threading.Lock()

    def count(self) -> Counts:
        with self._turn, self._database.read() as connection:
            self._ended.read(connection)
            depth, oldest = _unhandled(connection)
            answered, waits = _approval_ages(connection)
            written, judged = _actions(connection)
            return Counts(
                alerts=_alerts(connection),
                ended=_tallies(self._ended.outcomes),
                running=_grouped(connection, incidents.c.status, where=incidents.c.ended_at.is_(None)),
                approvals=_grouped(connection, approvals.c.state),
                actions=written,
                verdicts=judged,
                blocked=_tallies(self._ended.rules),
                decisions=_tallies(self._ended.deciders),
                aftermaths=_grouped(connection, _would_do, aftermaths.c.outcome),
                sent=_grouped(connection, outbox.c.kind, where=outbox.c.sent_at.is_not(None)),
                unsent=_unsent(connection),
                stages=(
                    self._ended.to_decision.stage("decision"),
                    answered.stage("approval"),
                    self._ended.whole.stage("run"),
                ),
                inbox_depth=depth,
                oldest_pending=waits,
                oldest_unhandled=oldest,
            )


def _tallies(counted: Counter[tuple[str, ...]]) -> tuple[Tally, ...]:
    return tuple(Tally(labels=labels, count=count) for labels, count in sorted(counted.items()))


_would_do = case((aftermaths.c.action == "", "none"), else_=aftermaths.c.action)


def _grouped(connection: Connection, *columns: Any, where: Any = None) -> tuple[Tally, ...]:
    query = select(*columns, func.count()).group_by(*columns)
    if where is not None:
        query = query.where(where)
    rows: Iterable[Any] = connection.execute(query)
    return tuple(
        Tally(labels=tuple(map(str, labels)), count=count) for *labels, count in sorted(map(tuple, rows))
    )


def _alerts(connection: Connection) -> tuple[Tally, ...]:
    invalid = case((alerts.c.status == "invalid", 1), else_=0)
    ignored = case(((alerts.c.status != "invalid") & alerts.c.incident_id.is_(None), 1), else_=0)
    sums = [func.coalesce(func.sum(column), 0) for column in (alerts.c.times, invalid, ignored)]
    known, copies, broken, unused = connection.execute(select(func.count(), *sums).select_from(alerts)).one()
    counted = {
        "received": copies,
        "deduplicated": copies - known,
        "ignored": unused,
        "invalid": broken,
    }
    return tuple(Tally(labels=(result,), count=int(count)) for result, count in counted.items())


def _actions(connection: Connection) -> tuple[tuple[Tally, ...], tuple[Tally, ...]]:
    columns = (actions.c.call, actions.c.automatic, actions.c.undo_of, actions.c.verdict)
    counted: Counter[tuple[str, ...]] = Counter()
    judged: Counter[tuple[str, ...]] = Counter()
    for row in connection.execute(select(*columns)):
        by = "undo" if row.undo_of else "automatic" if row.automatic else "approved"
        counted[(row.call["name"], by)] += 1
        if row.verdict:
            judged[(row.call["name"], row.verdict)] += 1
    return _tallies(counted), _tallies(judged)


def _unsent(connection: Connection) -> tuple[Tally, ...]:
    state = case((outbox.c.attempts > 0, "failing"), else_="waiting").label("state")
    return _grouped(connection, outbox.c.kind, state, where=outbox.c.sent_at.is_(None))


def _unhandled(connection: Connection) -> tuple[int, datetime | None]:
    new = select(func.count(), func.min(incidents.c.began_at)).where(
        incidents.c.ended_at.is_(None), incidents.c.status == "received"
    )
    depth, oldest = connection.execute(new).one()
    return depth, oldest


def _approval_ages(connection: Connection) -> tuple[_Durations, datetime | None]:
    answered = _Durations()
    waits = None
    columns = (approvals.c.created_at, approvals.c.decided_at, approvals.c.state)
    for row in connection.execute(select(*columns).order_by(approvals.c.created_at)):
        answered.add(row.created_at, row.decided_at)
        if row.state == "pending" and waits is None:
            waits = row.created_at
    return answered, waits
