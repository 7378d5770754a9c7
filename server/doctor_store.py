"""What the doctor asks of the agent's own data: the folder, its space, the record's database, the memory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from server.doctor import Check, absent, broken, look, ok
from server.remembrance import lacking
from server.settings import Settings
from tools.clock import Clock
from tools.database import Database, holder_of, store_file
from tools.errors import StoreError, ToolError
from tools.memory_process import MemoryProcess
from tools.model_folder import MEND
from tools.readiness import QDRANT_READY, ready

LEAST_FREE = 200 * 1024 * 1024
"""Bytes: some 8,000 incidents, and room for SQLite's log."""


def checks(settings: Settings, clock: Clock) -> list[Check]:
    """One line each."""
    return [
        folder(settings.data_dir),
        space(settings.data_dir),
        _database(settings.database_url),
        _memory(settings, clock),
        *_model(settings, clock),
    ]


def folder(path: Path) -> Check:
    """Whether an agent can work in it; made by the first start if it is not there yet."""
    place = _nearest(path)
    if not os.access(place, os.W_OK | os.X_OK):
        mend = f"make {place} writable for uid {os.getuid()} (in a pod: fsGroup), or set DATA_DIR"
        return broken("data folder", f"{place} cannot be written", mend)
    if place != path.absolute():
        return ok("data folder", f"{path} will be made by the first start")
    holder = holder_of(path)
    return ok("data folder", f"{path}" + (f", an agent works on it (process {holder})" if holder else ""))


def space(path: Path, least: int = LEAST_FREE) -> Check:
    """Free bytes on the file system of the data folder."""
    free = shutil.disk_usage(_nearest(path)).free
    words = f"{free // 1_048_576} MiB free"
    if free < least:
        mend = f"free {(least - free) // 1_048_576 + 1} MiB at {path}, or enlarge its volume"
        return broken("disk space", f"{words}, fewer than {least // 1_048_576}", mend)
    return ok("disk space", words)


def _nearest(path: Path) -> Path:
    """The folder, or the one in which it would be made."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return place


def _database(url: str) -> Check:
    try:
        file = store_file(url)
        if file is not None and not file.exists():
            return absent("database", f"{file} will be made by the first start")
        database = Database.open(url)
    except StoreError as error:
        return broken("database", str(error), "sre-agent db upgrade, or what the message says")
    database.close()
    return ok("database", "its schema is this release's, and it commits")


def _memory(settings: Settings, clock: Clock) -> Check:
    if not settings.memory:
        return absent("memory", "MEMORY=false")
    if packages := lacking():
        mend = "pip install 'sre-agent[memory]', or MEMORY=false"
        return broken("memory", f"{', '.join(packages)} are not installed", mend)
    if settings.qdrant_url:
        mend = "start the Qdrant server, correct QDRANT_URL, or leave it out for an embedded folder"
        return look("memory", lambda: ready(settings.qdrant_url, QDRANT_READY), mend)
    if not settings.qdrant_path.exists():
        return ok("memory", f"{settings.qdrant_path} will be made by the first incident that ends")
    if holder := holder_of(settings.data_dir):
        return ok("memory", f"{settings.qdrant_path} belongs to the agent that runs (process {holder})")
    return _embedded(settings, clock)


def _model(settings: Settings, clock: Clock) -> list[Check]:
    """Loaded and run once, as the memory would: whether a folder's model works shows in no other way."""
    folder = settings.memory_model_folder
    if folder is None or not settings.memory or lacking():
        return []
    memory = MemoryProcess(settings.qdrant_path, clock, model_folder=folder)
    try:
        return [ok("memory's model", f"{memory.dimension()} numbers for a text, from {folder}")]
    except ToolError as error:
        return [broken("memory's model", str(error).removesuffix(f": {MEND}"), MEND)]
    finally:
        memory.close()


def _embedded(settings: Settings, clock: Clock) -> Check:
    """Opened as the agent would: a lock that another process holds shows then, and only then."""
    folder = settings.memory_model_folder
    memory = MemoryProcess(settings.qdrant_path, clock, model_folder=folder)
    try:
        words = f"{memory.count()} documents in {settings.qdrant_path}"
        return ok(
            "memory", f"{words}, {memory.catch_up(0)} of them to be read by its model" if folder else words
        )
    except ToolError as error:
        return broken("memory", str(error), "QDRANT_PATH=<a folder of its own>, or MEMORY=false")
    finally:
        memory.close()
