"""A record is copied without being touched, and a copy forgets what came after an instant."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.server.stored import files
from tools.clock import ManualClock
from tools.controls import SqlControls
from tools.database import Database
from tools.errors import StoreError
from tools.migrations.run import upgrade
from tools.record_copy import copy_record, rewind


def made(folder: Path) -> Path:
    """An empty record that nobody has open."""
    folder.mkdir()
    upgrade(f"sqlite:///{folder / 'sre-agent.db'}")
    return folder / "sre-agent.db"


def probes(file: Path) -> int:
    """How often the store was written to, as the file tells it."""
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT probes FROM controls WHERE name = 'probe'").fetchone()[0])


def test_a_record_that_nobody_has_open_is_copied_and_no_file_changes(tmp_path: Path) -> None:
    """No file is made beside it either."""
    record = made(tmp_path / "data")
    before = files(record.parent)
    copy_record(record, tmp_path / "copy.db")
    assert files(record.parent) == before
    Database.open(f"sqlite:///{tmp_path / 'copy.db'}").close()


def test_what_is_only_in_the_log_is_copied_too(tmp_path: Path) -> None:
    """While the record is open, the newest commits are nowhere else; its files stay as they are."""
    record = made(tmp_path / "data")
    live = Database.open(f"sqlite:///{record}")
    live.ping()
    log = record.with_name("sre-agent.db-wal")
    before = (record.read_bytes(), log.read_bytes())
    assert before[1] != b""
    copy_record(record, tmp_path / "copy.db")
    assert (record.read_bytes(), log.read_bytes()) == before
    live.close()
    assert probes(tmp_path / "copy.db") == 2


def test_what_a_kill_has_left_is_not_tidied_up(tmp_path: Path) -> None:
    """A log that nobody has open: an ordinary connection would write it back as it closes."""
    record = made(tmp_path / "data")
    live = Database.open(f"sqlite:///{record}")
    left = tmp_path / "left"
    left.mkdir()
    for name in ("sre-agent.db", "sre-agent.db-wal"):
        shutil.copy(record.with_name(name), left)
    live.close()
    before = files(left)
    copy_record(left / "sre-agent.db", tmp_path / "copy.db")
    after = files(left)
    assert {name: after[name] for name in before} == before
    assert probes(tmp_path / "copy.db") == 1


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    """Nothing there, and something else there."""
    with pytest.raises(StoreError, match="there is no record at"):
        copy_record(tmp_path / "none.db", tmp_path / "copy.db")
    (tmp_path / "text.db").write_text("a text that is no database, long enough for a page\n" * 100)
    with pytest.raises(StoreError, match="cannot be copied"):
        copy_record(tmp_path / "text.db", tmp_path / "copy.db")


@pytest.mark.parametrize(("seconds", "paused"), [(5, False), (15, True), (25, False)])
def test_the_pause_is_the_one_of_that_instant(tmp_path: Path, seconds: float, paused: bool) -> None:
    """Paused after ten seconds, resumed after twenty."""
    clock = ManualClock()
    began = clock.now()
    database = Database.open(f"sqlite:///{made(tmp_path / 'data')}")
    controls = SqlControls(database)
    clock.advance(10)
    controls.pause(actor="a", reason="r", at=clock.now())
    clock.advance(10)
    controls.resume(actor="a", reason="r", at=clock.now())
    clock.set(began)
    clock.advance(seconds)
    rewind(database, clock.now())
    assert controls.pause_state().paused is paused
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar() == 2
    database.close()
