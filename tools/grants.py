"""Narrow grants: "the same restart of this workload at most once more within 30 minutes" (product.md section 4).

A person gives one with an approval, in the same transaction. It is bound to the action, the object's uid and the
problem class; it is used at most once, by compare-and-set on the ledger key of the write; it expires, and anybody who
may approve can revoke it. What it lifts is said in `graph.policy_grant`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Select, desc, insert, or_, select, update

from tools.audit import append_entry
from tools.database import Database
from tools.errors import NotFound
from tools.incident_rows import add_lines, line
from tools.records import Record, Target
from tools.schema import grants

WITHIN = timedelta(minutes=30)
"""Counted from the approval."""
FAMILIES = frozenset({"restart"})
"""Of which one may be given: what is repeated must be the same again, and do no more than the first time."""


class Grant(Record):
    """One more of the same, without asking."""

    id: str
    approval_id: str
    incident_id: str
    action: str
    target: Target
    problem: str
    actor: str
    reason: str = ""
    given_at: datetime
    expires_at: datetime
    used_by: str = ""
    """Ledger key of the write that used it."""
    used_in: str = ""
    """The incident of that write."""
    used_at: datetime | None = None
    revoked_by: str = ""
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`used`, `revoked`, `expired` or `open`."""
        if self.used_by:
            return "used"
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= now else "open"

    def words(self) -> str:
        """For people."""
        place = f"{self.target.namespace}/{self.target.kind}/{self.target.name}".removeprefix("/")
        return (
            f"{self.action} of {place} for {self.problem}, once more until {self.expires_at:%H:%M:%S} UTC, "
            f"given by {self.actor} at {self.given_at:%H:%M:%S} UTC"
        )


class Grants(Protocol):
    """What the graph and the pages ask of grants."""

    def fitting(
        self, action: str, target_uid: str, problem: str, *, now: datetime, key: str, incident_id: str
    ) -> Grant | None:
        """The open one for exactly this, or the one that the write with this ledger key has taken already.

        Not one that was given in this very incident: what was approved there is the first time, not the once more.
        """
        ...

    def take(self, grant_id: str, *, key: str, incident_id: str, at: datetime) -> bool:
        """Use it for the write with this key. False: it is used, revoked or expired. The same key again is True."""
        ...

    def revoke(self, grant_id: str, *, actor: str, reason: str, at: datetime) -> bool:
        """Take it back. False: used or revoked already. Raises NotFound."""
        ...

    def newest(self, *, limit: int = 50) -> list[Grant]:
        """Newest first, whatever became of them."""
        ...


class SqlGrants:
    """Grants in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def fitting(
        self, action: str, target_uid: str, problem: str, *, now: datetime, key: str, incident_id: str
    ) -> Grant | None:
        for_this = select(grants).where(
            grants.c.action == action,
            grants.c.target_uid == target_uid,
            grants.c.problem == problem,
            grants.c.incident_id != incident_id,
            grants.c.revoked_at.is_(None),
        )
        usable = or_(grants.c.used_by == key, (grants.c.used_by == "") & (grants.c.expires_at > now))
        found = self._grants(for_this.where(usable).order_by(desc(grants.c.used_by), grants.c.given_at))
        return found[0] if found else None

    def take(self, grant_id: str, *, key: str, incident_id: str, at: datetime) -> bool:
        ours = (grants.c.id == grant_id) & grants.c.revoked_at.is_(None)
        with self._database.write() as connection:
            if connection.execute(select(grants.c.id).where(ours, grants.c.used_by == key)).first():
                return True
            free = update(grants).where(ours, grants.c.used_by == "", grants.c.expires_at > at)
            taken = free.values(used_by=key, used_in=incident_id, used_at=at).returning(grants)
            row = connection.execute(taken).first()
            if row is None:
                return False
            _tell(connection, "grant_used", _grant(row._mapping), at, "agent", incident_id)
        return True

    def revoke(self, grant_id: str, *, actor: str, reason: str, at: datetime) -> bool:
        unused = update(grants).where(
            grants.c.id == grant_id, grants.c.used_by == "", grants.c.revoked_at.is_(None)
        )
        with self._database.write() as connection:
            row = connection.execute(unused.values(revoked_at=at, revoked_by=actor).returning(grants)).first()
            if row is not None:
                grant = _grant(row._mapping)
                _tell(connection, "grant_revoked", grant, at, actor, grant.incident_id, reason)
                return True
        if not self._grants(select(grants).where(grants.c.id == grant_id)):
            raise NotFound(f"there is no grant {grant_id}")
        return False

    def newest(self, *, limit: int = 50) -> list[Grant]:
        return self._grants(select(grants).order_by(desc(grants.c.given_at), grants.c.id).limit(limit))

    def _grants(self, query: Select[Any]) -> list[Grant]:
        with self._database.read() as connection:
            return [_grant(row._mapping) for row in connection.execute(query)]


def give(connection: Connection, grant: Grant) -> None:
    """Keep it, in the transaction that approves."""
    connection.execute(insert(grants).values(target_uid=grant.target.uid, **grant.model_dump()))
    _tell(connection, "grant_given", grant, grant.given_at, grant.actor, grant.incident_id, grant.reason)


def _tell(
    connection: Connection,
    kind: str,
    grant: Grant,
    at: datetime,
    actor: str,
    incident_id: str,
    reason: str = "",
) -> None:
    """In the audit and on the timeline of the incident that it was given, used or revoked in."""
    detail = {"grant_id": grant.id, "action": grant.action, "target": grant.target.short(), "reason": reason}
    append_entry(connection, kind, at=at, actor=actor, incident_id=incident_id, detail=detail)
    words = f"{kind.removeprefix('grant_')}: {grant.words()}"
    told = f"{words}; {actor}: {reason}" if reason else words
    add_lines(connection, [line(incident_id, at, "grant", told)])


def _grant(row: Any) -> Grant:
    fields = dict(row)
    del fields["target_uid"]
    return Grant(**fields)
