"""Fixtures of tests that need the record: a migrated store per test, copied from one migrated once per run.

Named as a plugin by the modules that use it: `pytest_plugins = ("tests.record_store",)`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.clock import ManualClock
from tools.database import Database
from tools.migrations.run import upgrade


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing but the schema, to copy."""
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def store_file(migrated_file: Path, tmp_path: Path) -> Path:
    """This test's own database file."""
    return Path(shutil.copy(migrated_file, tmp_path / "record.db"))


@pytest.fixture
def store(store_file: Path) -> Iterator[Database]:
    """This test's own store, open."""
    database = Database.open(f"sqlite:///{store_file}")
    yield database
    database.close()


@pytest.fixture
def still() -> ManualClock:
    """Stands still a minute after the real bodies of tests/payloads were sent."""
    return ManualClock(datetime(2026, 11, 22, 15, 50, tzinfo=UTC))
