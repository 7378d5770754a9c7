"""Conversations of the chat: who asked what, what was answered, on which calls it rests. Kept for a set time.

A conversation belongs to whoever began it; to anybody else it does not exist. Answers are kept as they were
shown, redacted by whoever made them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, desc, func, insert, select, update

from tools.database import Database
from tools.errors import NotFound
from tools.incident_rows import chunks
from tools.records import Record
from tools.schema import conversations, turns

KEPT = timedelta(days=7)
"""After its last turn."""
MOST_TURNS = 200
"""Per conversation: older ones go as new ones come."""


class Turn(Record):
    """One question and its answer."""

    id: int = 0
    at: datetime
    question: str
    answer: str
    answered_by: str
    """`rules`, or the vendor and name of a model."""
    incidents: tuple[str, ...] = ()
    """Ids of the incidents that the answer speaks of."""
    sources: tuple[str, ...] = ()
    """The calls that the answer rests on."""
    topic: dict[str, Any] = {}
    """What it was about, for a question that follows up on it."""
    offer: dict[str, Any] | None = None
    """A request that a person may send, where the answer offers one."""


class ConversationHead(Record):
    """One conversation in a list."""

    id: str
    begun_at: datetime
    updated_at: datetime
    first_question: str = ""


class Conversations(Protocol):
    """What the chat keeps."""

    def begin(self, actor: str, at: datetime) -> str:
        """A new conversation of this actor; returns its id."""
        ...

    def turns(self, conversation_id: str, actor: str, *, limit: int = MOST_TURNS) -> list[Turn]:
        """The newest `limit` turns, oldest first. Raises NotFound for one that is gone or somebody else's."""
        ...

    def add(self, conversation_id: str, actor: str, turn: Turn) -> None:
        """Append a turn. Raises NotFound as `turns` does."""
        ...

    def of(self, actor: str, *, limit: int = 10) -> list[ConversationHead]:
        """The actor's conversations, the one used last first."""
        ...

    def forget(self, actor: str, conversation_id: str) -> None:
        """Delete one. Raises NotFound as `turns` does."""
        ...

    def prune(self, now: datetime) -> int:
        """Delete those that nobody has used for `KEPT`; returns how many."""
        ...


class SqlConversations:
    """Conversations in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, actor: str, at: datetime) -> str:
        conversation_id = uuid4().hex
        row = {"id": conversation_id, "actor": actor, "begun_at": at, "updated_at": at}
        with self._database.write() as connection:
            connection.execute(insert(conversations).values(row))
        return conversation_id

    def turns(self, conversation_id: str, actor: str, *, limit: int = MOST_TURNS) -> list[Turn]:
        ours = select(turns).where(turns.c.conversation_id == conversation_id)
        with self._database.read() as connection:
            _check_owner(connection, conversation_id, actor)
            newest = connection.execute(ours.order_by(desc(turns.c.id)).limit(limit)).all()
        return [_turn(row) for row in reversed(newest)]

    def add(self, conversation_id: str, actor: str, turn: Turn) -> None:
        row = turn.model_dump(exclude={"id"}) | {"conversation_id": conversation_id}
        with self._database.write() as connection:
            _check_owner(connection, conversation_id, actor)
            connection.execute(insert(turns).values(row))
            used = update(conversations).where(conversations.c.id == conversation_id)
            connection.execute(used.values(updated_at=turn.at))
            _shorten(connection, conversation_id)

    def of(self, actor: str, *, limit: int = 10) -> list[ConversationHead]:
        theirs = select(conversations).where(conversations.c.actor == actor)
        newest = theirs.order_by(desc(conversations.c.updated_at), conversations.c.id).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(newest).all()
            questions = _first_questions(connection, [row.id for row in rows])
        return [
            ConversationHead(
                id=row.id,
                begun_at=row.begun_at,
                updated_at=row.updated_at,
                first_question=questions.get(row.id, ""),
            )
            for row in rows
        ]

    def forget(self, actor: str, conversation_id: str) -> None:
        with self._database.write() as connection:
            _check_owner(connection, conversation_id, actor)
            _delete(connection, [conversation_id])

    def prune(self, now: datetime) -> int:
        unused = select(conversations.c.id).where(conversations.c.updated_at < now - KEPT)
        with self._database.write() as connection:
            old = list(connection.execute(unused).scalars())
            _delete(connection, old)
        return len(old)


def _check_owner(connection: Connection, conversation_id: str, actor: str) -> None:
    owner = select(conversations.c.actor).where(conversations.c.id == conversation_id)
    if connection.execute(owner).scalar() != actor:
        raise NotFound(f"you have no conversation {conversation_id[:64]!r}: leave conversation_id out")


def _shorten(connection: Connection, conversation_id: str) -> None:
    ours = select(turns.c.id).where(turns.c.conversation_id == conversation_id)
    oldest_kept = connection.execute(ours.order_by(desc(turns.c.id)).offset(MOST_TURNS - 1).limit(1)).scalar()
    if oldest_kept is not None:
        older = turns.c.conversation_id == conversation_id, turns.c.id < oldest_kept
        connection.execute(delete(turns).where(*older))


def _delete(connection: Connection, ids: list[str]) -> None:
    for some in chunks(ids):
        connection.execute(delete(turns).where(turns.c.conversation_id.in_(some)))
        connection.execute(delete(conversations).where(conversations.c.id.in_(some)))


def _first_questions(connection: Connection, ids: list[str]) -> dict[str, str]:
    first = (
        select(func.min(turns.c.id)).where(turns.c.conversation_id.in_(ids)).group_by(turns.c.conversation_id)
    )
    found = select(turns.c.conversation_id, turns.c.question).where(turns.c.id.in_(first))
    return {row.conversation_id: row.question for row in connection.execute(found)}


def _turn(row: Row[Any]) -> Turn:
    fields = dict(row._mapping)
    del fields["conversation_id"]
    return Turn(**fields)
