"""What decisions were made from, kept with their incidents: a bundle each, redacted, compressed and bounded.

One row for an incident, replaced by its newest decision. What would be too large is cut down in steps (logs to their
last lines, events to those about objects that were read), and in the end not kept, with the reason in its place.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select, update

from tools.bundle import Bundle, BundleMeta, LogName
from tools.bundle_redaction import redacted
from tools.database import Database, insert_if_absent
from tools.schema import readings
from tools.targets_claimed import row_of

MOST_BYTES = 128 * 1024
"""Compressed. A usual incident takes 5 to 9 KiB; ten thousand events in the namespace take a MiB uncut."""
LEAST_LINES = 40
NEVER = "the run made no decision from this cluster, or made it before this release kept what it read"


@dataclass(frozen=True)
class Kept:
    """What is kept of one incident."""

    bundle: Bundle | None = None
    missing: str = ""
    """Why there is none."""


class Readings(Protocol):
    """Kept by the graph, fetched by people."""

    def keep(self, incident_id: str, bundle: Bundle, at: datetime) -> None:
        """Redact it and keep it in place of an earlier one. Raises StoreError."""
        ...

    def of(self, incident_id: str) -> Kept:
        """What is kept. Raises NotFound for an incident that does not exist."""
        ...


class SqlReadings:
    """Readings in the record's database."""

    def __init__(self, database: Database, *, most_bytes: int = MOST_BYTES) -> None:
        self._database = database
        self._most_bytes = most_bytes

    def keep(self, incident_id: str, bundle: Bundle, at: datetime) -> None:
        packed = next(
            (body for body in map(pack, _smaller(redacted(bundle))) if len(body) <= self._most_bytes), None
        )
        missing = "" if packed else f"what it read takes more than {self._most_bytes // 1024} KiB"
        row = {"incident_id": incident_id, "kept_at": at, "body": packed, "missing": missing}
        with self._database.write() as connection:
            if not insert_if_absent(connection, readings, row):
                connection.execute(update(readings).where(readings.c.incident_id == incident_id).values(row))

    def of(self, incident_id: str) -> Kept:
        with self._database.read() as connection:
            row_of(connection, incident_id)
            found = connection.execute(select(readings).where(readings.c.incident_id == incident_id)).first()
        if found is None or found.body is None:
            return Kept(missing=found.missing if found else NEVER)
        return Kept(unpack(found.body))


def pack(bundle: Bundle) -> bytes:
    """As bytes, small: keys repeat from object to object, and compress well."""
    plain = {
        "meta": bundle.meta.model_dump(mode="json", exclude_none=True),
        "alerts": bundle.alerts,
        "objects": bundle.objects,
        "logs": [[asdict(name), text] for name, text in bundle.logs.items()],
        "metrics": bundle.metrics,
        "llm": bundle.llm,
        "history": bundle.history,
    }
    return zlib.compress(json.dumps(plain, separators=(",", ":")).encode(), level=6)


def unpack(body: bytes) -> Bundle:
    """The bundle that `pack` was given."""
    plain: dict[str, Any] = json.loads(zlib.decompress(body))
    return Bundle(
        meta=BundleMeta.model_validate(plain["meta"]),
        alerts=tuple(plain["alerts"]),
        objects=tuple(plain["objects"]),
        logs={LogName(**name): text for name, text in plain["logs"]},
        metrics=tuple(plain["metrics"]),
        llm=tuple(plain["llm"]),
        history=plain["history"],
    )


def _smaller(bundle: Bundle) -> Iterator[Bundle]:
    """The bundle, then what is left of it when it is too large."""
    yield bundle
    logs = {
        name: "".join(text.splitlines(keepends=True)[-LEAST_LINES:]) for name, text in bundle.logs.items()
    }
    yield replace(bundle, logs=logs)
    known = {obj["metadata"].get("uid") for obj in bundle.objects}
    kept = [obj for obj in bundle.objects if obj["kind"] != "Event" or _involved(obj) in known]
    yield replace(bundle, logs=logs, objects=tuple(kept))


def _involved(event: dict[str, Any]) -> str:
    return str((event.get("involvedObject") or {}).get("uid", ""))
