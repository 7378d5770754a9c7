"""What waits is sent: each channel once, a failure later, and nothing lost in between."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tools.clock import ManualClock
from tools.database import Database
from tools.delivery import LONGEST_PAUSE_SECONDS, deliver
from tools.errors import StoreError, TransientError
from tools.outbox import Message, SqlOutbox

pytest_plugins = ("tests.record_store",)


@dataclass
class Recipient:
    """Keeps what it takes, and takes nothing while it is down."""

    name: str
    down: bool = False
    only_escalated: bool = False
    got: list[str] = field(default_factory=list)
    asked: int = 0

    def wants(self, message: Message) -> bool:
        return message.escalated or not self.only_escalated

    def send(self, message: Message) -> None:
        self.asked += 1
        if self.down:
            raise TransientError(f"{self.name}: no answer")
        self.got.append(message.key)


@pytest.fixture
def outbox(store: Database) -> SqlOutbox:
    """The real queue."""
    return SqlOutbox(store)


def queued(outbox: SqlOutbox, clock: ManualClock, key: str, *, escalated: bool = False) -> None:
    """A message in the queue."""
    outbox.queue(
        Message(
            key=key,
            incident_id="i1",
            kind="escalated",
            subject="Act now",
            body="web",
            html="<p>web</p>",
            escalated=escalated,
            queued_at=clock.now(),
        )
    )


def one(outbox: SqlOutbox) -> Message:
    """The only message of the incident."""
    (message,) = outbox.for_incident("i1")
    return message


def test_every_channel_gets_every_message_once(outbox: SqlOutbox, still: ManualClock) -> None:
    """Oldest first; what is sent is not sent again, and keeps no HTML."""
    mail, chat = Recipient("mail"), Recipient("chat")
    for key in ("m1", "m2"):
        queued(outbox, still, key)
        still.advance(1)
    assert deliver(outbox, [mail, chat], still) == 2
    assert deliver(outbox, [mail, chat], still) == 0
    assert (mail.got, chat.got) == (["m1", "m2"], ["m1", "m2"])
    assert {m.html for m in outbox.for_incident("i1")} == {""}


def test_only_the_channel_that_missed_it_is_tried_again(outbox: SqlOutbox, still: ManualClock) -> None:
    """A refused address does not make everybody else get the message twice."""
    mail, chat = Recipient("mail", down=True), Recipient("chat")
    queued(outbox, still, "m1")
    assert deliver(outbox, [mail, chat], still) == 0
    assert (one(outbox).sent_at, one(outbox).last_error, one(outbox).attempts) == (None, "mail: no answer", 1)
    mail.down = False
    still.advance(10)
    assert deliver(outbox, [mail, chat], still) == 1
    assert (mail.got, chat.got) == (["m1"], ["m1"])
    assert (one(outbox).sent_at, one(outbox).last_error) == (still.now(), "")


def test_pauses_grow_up_to_a_quarter_of_an_hour(outbox: SqlOutbox, still: ManualClock) -> None:
    """For ever: a message is never given up."""
    mail = Recipient("mail", down=True)
    queued(outbox, still, "m1")
    pauses = []
    for _ in range(9):
        deliver(outbox, [mail], still)
        due = one(outbox).next_at
        assert due is not None
        pauses.append((due - still.now()).total_seconds())
        still.advance(pauses[-1] - 1)
        deliver(outbox, [mail], still)
        assert mail.asked == len(pauses), "tried before its time"
        still.advance(1)
    assert pauses == [10, 20, 40, 80, 160, 320, 640, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


def test_messages_that_wait_for_their_time_hide_no_newer_one(outbox: SqlOutbox, still: ManualClock) -> None:
    """More of them than one round takes."""
    mail = Recipient("mail", down=True)
    for number in range(60):
        queued(outbox, still, f"old{number:02}")
    deliver(outbox, [mail], still)
    deliver(outbox, [mail], still)
    mail.down = False
    still.advance(1)
    queued(outbox, still, "new")
    deliver(outbox, [mail], still)
    assert mail.got == ["new"]


def test_the_second_contact_gets_what_is_escalated(outbox: SqlOutbox, still: ManualClock) -> None:
    """And the rest counts as sent without them."""
    first, second = Recipient("first"), Recipient("second", only_escalated=True)
    queued(outbox, still, "report")
    queued(outbox, still, "reminder", escalated=True)
    assert deliver(outbox, [first, second], still) == 2
    assert (first.got, second.got) == (["reminder", "report"], ["reminder"])


def test_a_store_that_fails_is_no_failure_of_the_channel(outbox: SqlOutbox, still: ManualClock) -> None:
    """It stops the round: what was sent and could not be noted is sent again, never lost."""

    class Full(SqlOutbox):
        def mark_taken(self, key: str, channel: str) -> None:
            raise StoreError("disk full")

    queued(outbox, still, "m1")
    mail = Recipient("mail")
    with pytest.raises(StoreError):
        deliver(Full(outbox._database), [mail], still)
    assert one(outbox).attempts == 0
    deliver(outbox, [mail], still)
    assert mail.got == ["m1", "m1"]
