"""Messages that wait to be sent: queued in the same database, so that none is lost with a process."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import Select, or_, select, update

from tools.database import Database, insert_if_absent
from tools.records import Record
from tools.schema import outbox

MessageKind: TypeAlias = Literal[
    "needs_approval",
    "reminder",
    "acted",
    "escalated",
    "explained",
    "withdrawn",
    "expired",
    "hold",
    "autonomy",
]


class Message(Record):
    """One thing that a person needs to know."""

    key: str
    """Idempotency: a second message with this key is not queued."""
    incident_id: str
    kind: MessageKind
    subject: str
    """Verdict first: line one answers "must I do anything?"."""
    body: str
    """Plain text; its first line is the verdict in a sentence."""
    html: str = ""
    """The same as HTML without head and links, for mail; dropped once it is sent."""
    approval_id: str = ""
    """The approval that it asks for, so that it can be linked to."""
    escalated: bool = False
    """Goes to the second contact too."""
    queued_at: datetime
    sent_at: datetime | None = None
    """When every channel had taken it."""
    attempts: int = 0
    last_error: str = ""
    next_at: datetime | None = None
    """Not before this is it tried again; None: at once."""
    taken_by: tuple[str, ...] = ()
    """Names of the channels that have it and must not get it twice."""


class Outbox(Protocol):
    """Queue now, deliver later."""

    def queue(self, message: Message) -> bool:
        """False: a message with this key is there already."""
        ...

    def unsent(self, *, limit: int = 50) -> list[Message]:
        """Oldest first."""
        ...

    def due(self, now: datetime, *, limit: int = 50) -> list[Message]:
        """Unsent ones whose time has come, oldest first."""
        ...

    def mark_taken(self, key: str, channel: str) -> None:
        """One channel has it; others may still miss it."""
        ...

    def mark_sent(self, key: str, at: datetime) -> None:
        """Delivered."""
        ...

    def mark_failed(self, key: str, error: str, *, next_at: datetime | None = None) -> None:
        """Counted; stays in the queue, and is not due before `next_at`."""
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

    def due(self, now: datetime, *, limit: int = 50) -> list[Message]:
        its_time = or_(outbox.c.next_at.is_(None), outbox.c.next_at <= now)
        waiting = select(outbox).where(outbox.c.sent_at.is_(None), its_time)
        return self._messages(waiting.order_by(outbox.c.queued_at, outbox.c.key).limit(limit))

    def mark_taken(self, key: str, channel: str) -> None:
        ours = outbox.c.key == key
        with self._database.write() as connection:
            taken = connection.execute(select(outbox.c.taken_by).where(ours)).scalar_one_or_none()
            if taken is not None and channel not in taken:
                connection.execute(update(outbox).where(ours).values(taken_by=[*taken, channel]))

    def mark_sent(self, key: str, at: datetime) -> None:
        self._count(key, sent_at=at, last_error="", html="", next_at=None)

    def mark_failed(self, key: str, error: str, *, next_at: datetime | None = None) -> None:
        self._count(key, last_error=error[:2000], next_at=next_at)

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
