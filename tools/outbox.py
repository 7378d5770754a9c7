"""Messages that wait to be sent: queued in the same database, so that none is lost with a process."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from tools.records import Record

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
