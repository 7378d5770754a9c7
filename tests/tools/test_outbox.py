"""Messages that wait in the record."""

from __future__ import annotations

import pytest

from tools.clock import ManualClock
from tools.database import Database
from tools.outbox import Message, SqlOutbox

pytest_plugins = ("tests.record_store",)


@pytest.fixture
def outbox(store: Database) -> SqlOutbox:
    """The queue under test."""
    return SqlOutbox(store)


def message(key: str, still: ManualClock) -> Message:
    """Something to tell."""
    return Message(
        key=key, incident_id="i1", kind="escalated", subject="Act now", body="web", queued_at=still.now()
    )


def test_a_key_is_queued_once(outbox: SqlOutbox, still: ManualClock) -> None:
    """A node that runs again does not mail twice, not even after the first was sent."""
    first = message("i1:escalated", still)
    assert outbox.queue(first)
    assert not outbox.queue(first.model_copy(update={"subject": "again"}))
    outbox.mark_sent("i1:escalated", still.now())
    assert not outbox.queue(first)
    assert [one.subject for one in outbox.for_incident("i1")] == ["Act now"]


def test_messages_go_out_oldest_first(outbox: SqlOutbox, still: ManualClock) -> None:
    """Until they are sent."""
    for key in ("b", "a", "c"):
        still.advance(1)
        outbox.queue(message(key, still))
    assert [one.key for one in outbox.unsent()] == ["b", "a", "c"]
    assert [one.key for one in outbox.unsent(limit=1)] == ["b"]
    outbox.mark_sent("b", still.now())
    assert [one.key for one in outbox.unsent()] == ["a", "c"]


def test_a_failure_is_counted_and_stays_in_the_queue(outbox: SqlOutbox, still: ManualClock) -> None:
    """With the newest error, until it goes out."""
    outbox.queue(message("a", still))
    outbox.mark_failed("a", "connection refused")
    outbox.mark_failed("a", "timed out " + "x" * 10_000)
    (waiting,) = outbox.unsent()
    assert (waiting.attempts, waiting.last_error[:9], len(waiting.last_error)) == (2, "timed out", 2000)
    outbox.mark_sent("a", still.now())
    (sent,) = outbox.for_incident("i1")
    assert (sent.sent_at, sent.attempts, sent.last_error) == (still.now(), 3, "")
