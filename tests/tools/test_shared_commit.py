"""Writers that share a commit: all are stored, one that fails fails alone, and nobody is told what is not stored."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Connection, event, func, insert, select, text

from tests.made_alerts import firing, parsed
from tests.served import until
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import StoreError
from tools.inbox import Inbox
from tools.schema import alerts
from tools.shared_commit import SharedCommit

pytest_plugins = ("tests.record_store",)


def note(name: str) -> Callable[[Connection], str]:
    """A write that stores `name`."""

    def work(connection: Connection) -> str:
        row = {"status": "invalid", "labels": {}, "annotations": {}, "alert_name": name}
        connection.execute(
            insert(alerts).values(row | {"first_seen": ManualClock().now(), "last_seen": ManualClock().now()})
        )
        return name

    return work


def stored(store: Database) -> list[str]:
    """Names in the record."""
    with store.read() as connection:
        return sorted(connection.execute(select(alerts.c.alert_name)).scalars())


class Crowd:
    """Writers that all wait while the first one holds the store."""

    def __init__(self, store: Database) -> None:
        self.commits: SharedCommit[str] = SharedCommit(store)
        self.told: dict[str, str | BaseException] = {}
        self._threads: list[threading.Thread] = []
        self._hold, self._held = threading.Event(), threading.Event()
        self.add("first", self._first)
        assert self._held.wait(30)

    def _first(self, connection: Connection) -> str:
        self._held.set()
        assert self._hold.wait(30)
        return note("first")(connection)

    def add(self, name: str, work: Callable[[Connection], str]) -> None:
        """One more that waits."""

        def run() -> None:
            try:
                self.told[name] = self.commits.do(work)
            except (StoreError, ZeroDivisionError) as error:
                self.told[name] = error

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def go(self) -> None:
        """Let all of them end, once they wait."""
        until(lambda: self.commits.waiting == len(self._threads) - 1)
        self._hold.set()
        for thread in self._threads:
            thread.join(30)


def begun(store: Database) -> list[str]:
    """Write transactions as they begin."""
    sent: list[str] = []

    def see(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", see)
    return sent


def test_who_waits_meanwhile_is_stored_in_one_commit(store: Database) -> None:
    """Nine that wait need one more transaction between them, and each is told its own result."""
    transactions = begun(store)
    crowd = Crowd(store)
    names = [f"n{n}" for n in range(9)]
    for name in names:
        crowd.add(name, note(name))
    crowd.go()
    assert crowd.told == {name: name for name in ["first", *names]}
    assert stored(store) == sorted(["first", *names])
    assert len(transactions) == 2


def test_one_that_cannot_be_stored_fails_alone(store: Database) -> None:
    """The others are stored without it, in transactions of their own; nothing of it stays."""

    def spoilt(connection: Connection) -> str:
        note("spoilt")(connection)
        connection.execute(text("INSERT INTO no_such_table VALUES (1)"))
        return "spoilt"

    crowd = Crowd(store)
    crowd.add("a", note("a"))
    crowd.add("spoilt", spoilt)
    crowd.add("b", note("b"))
    crowd.go()
    assert (crowd.told["a"], crowd.told["b"]) == ("a", "b")
    assert isinstance(crowd.told["spoilt"], StoreError)
    assert stored(store) == ["a", "b", "first"]


def test_a_defect_in_one_tells_nobody_that_it_is_stored(store: Database) -> None:
    """What is no error of the store goes to the one whose turn it is; the others are told that nothing was stored."""

    def defect(connection: Connection) -> str:
        raise ZeroDivisionError

    crowd = Crowd(store)
    crowd.add("a", note("a"))
    crowd.add("defect", defect)
    crowd.go()
    assert stored(store) == ["first"]
    assert all(isinstance(crowd.told[name], Exception) for name in ("a", "defect"))


def test_a_full_disk_stores_none_and_says_so(store: Database) -> None:
    """SQLite rolls the whole transaction back by itself: no earlier one of the group is believed to be stored."""
    crowd = Crowd(store)
    with store.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()

    def big(connection: Connection) -> str:
        connection.execute(text(f"PRAGMA max_page_count = {pages + 1}"))
        for _ in range(2000):
            note("big")(connection)
        return "big"

    crowd.add("a", note("a"))
    crowd.add("big", big)
    crowd.add("b", note("b"))
    crowd.go()
    told = [name for name, what in crowd.told.items() if what == name]
    assert stored(store) == sorted(told)
    assert isinstance(crowd.told["big"], StoreError)


def test_bodies_share_commits_too(store: Database, still: ManualClock) -> None:
    """The inbox uses it: what is answered is stored."""
    inbox = Inbox(store, still)
    threads = [
        threading.Thread(target=inbox.accept, args=(parsed(firing("", deployment=f"app{n}")),))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(alerts)).scalar_one() == 20
