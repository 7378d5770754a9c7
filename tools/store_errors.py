"""What a database driver says, turned into what a person can do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tools.errors import StoreError

_DAMAGED = (
    "{file} is damaged or is no SQLite database: stop the agent, move the file and its -wal and -shm away, "
    "then restore a backup or run `sre-agent db upgrade` for an empty one"
)
_NOT_WRITABLE = (
    "cannot write {file}: make the file and its folder writable for uid {uid}, "
    "or set DATA_DIR or DATABASE_URL to another place"
)
_ADVICE = {
    "SQLITE_FULL": "the disk of {file} is full: free space there; nothing was stored",
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
    "SQLITE_READONLY": _NOT_WRITABLE,
    "SQLITE_CANTOPEN": _NOT_WRITABLE,
    "SQLITE_PERM": _NOT_WRITABLE,
    "SQLITE_BUSY": "another process keeps {file} locked: stop it; nothing was stored",
    "SQLITE_LOCKED": "another process keeps {file} locked: stop it; nothing was stored",
    "SQLITE_IOERR": "reading or writing {file} failed: check the disk and its file system",
}


def upgrade_hint() -> str:
    """The command that makes or updates the schema."""
    return "run `sre-agent db upgrade`"


@contextmanager
def store_errors(engine: Engine) -> Iterator[None]:
    """Raise StoreError for whatever the driver raises inside."""
    try:
        yield
    except DBAPIError as err:
        raise StoreError(_explain(engine, err), reason=_code(err)) from err
    except PoolTimeout as err:
        raise StoreError("every database connection is in use: the store does not keep up") from err


def _code(err: DBAPIError) -> str:
    return str(getattr(err.orig, "sqlite_errorname", "") or getattr(err.orig, "sqlstate", "") or "")


def _explain(engine: Engine, err: DBAPIError) -> str:
    code = _code(err)
    file = engine.url.render_as_string(hide_password=True)
    if engine.dialect.name == "sqlite":
        file = str(engine.url.database)
    for prefix, advice in _ADVICE.items():
        if code.startswith(prefix):
            return f"{advice.format(file=file, uid=os.getuid())} ({err.orig})"
    if "no such table" in str(err.orig) or code == "42P01":
        return f"{file} has no schema: {upgrade_hint()}"
    if isinstance(err, IntegrityError):
        return f"the record refused it: {err.orig}"
    return f"the database at {file} failed: {err.orig}"
