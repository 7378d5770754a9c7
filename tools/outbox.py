"""Messages that wait to be sent: queued in the same database, so that none is lost with a process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal_column, or_, select, update

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


class Gist(Record):
    """What a letter says of a message that goes out with others of its cause."""

    where: str = ""
    """`shop/web`, or what the alerts are called that name no object."""
    what: str = ""
    next_step: str = ""


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
    cause: str = ""
    """What it is about, where that is outside of its target and others may share it (`tools.shared_causes`)."""
    how_soon: str = ""
    """`Act now`, `Look soon` or `Not urgent` of what may go out with others of its cause; empty: it goes alone."""
    gist: Gist = Gist()
    sent_with: str = ""
    """Key of the message whose letter it is part of, its own where that letter is its own; empty: it goes alone."""


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
        """One channel has it, with all of its letter; others may still miss it."""
        ...

    def mark_sent(self, key: str, at: datetime) -> None:
        """Delivered, with all of its letter."""
        ...

    def mark_failed(self, key: str, error: str, *, next_at: datetime | None = None) -> None:
        """Counted; stays in the queue, and is not due before `next_at`. So does all of its letter."""
        ...

    def for_incident(self, incident_id: str) -> list[Message]:
        """Oldest first."""
        ...

    def hold(self, key: str, until: datetime) -> None:
        """It waits for others of its cause, unless it has been tried already."""
        ...

    def join(self, key: str, *, limit: int) -> list[Message]:
        """Make a letter of it and the oldest of its cause that have not been tried, of `limit` messages at most.

        What a letter holds never changes; those beyond the limit wait for the next.
        Returns all of the letter, oldest first: of itself alone where nothing else waits, of none where it went into
        another one's meanwhile.
        """
        ...

    def in_letter(self, key: str) -> list[str]:
        """Ids of the incidents whose messages are in the letter of the message with this key, oldest first."""
        ...

    def told_of(self, cause: str, since: datetime) -> set[str]:
        """How soon it was to be looked at, of what explained or asked since then and has been sent or tried."""
        ...

    def incidents_of(self, cause: str, since: datetime, *, other_than: str) -> int:
        """So many other incidents have had a message about this cause since then."""
        ...

    def among(self, incident_ids: Sequence[str], cause: str, since: datetime) -> set[str]:
        """Those of them that have had one."""
        ...


class SqlOutbox:
    """The queue in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked_at = datetime.max.replace(tzinfo=UTC)

    def queue(self, message: Message) -> bool:
        with self._database.write() as connection:
            return insert_if_absent(connection, outbox, message.model_dump())

    def unsent(self, *, limit: int = 50) -> list[Message]:
        waiting = select(outbox).where(outbox.c.sent_at.is_(None))
        return self._messages(waiting.order_by(*_OLDEST_FIRST).limit(limit))

    def due(self, now: datetime, *, limit: int = 50) -> list[Message]:
        its_time = or_(outbox.c.next_at.is_(None), outbox.c.next_at <= now)
        # after a start, or where the clock went back, nobody knows how long those have waited that are held
        if now < self._looked_at:
            its_time = or_(its_time, outbox.c.attempts == 0)
        self._looked_at = now
        leads = or_(outbox.c.sent_with == "", outbox.c.sent_with == outbox.c.key)
        waiting = select(outbox).where(outbox.c.sent_at.is_(None), its_time, leads)
        return self._messages(waiting.order_by(*_OLDEST_FIRST).limit(limit))

    def mark_taken(self, key: str, channel: str) -> None:
        with self._database.write() as connection:
            taken = connection.execute(
                select(outbox.c.taken_by).where(outbox.c.key == key)
            ).scalar_one_or_none()
            if taken is not None and channel not in taken:
                ours = update(outbox).where(_with_its_letter(connection, key))
                connection.execute(ours.values(taken_by=[*taken, channel]))

    def mark_sent(self, key: str, at: datetime) -> None:
        self._count(key, sent_at=at, last_error="", html="", next_at=None)

    def mark_failed(self, key: str, error: str, *, next_at: datetime | None = None) -> None:
        self._count(key, last_error=error[:2000], next_at=next_at)

    def for_incident(self, incident_id: str) -> list[Message]:
        ours = select(outbox).where(outbox.c.incident_id == incident_id)
        return self._messages(ours.order_by(*_OLDEST_FIRST))

    def hold(self, key: str, until: datetime) -> None:
        with self._database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.key == key, _UNTRIED).values(next_at=until))

    def join(self, key: str, *, limit: int) -> list[Message]:
        with self._database.write() as connection:
            cause = connection.execute(select(outbox.c.cause).where(outbox.c.key == key)).scalar_one()
            alike = and_(outbox.c.cause == cause, outbox.c.cause != _EMPTY, outbox.c.how_soon != "", _UNTRIED)
            chosen = select(outbox.c.key).where(alike).order_by(outbox.c.key != key, *_OLDEST_FIRST)
            keys = connection.execute(chosen.limit(limit)).scalars().all()
            if key in keys and len(keys) > 1:
                connection.execute(update(outbox).where(outbox.c.key.in_(keys)).values(sent_with=key))
        itself = select(outbox).where(outbox.c.key == key, outbox.c.sent_with == "")
        inside = select(outbox).where(_in(key))
        return self._messages(inside.order_by(*_OLDEST_FIRST)) or self._messages(itself)

    def in_letter(self, key: str) -> list[str]:
        inside = select(outbox.c.incident_id).where(_in(key)).order_by(*_OLDEST_FIRST)
        with self._database.read() as connection:
            return list(connection.execute(inside).scalars())

    def told_of(self, cause: str, since: datetime) -> set[str]:
        told = and_(_about(cause, since), outbox.c.kind.in_(("explained", "needs_approval")), _TRIED)
        with self._database.read() as connection:
            return set(connection.execute(select(outbox.c.how_soon).where(told).distinct()).scalars())

    def incidents_of(self, cause: str, since: datetime, *, other_than: str) -> int:
        others = and_(_about(cause, since), outbox.c.incident_id != other_than)
        with self._database.read() as connection:
            return connection.execute(
                select(func.count(outbox.c.incident_id.distinct())).where(others)
            ).scalar_one()

    def among(self, incident_ids: Sequence[str], cause: str, since: datetime) -> set[str]:
        ours = and_(_about(cause, since), outbox.c.incident_id.in_(incident_ids))
        with self._database.read() as connection:
            return set(connection.execute(select(outbox.c.incident_id).where(ours)).scalars())

    def _count(self, key: str, **changes: object) -> None:
        with self._database.write() as connection:
            waiting = update(outbox).where(_with_its_letter(connection, key), outbox.c.sent_at.is_(None))
            connection.execute(waiting.values(attempts=outbox.c.attempts + 1, **changes))

    def _messages(self, query: Select[Any]) -> list[Message]:
        with self._database.read() as connection:
            return [Message(**row._mapping) for row in connection.execute(query)]


_UNTRIED = and_(
    outbox.c.sent_at.is_(None),
    outbox.c.attempts == 0,
    outbox.c.taken_by == [],
    outbox.c.sent_with == "",
)
"""Nobody has it, nor may have it: what was tried once goes on by itself."""
_EMPTY: ColumnElement[str] = literal_column("''")
"""Written out: a partial index is not used for a parameter."""
_OLDEST_FIRST = (outbox.c.queued_at, outbox.c.key)
_TRIED = or_(outbox.c.sent_at.is_not(None), outbox.c.attempts > 0, outbox.c.taken_by != [])


def _about(cause: str, since: datetime) -> ColumnElement[bool]:
    return and_(outbox.c.cause == cause, outbox.c.cause != _EMPTY, outbox.c.queued_at >= since)


def _with_its_letter(connection: Connection, key: str) -> ColumnElement[bool]:
    """The message and all that went into its letter: they are taken, sent and fail together, in one transaction."""
    lead = connection.execute(select(outbox.c.sent_with).where(outbox.c.key == key)).scalar()
    return _in(key) if lead == key else outbox.c.key == key


def _in(key: str) -> ColumnElement[bool]:
    return and_(outbox.c.sent_with == key, outbox.c.sent_with != _EMPTY)
