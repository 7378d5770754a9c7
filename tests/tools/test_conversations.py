"""Conversations of the chat: one actor's own, in order, for a set time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tools.conversations import KEPT, MOST_TURNS, SqlConversations, Turn
from tools.database import Database
from tools.errors import NotFound

pytest_plugins = ("tests.record_store",)
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def turn(question: str = "How many pods?", **fields: object) -> Turn:
    """A turn with everything that one may hold."""
    given = {"at": NOW, "question": question, "answer": "Three.", "answered_by": "rules", **fields}
    return Turn.model_validate(given)


def test_turns_come_back_as_they_were(store: Database) -> None:
    """Sources, incidents, topic and offer too, oldest first."""
    kept = SqlConversations(store)
    conversation = kept.begin("ana", NOW)
    first = turn(sources=("GET /api/v1/pods",), incidents=("i1",), topic={"intent": "count"})
    kept.add(conversation, "ana", first)
    kept.add(conversation, "ana", turn("And in shop?", offer={"path": "/incidents"}))
    found = kept.turns(conversation, "ana")
    assert [entry.question for entry in found] == ["How many pods?", "And in shop?"]
    assert found[0].model_copy(update={"id": 0}) == first
    assert found[1].offer == {"path": "/incidents"}


@pytest.mark.parametrize("actor", ["eve", "", "ana (claimed:eve)"])
def test_to_anybody_else_it_does_not_exist(store: Database, actor: str) -> None:
    """Neither read, nor written, nor deleted; an id that nobody has is told apart by nothing."""
    kept = SqlConversations(store)
    conversation = kept.begin("ana", NOW)
    for attempt in (
        lambda: kept.turns(conversation, actor),
        lambda: kept.add(conversation, actor, turn()),
        lambda: kept.forget(actor, conversation),
        lambda: kept.turns("nobody's", actor),
    ):
        with pytest.raises(NotFound, match="leave conversation_id out"):
            attempt()
    assert kept.turns(conversation, "ana") == []


def test_a_conversation_keeps_a_bounded_number_of_turns(store: Database) -> None:
    """The oldest go; those of other conversations stay."""
    kept = SqlConversations(store)
    other, long = kept.begin("ana", NOW), kept.begin("ana", NOW)
    kept.add(other, "ana", turn("Mine?"))
    for number in range(MOST_TURNS + 2):
        kept.add(long, "ana", turn(f"Question {number}"))
    found = kept.turns(long, "ana")
    assert (len(found), found[0].question) == (MOST_TURNS, "Question 2")
    assert [entry.question for entry in kept.turns(other, "ana")] == ["Mine?"]


def test_the_newest_few_turns_can_be_asked_for(store: Database) -> None:
    """In their order."""
    kept = SqlConversations(store)
    conversation = kept.begin("ana", NOW)
    for number in range(4):
        kept.add(conversation, "ana", turn(f"q{number}"))
    assert [entry.question for entry in kept.turns(conversation, "ana", limit=2)] == ["q2", "q3"]


def test_unused_conversations_are_forgotten(store: Database) -> None:
    """A week after the last turn, with all their turns; a used one stays."""
    kept = SqlConversations(store)
    old, used = kept.begin("ana", NOW), kept.begin("ana", NOW)
    kept.add(old, "ana", turn())
    later = NOW + KEPT + timedelta(seconds=1)
    kept.add(used, "ana", turn(at=later))
    assert kept.prune(later) == 1
    assert [head.id for head in kept.of("ana")] == [used]


def test_a_list_shows_the_first_question_of_each(store: Database) -> None:
    """The one used last first, and nobody else's."""
    kept = SqlConversations(store)
    one, two = kept.begin("ana", NOW), kept.begin("ana", NOW)
    kept.begin("eve", NOW)
    kept.add(one, "ana", turn("First?"))
    kept.add(two, "ana", turn("Second?", at=NOW + timedelta(seconds=5)))
    kept.add(one, "ana", turn("Further?", at=NOW + timedelta(seconds=9)))
    assert [(head.id, head.first_question) for head in kept.of("ana")] == [(one, "First?"), (two, "Second?")]
    kept.forget("ana", one)
    assert [head.id for head in kept.of("ana")] == [two]
