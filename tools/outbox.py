"""Messages that wait to be sent: queued in the same database, so that none is lost with a process."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import Select, select, update

from tools.database import Database, insert_if_absent
from tools.records import Record
from tools.schema import outbox

MessageKind: TypeAlias = Literal["needs_approval", "acted", "escalated", "explained", "withdrawn", "expired"]


class Message(Record):
    """One thing that a person needs to know."""

    key: str
    """Idempotency: a second message with this key is not queued."""
    incident_id: str
    kind: MessageKind
    subject: str
    """Verdict first: line one answers "must I do anything?"."""
    body: str
    queued_at: datetime
    sent_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""


class Outbox(Protocol):
    """Queue now, deliver later."""

    def queue(self, message: Message) -> bool:
        """False: a message with this key is there already."""
        ...

    def unsent(self, *, limit: int = 50) -> list[Message]:
        """Oldest first."""
        ...

    def mark_sent(self, key: str, at: datetime) -> None:
        """Delivered."""
        ...

    def mark_failed(self, key: str, error: str) -> None:
        """Counted; stays in the queue."""
        ...

    def for_incident(self, incident_id: str) -> list[Message]:
        """Oldest first."""
        ...


class SqlOutbox:
    """The queue in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(self, message: Message) -> bool:
        with self._database.write() as connection:
            return insert_if_absent(connection, outbox, message.model_dump())

    def unsent(self, *, limit: int = 50) -> list[Message]:
        waiting = select(outbox).where(outbox.c.sent_at.is_(None))
        return self._messages(waiting.order_by(outbox.c.queued_at, outbox.c.key).limit(limit))

    def mark_sent(self, key: str, at: datetime) -> None:
        self._count(key, sent_at=at, last_error="")

    def mark_failed(self, key: str, error: str) -> None:
        self._count(key, last_error=error[:2000])

    def for_incident(self, incident_id: str) -> list[Message]:
        ours = select(outbox).where(outbox.c.incident_id == incident_id)
        return self._messages(ours.order_by(outbox.c.queued_at, outbox.c.key))

    def _count(self, key: str, **changes: object) -> None:
        waiting = update(outbox).where(outbox.c.key == key, outbox.c.sent_at.is_(None))
        with self._database.write() as connection:
            connection.execute(waiting.values(attempts=outbox.c.attempts + 1, **changes))

    def _messages(self, query: Select[Any]) -> list[Message]:
        with self._database.read() as connection:
            return [Message(**row._mapping) for row in connection.execute(query)]
