"""The store: transactions, and errors that say what to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.exc import StatementError

from tests.made_alerts import firing, parsed
from tools.clock import ManualClock
from tools.column_types import storable
from tools.database import Database, lock_data_dir
from tools.errors import StoreError, ToolError
from tools.inbox import Inbox
from tools.schema import alerts, controls, episodes, incidents, outbox, timeline

pytest_plugins = ("tests.record_store",)
ROOT = Path(__file__).parents[2]


def limit(database: Database, pragma: str) -> None:
    """Set a pragma on every connection from here on: SQLite itself then raises."""
    event.listen(database.engine, "connect", lambda raw, record: raw.execute(f"PRAGMA {pragma}"))
    database.engine.dispose()


def stored(database: Database) -> int:
    """Rows that a body leaves."""
    with database.read() as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (alerts, episodes, incidents, timeline)
        )


def test_what_is_committed_is_synced_in_full(store: Database) -> None:
    """WAL, FULL, foreign keys, half a minute of patience: on every connection."""
    with store.read() as one, store.read() as two:
        for connection in (one, two):
            found = [
                connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
            assert found == ["wal", 2, 1, 30_000]


def test_an_exception_rolls_everything_back(store: Database) -> None:
    """Also what went before it."""

    def fail_half_way() -> None:
        with store.write() as connection:
            connection.execute(update(controls).values(reason="half done"))
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    with store.read() as connection:
        assert set(connection.execute(select(controls.c.reason)).scalars()) == {""}


def test_a_reader_sees_one_instant(store: Database) -> None:
    """What is committed meanwhile does not show until the next read."""
    count = select(controls.c.probes).where(controls.c.name == "probe")
    with store.read() as connection:
        before = connection.execute(count).scalar_one()
        store.ping()
        assert connection.execute(count).scalar_one() == before
    with store.read() as connection:
        assert connection.execute(count).scalar_one() == before + 1


def test_writers_take_turns_before_they_read(store: Database) -> None:
    """Read, then write, from eight threads: no update is lost."""
    gate = threading.Barrier(8)

    def add() -> None:
        gate.wait()
        for _ in range(10):
            with store.write() as connection:
                count = connection.execute(select(controls.c.probes).limit(1)).scalar_one()
                connection.execute(update(controls).values(probes=count + 1))

    threads = [threading.Thread(target=add) for _ in range(8)]
    with store.write() as connection:
        connection.execute(update(controls).values(probes=0))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as connection:
        assert connection.execute(select(controls.c.probes).limit(1)).scalar_one() == 80


def test_instants_come_back_as_they_went(store: Database) -> None:
    """Aware, in UTC, to the microsecond; a time without offset is refused."""
    there = datetime(2026, 1, 5, 13, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with store.write() as connection:
        connection.execute(update(controls).values(at=there))
        back = connection.execute(select(controls.c.at).limit(1)).scalar_one()
    assert back == there
    assert back.tzinfo is UTC
    with pytest.raises(StatementError, match="without offset"), store.write() as connection:
        connection.execute(update(controls).values(at=datetime(2026, 1, 5)))


@pytest.mark.parametrize("given", ["plain", "é", "\ud800", "a\udfffb", "\x00", "😀", "\ud83d\ude00"])
def test_storable_text_is_utf8_without_nul(given: str) -> None:
    """And text that already was stays as it was."""
    kept = storable(given)
    kept.encode("utf-8")
    assert "\x00" not in kept
    assert kept == given or any("\ud800" <= c <= "\udfff" or c == "\x00" for c in given)


def test_ping_commits(store: Database, store_file: Path) -> None:
    """Another connection sees it."""
    store.ping()
    with sqlite3.connect(store_file) as connection:
        (before,) = connection.execute("SELECT probes FROM controls WHERE name = 'probe'").fetchone()
        store.ping()
        (after,) = connection.execute("SELECT probes FROM controls WHERE name = 'probe'").fetchone()
    connection.close()
    assert after == before + 1


def test_a_full_disk_stores_nothing_and_says_so(store: Database, still: ManualClock) -> None:
    """SQLite's own SQLITE_FULL, in the middle of a body: no row of it stays, and later ones go in."""
    limit(store, "max_page_count=100")
    body = parsed(*(firing("", deployment=f"d{n}", filler="x" * 900) for n in range(1000)))
    with pytest.raises(StoreError, match=r"the disk of .*record\.db is full: free space there"):
        Inbox(store, still).accept(body)
    assert stored(store) == 0
    assert Inbox(store, still).accept(parsed(firing())).opened == 1


