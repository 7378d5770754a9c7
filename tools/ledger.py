"""The write-ahead ledger of actions: claimed and committed before a request is sent (durability.md R4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Select, bindparam, delete, desc, select, update

from tools.audit import append_entry
from tools.claim_room import Room, make_sure
from tools.clock import Clock
from tools.database import Database, insert_if_absent
from tools.errors import NotFound
from tools.records import ActionCall, Receipt, Record, Target
from tools.schema import actions, incidents

_BY_KEY = select(actions).where(actions.c.key == bindparam("key"))
_IN_FLIGHT = (
    select(actions)
    .where(actions.c.verdict == "")
    .where(actions.c.incident_id.in_(select(incidents.c.id).where(incidents.c.ended_at.is_(None))))
    .order_by(actions.c.claimed_at, actions.c.key)
)


class LedgerEntry(Record):
    """One action that we meant to do, and what became of it."""

    key: str
    """hash(episode, action, target uid); a renewed proposal has the same key."""
    incident_id: str
    episode_id: str
    call: ActionCall
    target: Target
    problem: str
    automatic: bool
    """False: a person approved it."""
    inverse: ActionCall | None = None
    """Computed before the write; None when the action has no undo."""
    undo_of: str = ""
    """Key of the entry that this one undoes: exempt from attempt and cool-down limits."""
    claimed_at: datetime
    receipt: Receipt | None = None
    """None: claimed, and nobody knows yet whether it was sent."""
    verdict: str = ""


class ActionLedger(Protocol):
    """Claims before, receipts after; budgets are counted from it."""

    def claim(self, entry: LedgerEntry, room: Room | None = None) -> LedgerEntry | None:
        """Insert and commit; None when the claim is ours now, else the entry that was there first.

        With `room`: raises Crowded where others have left none for a new entry.
        """
        ...

    def finish(self, key: str, receipt: Receipt) -> None:
        """Record what the write did. Idempotent: only an `unknown` outcome may be replaced. Raises NotFound."""
        ...

    def release(self, key: str) -> None:
        """Forget a claim that was certainly never sent (refused by preconditions), so it counts nowhere."""
        ...

    def get(self, key: str) -> LedgerEntry | None:
        """The entry, or None."""
        ...

    def set_verdict(self, key: str, verdict: str) -> None:
        """What verification found."""
        ...

    def since(
        self, instant: datetime, *, target_uid: str = "", namespace: str = "", problem: str = ""
    ) -> list[LedgerEntry]:
        """Entries claimed since then, newest first, undo entries included."""
        ...

    def for_incident(self, incident_id: str) -> list[LedgerEntry]:
        """Oldest first."""
        ...

    def in_flight(self) -> list[LedgerEntry]:
        """Entries without a verdict whose incident has not ended: writes that are still being judged."""
        ...


class SqlLedger:
    """The ledger in the record's database; claims, receipts and releases are audited with it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def claim(self, entry: LedgerEntry, room: Room | None = None) -> LedgerEntry | None:
        row = entry.model_dump(mode="json") | {
            "claimed_at": entry.claimed_at,
            "target_uid": entry.target.uid,
            "namespace": entry.target.namespace,
        }
        with self._database.write() as connection:
            if room and connection.execute(_BY_KEY, {"key": entry.key}).first() is None:
                make_sure(
                    connection,
                    room,
                    incident_id=entry.incident_id,
                    target_uid=entry.target.uid,
                    namespace=entry.target.namespace,
                    at=entry.claimed_at,
                )
            if insert_if_absent(connection, actions, row):
                append_entry(
                    connection,
                    "action_claimed",
                    at=entry.claimed_at,
                    incident_id=entry.incident_id,
                    detail={
                        "key": entry.key,
                        "call": entry.call.model_dump(),
                        "target": entry.target.short(),
                        "target_uid": entry.target.uid,
                        "automatic": entry.automatic,
                        "undo_of": entry.undo_of,
                    },
                )
                return None
            first = connection.execute(select(actions).where(actions.c.key == entry.key)).one()
        return _entry(dict(first._mapping))

    def finish(self, key: str, receipt: Receipt) -> None:
        with self._database.write() as connection:
            row = connection.execute(select(actions).where(actions.c.key == key).with_for_update()).first()
            if row is None:
                raise NotFound(f"the ledger has no entry {key}")
            if row.receipt is not None and row.receipt["outcome"] != "unknown":
                return
            told = receipt.model_dump(mode="json")
            connection.execute(update(actions).where(actions.c.key == key).values(receipt=told))
            append_entry(
                connection,
                "action_finished",
                at=self._clock.now(),
                incident_id=row.incident_id,
                detail={"key": key, "outcome": receipt.outcome, "message": receipt.message},
            )

    def release(self, key: str) -> None:
        never_sent = delete(actions).where(actions.c.key == key, actions.c.receipt.is_(None))
        with self._database.write() as connection:
            row = connection.execute(never_sent.returning(actions.c.incident_id)).first()
            if row is not None:
                append_entry(
                    connection,
                    "action_released",
                    at=self._clock.now(),
                    incident_id=row.incident_id,
                    detail={"key": key},
                )

    def get(self, key: str) -> LedgerEntry | None:
        found = self._entries(_BY_KEY, key=key)
        return found[0] if found else None

    def set_verdict(self, key: str, verdict: str) -> None:
        with self._database.write() as connection:
            connection.execute(update(actions).where(actions.c.key == key).values(verdict=verdict))

    def since(
        self, instant: datetime, *, target_uid: str = "", namespace: str = "", problem: str = ""
    ) -> list[LedgerEntry]:
        query = select(actions).where(actions.c.claimed_at >= instant)
        wanted = {"target_uid": target_uid, "namespace": namespace, "problem": problem}
        for column, value in wanted.items():
            if value:
                query = query.where(actions.c[column] == value)
        return self._entries(query.order_by(desc(actions.c.claimed_at), actions.c.key))

    def for_incident(self, incident_id: str) -> list[LedgerEntry]:
        ours = select(actions).where(actions.c.incident_id == incident_id)
        return self._entries(ours.order_by(actions.c.claimed_at, actions.c.key))

    def in_flight(self) -> list[LedgerEntry]:
        return self._entries(_IN_FLIGHT)

    def _entries(self, query: Select[Any], **given: Any) -> list[LedgerEntry]:
        with self._database.read() as connection:
            rows = connection.execute(query, given).all()
        return [_entry(dict(row._mapping)) for row in rows]


def _entry(fields: dict[str, Any]) -> LedgerEntry:
    del fields["target_uid"], fields["namespace"]
    return LedgerEntry(**fields)
