"""The store: one engine, one writer at a time, errors that say what to do.

Writers queue on a lock of this process before they ask SQLite for its own: SQLite's busy handler is not fair
and starves threads (durability.md 2.2). On Postgres an advisory lock gives the same one-writer order between
processes, which the audit chain and the joining of alerts rest on.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from tools.errors import StoreError
from tools.schema import SCHEMA_VERSION
from tools.store_errors import store_errors, upgrade_hint

BUSY_SECONDS = 30
_WRITES = "store_writes"
_POSTGRES_WRITER = 7_301_224
"""Key of the advisory lock that orders writers on Postgres."""


class Database:
    """The record's database. Open it once; share it between threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turn = threading.Lock()

    @classmethod
    def open(cls, url: str) -> Database:
        """Connect and check that the schema is the one this release knows.

        Raises StoreError: no database, an older or newer schema, a damaged file, a folder that cannot be
        written; each says what to do. Never changes the schema.
        """
        target = store_url(url)
        if target.get_backend_name() == "sqlite" and not Path(str(target.database)).exists():
            raise StoreError(f"there is no database at {target.database}: {upgrade_hint()}")
        database = cls(connect(url))
        try:
            database._check_schema()
            database.ping()
        except StoreError:
            database.close()
            raise
        return database

    @classmethod
    def is_current(cls, url: str) -> bool:
        """Whether there is a database with the schema of this release. False whatever else is wrong with it."""
        target = store_url(url)
        if target.get_backend_name() == "sqlite" and not Path(str(target.database)).exists():
            return False
        database = cls(connect(url))
        try:
            database._check_schema()
        except StoreError:
            return False
        finally:
            database.close()
        return True

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent snapshot. Never write in it: a snapshot cannot be made a writer on SQLite."""
        with store_errors(self.engine), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end or rolled back by an exception. Does not nest.

        Raises StoreError when nothing could be stored.
        """
        with store_errors(self.engine), self._my_turn(), self.engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRES_WRITER})"))
                yield connection

    def ping(self) -> None:
        """Commit a probe. Raises StoreError when the store cannot commit."""
        with self.write() as connection:
            connection.execute(text("UPDATE controls SET probes = probes + 1 WHERE name = 'probe'"))

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise StoreError(f"no turn to write within {BUSY_SECONDS} s: another write does not end")
        try:
            yield
        finally:
            self._turn.release()

    def _check_schema(self) -> None:
        with self.read() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found == SCHEMA_VERSION:
            return
        if found is not None and found > SCHEMA_VERSION:
            raise StoreError(
                f"the database has schema {found}, made by a newer release than this one ({SCHEMA_VERSION}): "
                "run that release, or restore a backup from before its upgrade"
            )
        raise StoreError(
            f"the database has schema {found}, this release needs {SCHEMA_VERSION}: {upgrade_hint()}"
        )


def insert_if_absent(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert, unless a row with this key is there. True when the row is ours."""
    return connection.execute(_insert_if_absent(connection.dialect.name, table), values).rowcount == 1


@cache
def _insert_if_absent(dialect: str, table: Table) -> Insert:
    """Built once for each table: to build a statement takes longer than to run it."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgres

        return insert_postgres(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert

    return insert(table).on_conflict_do_nothing()


def store_url(url: str) -> URL:
    """`url` parsed, with SQLite's path made absolute. Raises StoreError for what cannot be a store."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as err:
        raise StoreError("DATABASE_URL is not a database URL: use sqlite:////path/to/file.db") from err
    if parsed.get_backend_name() == "postgresql":
        return parsed
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreError("DATABASE_URL must name a SQLite file (sqlite:////path/to/file.db) or a Postgres")
    return parsed.set(database=str(Path(parsed.database).absolute()))


def store_file(url: str) -> Path | None:
    """SQLite's file; None for a server. Raises StoreError."""
    target = store_url(url)
    return Path(str(target.database)) if target.get_backend_name() == "sqlite" else None


def connect(url: str) -> Engine:
    """An engine with our transactions and pragmas. Opens nothing yet."""
    target = store_url(url)
    if target.get_backend_name() != "sqlite":
        return create_engine(target, pool_size=5, max_overflow=20, pool_pre_ping=True)
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(target, pool_size=5, max_overflow=40, connect_args=arguments)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    # pysqlite begins transactions by itself, late and only before some statements: switched off, and
    # `_begin_sqlite` says BEGIN for every one.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class DataDirLock:
    """Held until closed or until the process ends, however it ends: the kernel frees it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    def close(self) -> None:
        """Let the next process in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> DataDirLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def holder_of(path: str | Path) -> str:
    """The pid of the process that works on a data folder; empty when none does. Creates nothing."""
    try:
        descriptor = os.open(Path(path) / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(descriptor)
    return ""


def lock_data_dir(path: str | Path) -> DataDirLock:
    """Make this process the only one on a data folder (created if missing).

    Raises StoreError naming the folder and the pid that holds it, or why the folder cannot be used.
    """
    folder = Path(path).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as err:
        raise StoreError(
            f"cannot use the data folder {folder} ({err.strerror}): make it writable for uid {os.getuid()}, "
            "or set DATA_DIR to another folder"
        ) from err
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as err:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreError(
            f"the data folder {folder} is in use by process {holder}: stop that process, "
            "or set DATA_DIR to another folder"
        ) from err
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return DataDirLock(folder, descriptor)