def test_a_file_that_cannot_be_written_is_named(store: Database, still: ManualClock) -> None:
    """SQLite's own SQLITE_READONLY."""
    limit(store, "query_only=ON")
    with pytest.raises(StoreError, match=r"cannot write .*record\.db: make the file and its folder writable"):
        Inbox(store, still).accept(parsed(firing()))
    with pytest.raises(StoreError):
        store.ping()
    assert stored(store) == 0


def test_a_lock_that_another_process_keeps_is_named(store: Database, store_file: Path) -> None:
    """SQLite's own SQLITE_BUSY, after a shorter patience than in earnest."""
    limit(store, "busy_timeout=10")
    other = sqlite3.connect(store_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreError, match=r"another process keeps .* locked: stop it"):
            store.ping()
    finally:
        other.close()
    store.ping()


def test_no_database_is_not_made_by_opening(tmp_path: Path) -> None:
    """The command is named."""
    with pytest.raises(StoreError, match=r"there is no database at .*new\.db: run `sre-agent db upgrade`"):
        Database.open(f"sqlite:///{tmp_path / 'new.db'}")
    assert list(tmp_path.iterdir()) == []


def break_head(path: Path) -> None:
    """No SQLite file at all."""
    path.write_bytes(b"these are not the bytes you are looking for" * 100)


def break_middle(path: Path) -> None:
    """A SQLite file whose pages after the first are noise."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


@pytest.mark.parametrize("damage", [break_head, break_middle])
def test_a_damaged_file_is_named_with_the_way_out(store_file: Path, damage: Callable[[Path], None]) -> None:
    """Moved away or restored, never written over."""
    damage(store_file)
    before = store_file.read_bytes()
    with pytest.raises(StoreError, match=r"record\.db is damaged or is no SQLite database: stop the agent"):
        Database.open(f"sqlite:///{store_file}")
    assert store_file.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE alembic_version SET version_num = '0000'", "has schema 0000, this release needs"),
        ("UPDATE alembic_version SET version_num = '9999'", "made by a newer release"),
        ("DELETE FROM alembic_version", "has schema None"),
        ("DROP TABLE alembic_version", "has no schema: run `sre-agent db upgrade`"),
    ],
)
def test_another_schema_is_refused(store_file: Path, change: str, words: str) -> None:
    """Older: the command. Newer: the release. None: the command."""
    with sqlite3.connect(store_file) as connection:
        connection.execute(change)
    connection.close()
    with pytest.raises(StoreError, match=words):
        Database.open(f"sqlite:///{store_file}")


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "sqlite:///"]
)
def test_a_url_that_is_no_store_is_refused(url: str) -> None:
    """With the form that is right, and without repeating what may hold a password."""
    with pytest.raises(StoreError, match="DATABASE_URL"):
        Database.open(url)


def test_what_the_record_refuses_is_said(store: Database) -> None:
    """A row that points to nothing."""
    with pytest.raises(StoreError, match="the record refused it: FOREIGN KEY"), store.write() as connection:
        connection.execute(insert(timeline).values(incident_id="nope", at=datetime.now(UTC)))


def test_the_store_error_is_a_tool_error() -> None:
    """Whoever catches those of the outside world catches this one."""
    assert issubclass(StoreError, ToolError)


HOLDER = """
import sys
from tools.database import lock_data_dir
lock = lock_data_dir(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Another process that has the folder."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_data_folder_has_one_process(tmp_path: Path) -> None:
    """The second is told the folder and the pid; after kill -9 the folder is free at once."""
    folder = tmp_path / "data" / "deep"
    with hold(folder) as child:
        try:
            with pytest.raises(StoreError, match=rf"data folder {folder} is in use by process {child.pid}:"):
                lock_data_dir(folder)
        finally:
            child.kill()
            child.communicate()
    with lock_data_dir(folder) as lock:
        assert lock.path == folder
        assert (folder / "lock").read_text().strip() == str(os.getpid())


def test_a_data_folder_can_be_given_back(tmp_path: Path) -> None:
    """Closed, it can be taken again; twice in one process is refused like any other."""
    first = lock_data_dir(tmp_path)
    with pytest.raises(StoreError, match=f"in use by process {os.getpid()}"):
        lock_data_dir(tmp_path)
    first.close()
    first.close()
    lock_data_dir(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot use the data folder .* set DATA_DIR to another folder"):
        lock_data_dir(tmp_path / "file" / "data")


def test_a_message_of_any_text_goes_in_and_out(store: Database, still: ManualClock) -> None:
    """Bound, never pasted."""
    nasty = "Robert'); DROP TABLE outbox;-- \x00 \ud800 ✓"
    row: dict[str, Any] = {"key": nasty, "kind": "acted", "queued_at": still.now()}
    with store.write() as connection:
        connection.execute(insert(outbox).values(row))
        assert connection.execute(select(outbox.c.key)).scalar_one() == storable(nasty)
