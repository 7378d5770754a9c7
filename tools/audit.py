"""The audit trail: append-only, each row bound to the one before by a hash."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from tools.records import Record


class AuditEntry(Record):
    """One thing that happened and who did it."""

    seq: int
    at: datetime
    kind: str
    actor: str
    incident_id: str
    detail: dict[str, Any]
    previous: str
    """Digest of the entry before; 64 zeros for the first."""
    digest: str


class Audit(Protocol):
    """Append and check."""

    def append(
        self, kind: str, *, at: datetime, actor: str = "agent", incident_id: str = "", **detail: Any
    ) -> None:
        """Add an entry in its own transaction."""
        ...

    def entries(self, *, incident_id: str = "", limit: int = 500) -> list[AuditEntry]:
        """Oldest first."""
        ...

    def broken_at(self) -> int | None:
        """Sequence number of the first entry whose digest does not fit, or None."""
        ...
