"""The audit trail: only appended to, and any change shows."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from tools.audit import FIRST, SqlAudit
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import StoreError

pytest_plugins = ("tests.record_store",)


@pytest.fixture
def trail(store: Database, still: ManualClock) -> SqlAudit:
    """A trail of five entries."""
    audit = SqlAudit(store)
    for n in range(5):
        audit.append("tested", at=still.now(), actor="ana", incident_id=f"i{n % 2}", number=n, text="\ud800é")
    return audit


def tamper(path: Path, statement: str) -> None:
    """What somebody with the file and without the triggers could do."""
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute(statement)
    connection.close()


def test_entries_follow_one_another(trail: SqlAudit, still: ManualClock) -> None:
    """Each names the digest of the one before; the newest ones, oldest first."""
    told = trail.entries()
    assert [one.seq for one in told] == [1, 2, 3, 4, 5]
    assert told[0].previous == FIRST
    assert [one.previous for one in told[1:]] == [one.digest for one in told[:-1]]
    assert told[3].detail == {"number": 3, "text": "\ud800é"}
    assert (told[3].at, told[3].actor, told[3].incident_id) == (still.now(), "ana", "i1")
    assert [one.seq for one in trail.entries(limit=2)] == [4, 5]
    assert [one.seq for one in trail.entries(incident_id="i1")] == [2, 4]
    assert trail.broken_at() is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'bob'",
        "DELETE FROM audit WHERE seq = 5",
        "REPLACE INTO audit SELECT * FROM audit",
    ],
)
def test_the_database_refuses_to_change_it(trail: SqlAudit, store: Database, statement: str) -> None:
    """Whoever writes SQL to it."""
    before = trail.entries()
    with pytest.raises(StoreError), store.write() as connection:
        connection.execute(text(statement))
    assert trail.entries() == before


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET actor = 'bob' WHERE seq = 3", 3),
        ("UPDATE audit SET detail = '{}' WHERE seq = 5", 5),
        ("UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE audit SET incident_id = 'i9' WHERE seq = 4", 4),
    ],
)
def test_what_got_past_the_triggers_shows(
    trail: SqlAudit, store_file: Path, statement: str, found: int
) -> None:
    """The first entry that was changed or taken away."""
    tamper(store_file, statement)
    assert trail.broken_at() == found


def test_writers_at_once_make_one_chain(trail: SqlAudit, still: ManualClock) -> None:
    """Eight threads, five entries each."""
    gate = threading.Barrier(8)

    def write() -> None:
        gate.wait()
        for n in range(5):
            trail.append("raced", at=still.now(), number=n)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trail.entries()) == 45
    assert trail.broken_at() is None
