"""The schema is what the migrations make, and a server never loads what makes it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tools.database import Database
from tools.errors import StoreError
from tools.migrations import upgrade_in_child
from tools.migrations.run import upgrade, upgrade_sql
from tools.schema import SCHEMA_VERSION, metadata

pytest_plugins = ("tests.record_store",)
ROOT = Path(__file__).parents[2]


def test_the_migrations_make_the_tables_of_the_schema(store: Database) -> None:
    """Neither has what the other lacks."""
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": False})
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_the_schema_knows_the_newest_migration() -> None:
    """What `Database.open` asks for is what an upgrade ends at."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "tools" / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]


def test_upgrading_again_changes_nothing(store: Database, store_file: Path) -> None:
    """Run at every start of whoever likes to."""
    store.ping()
    upgrade(f"sqlite:///{store_file}")
    store.ping()


def test_upgrades_at_once_do_not_meet(tmp_path: Path) -> None:
    """Two processes on a new file: one makes the schema, the other finds it."""
    url = f"sqlite:///{tmp_path / 'deep' / 'new.db'}"
    errors: list[StoreError] = []

    def run() -> None:
        try:
            upgrade_in_child(url)
        except StoreError as err:
            errors.append(err)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    Database.open(url).close()


def test_the_child_says_why_it_failed(tmp_path: Path) -> None:
    """In the words of the store, one line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"upgrade failed: cannot make the folder .*/file/deep"):
        upgrade_in_child(f"sqlite:///{tmp_path / 'file' / 'deep' / 'new.db'}")


def test_a_failed_upgrade_leaves_nothing_half_made(tmp_path: Path) -> None:
    """DDL is in the transaction too: a table that is in the way stops all of it."""
    path = tmp_path / "taken.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE timeline (x)")
    connection.close()
    with pytest.raises(StoreError, match="timeline"):
        upgrade(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    connection.close()
    assert names == ["timeline"]


def test_a_new_file_gives_space_back(store: Database) -> None:
    """Set before the first table, or never."""
    with store.read() as connection:
        assert connection.execute(text("PRAGMA auto_vacuum")).scalar() == 2


def test_the_same_migrations_speak_postgres() -> None:
    """As a script: partial indexes, time zones, big row numbers and the seal on the audit trail."""
    script = upgrade_sql("postgresql")
    for words in (
        "CREATE UNIQUE INDEX uq_alerts_firing ON alerts (fingerprint) WHERE status = 'firing'",
        "began_at TIMESTAMP WITH TIME ZONE NOT NULL",
        "id BIGSERIAL NOT NULL",
        "CREATE TRIGGER audit_sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit",
        f"SET version_num='{SCHEMA_VERSION}'",
    ):
        assert words in script
    assert "RAISE(ABORT" not in script


def test_a_server_does_not_load_alembic() -> None:
    """Its memory is the child's; neither the mapping layer of SQLAlchemy."""
    code = (
        "import sys, server.webhooks, tools.inbox, tools.incidents, tools.ledger, tools.approvals,"
        "tools.outbox, tools.controls, tools.audit, tools.revisions, tools.migrations;"
        "print([name for name in ('alembic', 'mako', 'sqlalchemy.orm') if name in sys.modules])"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert child.stdout.strip() == "[]"
