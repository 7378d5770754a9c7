"""The global hold, kept in the record: why nothing is written by itself, since when, and who lifted it.

One row for each cause and time; while any is open, no write is made without a person (kubernetes.md 7.2). A hold
survives restarts. Causes that latch wait for a person; the others are lifted by the agent when they are gone.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias, get_args

from sqlalchemy import Select, desc, func, or_, select, update

from tools.audit import append_entry
from tools.database import Database, insert_if_absent
from tools.records import Record
from tools.schema import holds

Cause: TypeAlias = Literal[
    "correlated_failure",
    "nodes_not_ready",
    "cluster_alert",
    "watchdog_missing",
    "monitoring_stale",
    "api_unwell",
]
CAUSES: tuple[Cause, ...] = get_args(Cause)
LATCHED: frozenset[Cause] = frozenset({"correlated_failure", "nodes_not_ready"})
"""They wait for a person: that too much was ill does not show in what is left of it (kubernetes.md 7.2)."""
FOR_PEOPLE: frozenset[Cause] = LATCHED | {"cluster_alert"}
"""What a person may lift: an alert whose end never reached the agent would else hold for ever."""
AGENT = "sre-agent"


class Hold(Record):
    """One cause for holding still."""

    id: int
    cause: Cause
    why: str
    """In words, with the figures that tripped it."""
    since: datetime
    weight: int = 0
    """How much was ill when it was last looked at: workloads, nodes or alerts."""
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lift_reason: str = ""

    @property
    def latched(self) -> bool:
        """It waits for a person."""
        return self.cause in LATCHED

    @property
    def ends(self) -> str:
        """What ends it, for people."""
        if self.latched:
            return "waits for a person to lift it"
        return "lifts itself when the cause is gone"

    def holds(self, now: datetime) -> bool:
        """It is in force at that instant."""
        return self.since <= now and (self.lifted_at is None or self.lifted_at > now)

    def __str__(self) -> str:
        return f"{self.why} (since {self.since:%H:%M} UTC; it {self.ends})"


class Holds(Protocol):
    """What policy, the pages and the chore ask of it."""

    def active(self, now: datetime) -> tuple[Hold, ...]:
        """Those in force at that instant, oldest first. Raises StoreError: then nobody knows."""
        ...

    def newest(self, now: datetime) -> dict[Cause, Hold]:
        """The newest of each cause that there has been by then, in force or lifted. Raises StoreError."""
        ...

    def recent(self, *, limit: int = 20) -> list[Hold]:
        """Newest first, lifted ones too."""
        ...

    def engage(self, cause: Cause, why: str, *, at: datetime, weight: int = 0) -> bool:
        """Hold from now on. False: it holds for this cause already, and what is told of it is brought up to date.

        Audited when it is new.
        """
        ...

    def lift(self, causes: Collection[Cause], *, actor: str, reason: str, at: datetime) -> tuple[Hold, ...]:
        """End those of these causes that are in force; audited, each with who and why. Returns them."""
        ...

    def forget_weight(self, cause: Cause) -> None:
        """What a person accepted by lifting has passed: the same again is news."""
        ...


class SqlHolds:
    """Holds in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def active(self, now: datetime) -> tuple[Hold, ...]:
        in_force = select(holds).where(
            holds.c.since <= now, or_(holds.c.lifted_at.is_(None), holds.c.lifted_at > now)
        )
        return tuple(self._read(in_force.order_by(holds.c.since, holds.c.id)))

    def newest(self, now: datetime) -> dict[Cause, Hold]:
        ids = select(func.max(holds.c.id)).where(holds.c.since <= now).group_by(holds.c.cause)
        return {hold.cause: hold for hold in self._read(select(holds).where(holds.c.id.in_(ids)))}

    def recent(self, *, limit: int = 20) -> list[Hold]:
        return self._read(select(holds).order_by(desc(holds.c.id)).limit(limit))

    def engage(self, cause: Cause, why: str, *, at: datetime, weight: int = 0) -> bool:
        row = {"cause": cause, "why": why, "since": at, "weight": weight}
        with self._database.write() as connection:
            if insert_if_absent(connection, holds, row):
                append_entry(connection, "held", at=at, actor=AGENT, detail={"cause": cause, "why": why})
                return True
            same = holds.c.cause == cause, holds.c.lifted_at.is_(None)
            connection.execute(update(holds).where(*same).values(why=why, weight=weight))
            return False

    def lift(self, causes: Collection[Cause], *, actor: str, reason: str, at: datetime) -> tuple[Hold, ...]:
        ours = update(holds).where(holds.c.cause.in_(tuple(causes)), holds.c.lifted_at.is_(None))
        ended = {"lifted_at": at, "lifted_by": actor, "lift_reason": reason}
        with self._database.write() as connection:
            rows = connection.execute(ours.values(ended).returning(*holds.c)).all()
            lifted = tuple(Hold(**row._mapping) for row in rows)
            for hold in lifted:
                detail = {"cause": hold.cause, "why": hold.why, "reason": reason}
                append_entry(connection, "hold_lifted", at=at, actor=actor, detail=detail)
        return lifted

    def forget_weight(self, cause: Cause) -> None:
        lifted = holds.c.cause == cause, holds.c.lifted_at.is_not(None), holds.c.weight > 0
        with self._database.write() as connection:
            connection.execute(update(holds).where(*lifted).values(weight=0))

    def _read(self, query: Select[Any]) -> list[Hold]:
        with self._database.read() as connection:
            return [Hold(**row._mapping) for row in connection.execute(query)]
