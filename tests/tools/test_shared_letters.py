"""What one cause makes: the first message at once, those that follow in one letter, each with a record of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tools.clock import ManualClock
from tools.database import Database
from tools.delivery import deliver
from tools.errors import StoreError, TransientError
from tools.letters import Letterhead
from tools.outbox import Gist, Message, SqlOutbox
from tools.shared_letters import HELD_SECONDS, MOST_NAMED, MOST_TOLD, WINDOW, letter

pytest_plugins = ("tests.record_store",)
CAUSE = "registry/registry.example"


@dataclass
class Recipient:
    """Keeps what it takes; dies as it takes the message with the key `dies_at`, once."""

    name: str = "mail"
    down: bool = False
    dies_at: str = ""
    got: list[Message] = field(default_factory=list)

    def wants(self, message: Message) -> bool:
        return True

    def send(self, message: Message) -> None:
        if self.down:
            raise TransientError(f"{self.name}: no answer")
        self.got.append(message)
        if self.dies_at == message.key:
            self.dies_at = ""
            raise KeyboardInterrupt

    def letters(self) -> list[list[str]]:
        """The incidents of each message that was taken."""
        return [incidents(each) for each in self.got]


def incidents(message: Message) -> list[str]:
    """Whom it tells of."""
    return [part.incident_id for part in getattr(message, "parts", (message,))]


@pytest.fixture
def outbox(store: Database) -> SqlOutbox:
    """The real queue."""
    return SqlOutbox(store)


def about(name: str, clock: ManualClock, **changes: Any) -> Message:
    """The explanation of the incident `name`."""
    fields: dict[str, Any] = {
        "key": f"{name}:report",
        "incident_id": name,
        "kind": "explained",
        "subject": f"Look soon: shop/{name}: registry_outage",
        "body": f"Look soon: 1 of the 2 pods of {name} ready; nothing was done.\n\nWhat: ...\n",
        "html": "<p>...</p>",
        "queued_at": clock.now(),
        "cause": CAUSE,
        "how_soon": "Look soon",
        "gist": Gist(where=f"shop/{name}", what=f"<b>{name}</b> waits", next_step="ask the registry"),
    }
    return Message.model_validate({**fields, **changes})


def queue(outbox: SqlOutbox, clock: ManualClock, *names: str, **changes: Any) -> None:
    """One a second."""
    for name in names:
        assert outbox.queue(about(name, clock, **changes))
        clock.advance(1)


def rounds(outbox: SqlOutbox, clock: ManualClock, seconds: float, *channels: Recipient) -> None:
    """Deliver every five seconds, as the chore does."""
    for _ in range(int(seconds // 5)):
        deliver(outbox, channels, clock)
        clock.advance(5)


def one(outbox: SqlOutbox, incident: str) -> Message:
    """Its only message."""
    (message,) = outbox.for_incident(incident)
    return message


def test_the_first_goes_at_once_and_the_others_in_one_letter(outbox: SqlOutbox, still: ManualClock) -> None:
    """Within the time that a message may wait; each keeps its own record, which tells with whom it went."""
    mail, chat = Recipient("mail"), Recipient("chat")
    queue(outbox, still, "a", "b", "c")
    rounds(outbox, still, 30, mail, chat)
    assert mail.letters() == [["a"]]
    queue(outbox, still, "d", "e")
    rounds(outbox, still, HELD_SECONDS - 20, mail, chat)
    assert mail.letters() == chat.letters() == [["a"], ["b", "c", "d", "e"]]
    assert [one(outbox, name).sent_with for name in "abcde"] == ["", *["b:report"] * 4]
    for name in "bcde":
        kept = one(outbox, name)
        assert kept.sent_at is not None
        assert kept.sent_at - kept.queued_at <= timedelta(seconds=HELD_SECONDS + 5)
        assert (kept.attempts, kept.taken_by, kept.html) == (1, ("mail", "chat"), "")
        assert kept.subject == f"Look soon: shop/{name}: registry_outage"
    assert outbox.in_letter("b:report") == list("bcde")
    rounds(outbox, still, 120, mail, chat)
    assert len(mail.got) == 2, "sent again"


def test_one_that_waited_in_vain_goes_as_it_is(outbox: SqlOutbox, still: ManualClock) -> None:
    """A letter of one would tell less than the message itself."""
    mail = Recipient()
    queue(outbox, still, "a", "b")
    rounds(outbox, still, HELD_SECONDS + 10, mail)
    assert [(type(each), each.incident_id) for each in mail.got] == [(Message, "a"), (Message, "b")]
    assert one(outbox, "b").sent_with == ""


def test_what_is_urgent_does_not_wait_and_takes_along_what_does(
    outbox: SqlOutbox, still: ManualClock
) -> None:
    """Once: after it, more of the same urgency are no news."""
    mail = Recipient()
    queue(outbox, still, "a", "b")
    deliver(outbox, [mail], still)
    queue(outbox, still, "c", "d", how_soon="Act now")
    deliver(outbox, [mail], still)
    assert mail.letters() == [["a"], ["b", "c", "d"]]
    assert mail.got[1].subject == "Act now: 3 more incidents: registry registry.example"
    queue(outbox, still, "e", how_soon="Act now")
    deliver(outbox, [mail], still)
    assert len(mail.got) == 2


def test_long_after_the_last_one_it_goes_alone(outbox: SqlOutbox, still: ManualClock) -> None:
    """And counts as the first of what follows."""
    mail = Recipient()
    queue(outbox, still, "a")
    deliver(outbox, [mail], still)
    still.advance(WINDOW.total_seconds())
    queue(outbox, still, "b")
    deliver(outbox, [mail], still)
    queue(outbox, still, "c")
    deliver(outbox, [mail], still)
    assert mail.letters() == [["a"], ["b"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"how_soon": "", "kind": "needs_approval"},
        {"how_soon": "", "kind": "escalated"},
        {"how_soon": "", "kind": "acted"},
        {"cause": "registry/another.example"},
        {"cause": ""},
    ],
    ids=["asks", "escalated", "acted", "another cause", "no cause"],
)
def test_what_is_something_else_is_never_held(
    outbox: SqlOutbox, still: ManualClock, changes: dict[str, Any]
) -> None:
    """Nor taken along by a letter."""
    mail = Recipient()
    queue(outbox, still, "a", "b", "c")
    deliver(outbox, [mail], still)
    queue(outbox, still, "x", **changes)
    deliver(outbox, [mail], still)
    assert mail.letters() == [["a"], ["x"]]
    still.advance(HELD_SECONDS)
    queue(outbox, still, "y", **changes)
    deliver(outbox, [mail], still)
    assert mail.letters()[2:] in ([["b", "c"], ["y"]], [["b", "c"]])  # of another cause, y waits for x's
    assert one(outbox, "y").sent_with == ""


@pytest.mark.parametrize("back", [1, 50, 3600, 86400 * 40])
def test_a_clock_that_goes_back_lets_them_out(outbox: SqlOutbox, still: ManualClock, back: float) -> None:
    """Nobody knows how long they have waited; none waits for a time that is far away now."""
    mail = Recipient()
    queue(outbox, still, "a", "b", "c")
    still.advance(55)
    queue(outbox, still, "d")
    deliver(outbox, [mail], still)
    queue(outbox, still, "e")
    deliver(outbox, [mail], still)
    still.advance(-back)
    deliver(outbox, [mail], still)
    assert mail.letters() == [["a"], ["b", "c", "d", "e"]]


def test_killed_while_they_wait(outbox: SqlOutbox, still: ManualClock) -> None:
    """The next process lets them out at once, in one letter."""
    mail = Recipient()
    queue(outbox, still, "a", "b", "c")
    deliver(outbox, [mail], still)
    deliver(SqlOutbox(outbox._database), [mail], still)
    assert mail.letters() == [["a"], ["b", "c"]]


class Stutters(Recipient):
    """Is back as soon as it has refused one message."""

    def send(self, message: Message) -> None:
        down, self.down = self.down, False
        if down:
            raise TransientError(f"{self.name}: no answer")
        super().send(message)


class Forgetful(SqlOutbox):
    """Knows nothing of what was told before."""

    def told_of(self, cause: str, since: datetime) -> set[str]:
        return set()


@pytest.mark.parametrize("down", [False, True], ids=["it is taken", "it is refused once"])
@pytest.mark.parametrize("after", [SqlOutbox, Forgetful])
def test_stopped_for_long_while_they_wait(
    outbox: SqlOutbox, still: ManualClock, after: type[SqlOutbox], down: bool
) -> None:
    """What the letter took along in this round goes with it alone, whether that could be sent or not."""
    mail = Stutters()
    queue(outbox, still, "first", "a")
    deliver(outbox, [mail], still)
    queue(outbox, still, "b")
    still.advance(31 * 60)
    mail.down = down
    restarted = after(outbox._database)
    rounds(restarted, still, 30, mail)
    assert mail.letters() == [["first"], ["a", "b"]]


@pytest.mark.parametrize("later", [0, 31 * 60, 86400 * 40, -3600])
def test_a_start_with_several_that_wait(outbox: SqlOutbox, still: ManualClock, later: float) -> None:
    """They are of one outage by when they were queued, however long that is ago: the first and one letter."""
    mail = Recipient()
    queue(outbox, still, *"abcde")
    still.advance(later)
    rounds(outbox, still, HELD_SECONDS + 10, mail)
    assert mail.letters() == [["a"], ["b", "c", "d", "e"]]


def test_what_was_queued_before_the_clock_went_back(outbox: SqlOutbox, still: ManualClock) -> None:
    """What has been told since counts for it too."""
    mail = Recipient()
    queue(outbox, still, "b", "c")
    still.advance(-86400)
    queue(outbox, still, "a")
    deliver(outbox, [mail], still)
    assert mail.letters() == [["a"], ["b", "c"]]


def test_killed_between_the_letter_and_its_sending(
    outbox: SqlOutbox, store_file: Path, still: ManualClock
) -> None:
    """The next process sends the same letter: what came since is not in it. Nobody gets it twice who noted it."""
    mail, chat = Recipient("mail"), Recipient("chat", dies_at="b:report")
    queue(outbox, still, "a", "b", "c")
    deliver(outbox, [mail, chat], still)
    still.advance(HELD_SECONDS)
    with pytest.raises(KeyboardInterrupt):
        deliver(outbox, [mail, chat], still)
    assert [one(outbox, name).taken_by for name in "bc"] == [("mail",), ("mail",)]
    assert [one(outbox, name).sent_at for name in "bc"] == [None, None]
    queue(outbox, still, "d")
    again = Database.open(f"sqlite:///{store_file}")
    try:
        rounds(SqlOutbox(again), still, HELD_SECONDS + 5, mail, chat)
    finally:
        again.close()
    assert mail.letters() == [["a"], ["b", "c"], ["d"]]
    assert chat.letters() == [["a"], ["b", "c"], ["b", "c"], ["d"]]


def test_killed_before_anybody_was_asked(outbox: SqlOutbox, still: ManualClock) -> None:
    """The letter is made in one write: there is none, or all of it."""

    class Dying(SqlOutbox):
        def join(self, key: str, *, limit: int) -> list[Message]:
            super().join(key, limit=limit)
            raise KeyboardInterrupt

    mail = Recipient()
    queue(outbox, still, "a", "b", "c")
    deliver(outbox, [mail], still)
    still.advance(HELD_SECONDS)
    with pytest.raises(KeyboardInterrupt):
        deliver(Dying(outbox._database), [mail], still)
    deliver(SqlOutbox(outbox._database), [mail], still)
    assert mail.letters() == [["a"], ["b", "c"]]


@pytest.mark.parametrize("method", ["mark_taken", "mark_sent"])
def test_a_store_that_fails_loses_nothing(outbox: SqlOutbox, still: ManualClock, method: str) -> None:
    """At least once, as for every message: again to those whose taking could not be noted, and to them alone."""

    def full(self: SqlOutbox, *args: object) -> None:
        raise StoreError("disk full")

    mail = Recipient()
    queue(outbox, still, "a", "b", "c")
    deliver(outbox, [mail], still)
    still.advance(HELD_SECONDS)
    broken = type("Full", (SqlOutbox,), {method: full})
    with pytest.raises(StoreError):
        deliver(broken(outbox._database), [mail], still)
    deliver(outbox, [mail], still)
    assert mail.letters() == [["a"], *[["b", "c"]] * (2 if method == "mark_taken" else 1)]
    assert one(outbox, "c").sent_at == still.now()


def test_a_letter_that_is_not_taken_is_tried_again_as_it_was(outbox: SqlOutbox, still: ManualClock) -> None:
    """Its pauses grow as those of any message; later ones of its cause do not wait for it, nor it for them."""
    mail = Recipient()
    queue(outbox, still, "a", "b", "c")
    deliver(outbox, [mail], still)
    mail.down = True
    still.advance(HELD_SECONDS)
    deliver(outbox, [mail], still)
    assert [(one(outbox, n).attempts, one(outbox, n).last_error) for n in "bc"] == [
        (1, "mail: no answer")
    ] * 2
    queue(outbox, still, "d", "e")
    deliver(outbox, [mail], still)
    mail.down = False
    rounds(outbox, still, HELD_SECONDS + 5, mail)
    assert mail.letters() == [["a"], ["b", "c"], ["d", "e"]]


def test_what_failed_alone_goes_on_alone(outbox: SqlOutbox, still: ManualClock) -> None:
    """It has its own pauses; who comes after it waits for the rest of its cause all the same."""
    mail = Recipient(down=True)
    queue(outbox, still, "a", "b", "c")
    deliver(outbox, [mail], still)
    assert [one(outbox, name).attempts for name in "abc"] == [1, 0, 0]
    still.advance(HELD_SECONDS)
    deliver(outbox, [mail], still)
    mail.down = False
    rounds(outbox, still, 30, mail)
    assert sorted(mail.letters()) == [["a"], ["b", "c"]]


def test_a_long_letter_that_failed_hides_no_newer_message(outbox: SqlOutbox, still: ManualClock) -> None:
    """However many messages it is made of, it is one that is due."""
    mail = Recipient()
    queue(outbox, still, "a")
    deliver(outbox, [mail], still)
    for number in range(60):
        outbox.queue(about(f"w{number}", still))
    still.advance(HELD_SECONDS)
    mail.down = True
    deliver(outbox, [mail], still)
    still.advance(10)
    mail.down = False
    queue(outbox, still, "new", cause="")
    deliver(outbox, [mail], still)
    assert [len(each) for each in mail.letters()] == [1, 60, 1]


def test_what_another_process_took_into_its_letter_is_left_to_it(
    outbox: SqlOutbox, still: ManualClock
) -> None:
    """However late it notices."""
    queue(outbox, still, "a", "b", "c")
    other = SqlOutbox(outbox._database)
    assert [each.incident_id for each in outbox.join("b:report", limit=9)] == ["a", "b", "c"]
    assert other.join("c:report", limit=9) == []
    assert [each.incident_id for each in other.join("b:report", limit=9)] == ["a", "b", "c"]


def test_a_letter_holds_no_more_than_it_may(outbox: SqlOutbox, still: ManualClock) -> None:
    """The one that it is made for, and the oldest beside it; the rest wait for the next."""
    queue(outbox, still, *"abcde")
    assert [each.incident_id for each in outbox.join("d:report", limit=3)] == ["a", "b", "d"]
    assert [each.incident_id for each in outbox.join("c:report", limit=3)] == ["c", "e"]


def test_more_than_a_round_takes_are_one_letter(outbox: SqlOutbox, still: ManualClock) -> None:
    """As far as it can name them all; the rest follow in the next."""
    mail = Recipient()
    names = [f"w{number:03}" for number in range(MOST_NAMED + 7)]
    for name in ("first", *names):
        outbox.queue(about(name, still))
    rounds(outbox, still, HELD_SECONDS + 10, mail)
    assert mail.letters() == [["first"], names[:MOST_NAMED], names[MOST_NAMED:]]
    body = mail.got[1].body
    assert body.count("What: ") == MOST_TOLD
    assert f"shop/{names[MOST_NAMED - 1]}, incident" in body
    assert "on the page of incidents" not in body


def test_an_older_letter_says_how_many_it_does_not_name(still: ManualClock) -> None:
    """Letters had no bound once, and what one holds never changes."""
    parts = [about(f"w{number:03}", still) for number in range(MOST_NAMED + 7)]
    assert "7 more are on the page of incidents." in letter(parts[0], parts).body


def test_a_letter_tells_each_and_the_next_step_once(still: ManualClock) -> None:
    """The most urgent first; in HTML what came from the cluster is text."""
    parts = [about("web", still), about("api", still, how_soon="Act now", body="Act now: down.\n")]
    joined = letter(parts[0], parts)
    letterhead = Letterhead("https://agent.example")
    text, html = letterhead.text(joined), letterhead.html(joined)
    first = "Act now: 2 more incidents of the same cause: registry registry.example."
    assert text.startswith(f"{first}\n\nshop/api\n  Act now: down.\n  What: <b>api</b> waits\n")
    assert text.index("shop/api") < text.index("shop/web")
    links = [word for word in text.split() if word.startswith("http")]
    assert links == ["https://agent.example/incidents/api", "https://agent.example/incidents/web"]
    assert text.count("ask the registry") == html.count("ask the registry") == 1
    assert html.count("<a href=") == 2
    assert "&lt;b&gt;api&lt;/b&gt; waits" in html
    assert first in html
    assert "http" not in Letterhead().text(joined)


def test_who_else_is_told_of_for_a_cause(outbox: SqlOutbox, still: ManualClock) -> None:
    """Whatever their message was, since some time."""
    queue(outbox, still, "a", "b")
    queue(outbox, still, "x", cause="dns")
    queue(outbox, still, "c", kind="needs_approval", how_soon="")
    since = still.now() - timedelta(seconds=4)
    assert outbox.incidents_of(CAUSE, since, other_than="a") == 2
    assert outbox.among(["a", "x", "c", "gone"], CAUSE, since) == {"a", "c"}
    assert outbox.incidents_of(CAUSE, since + timedelta(seconds=2), other_than="a") == 1
    assert outbox.incidents_of("", since, other_than="a") == 0


def test_a_long_record_makes_none_of_it_slow(outbox: SqlOutbox, still: ManualClock) -> None:
    """Every question goes by an index."""
    queue(outbox, still, "a", "b", "c")
    asked: list[tuple[str, Any]] = []
    engine = outbox._database.engine

    def keep(conn: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    deliver(outbox, [Recipient()], still)
    still.advance(HELD_SECONDS)
    deliver(outbox, [Recipient()], still)
    outbox.incidents_of(CAUSE, still.now(), other_than="a")
    outbox.among(["a"], CAUSE, still.now())
    event.remove(engine, "before_cursor_execute", keep)
    with outbox._database.read() as connection:
        for statement, parameters in asked:
            if "outbox" in statement:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                assert not any(step[3].startswith("SCAN") and "INDEX" not in step[3] for step in plan), (
                    statement
                )
