"""Runs Alembic without an ini file. Never imported by a server: see `tools.migrations.upgrade_in_child`."""

from __future__ import annotations

import io
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import event, text

from tools.database import connect, store_url
from tools.errors import StoreError
from tools.store_errors import store_errors


def upgrade(url: str) -> None:
    """Bring the schema up to date, in one transaction; does nothing when it is. Safe to run twice at once.

    Makes the file and its folder where they are missing. Raises StoreError.
    """
    target = store_url(url)
    sqlite = target.get_backend_name() == "sqlite"
    if sqlite:
        _make_folder(Path(str(target.database)).parent)
    engine = connect(url)
    if sqlite:
        event.listen(engine, "connect", _prepare_new_file, insert=True)
    try:
        with store_errors(engine), engine.connect() as connection:
            connection.execution_options(store_writes=True)
            with connection.begin():
                if not sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(7301225)"))
                command.upgrade(_config(connection=connection), "head")
    finally:
        engine.dispose()


def upgrade_sql(dialect: str) -> str:
    """The same as a script for `dialect`, for those who run DDL by hand."""
    script = io.StringIO()
    command.upgrade(_config(dialect=dialect, output=script), "head", sql=True)
    return script.getvalue()


def _config(*, output: io.StringIO | None = None, **attributes: object) -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes)
    return config


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise StoreError(
            f"cannot make the folder {folder} ({err.strerror}): make its parent writable, "
            "or set DATA_DIR or DATABASE_URL to another place"
        ) from err


def _prepare_new_file(connection: object, record: object) -> None:
    # Only takes effect before the first table: lets pruning give space back without a full VACUUM.
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # type: ignore[attr-defined]
