"""The ledger of workload revisions: which pod template was seen healthy, and for how long.

After a fully bad rollout nothing in the cluster remembers that the older revision was healthy (R4.12): its
ReplicaSet stands at 0. A cheap periodic read keeps that memory here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tools.records import Record


class RevisionSeen(Record):
    """What the ledger knows of one template of one workload."""

    workload_uid: str
    template_digest: str
    revision: int
    healthy_since: datetime | None = None
    """Start of the present uninterrupted healthy stretch while current; None: not healthy at the last look."""
    healthy_seconds: float = 0.0
    """Longest uninterrupted healthy stretch."""
    ill_seconds: float = 0.0
    """Longest stretch seen failing while current."""
    last_seen: datetime


class RevisionLedger(Protocol):
    """Sightings in, proof of health out."""

    def record(
        self, workload_uid: str, template_digest: str, revision: int, *, healthy: bool | None, at: datetime
    ) -> None:
        """One sighting of the current revision. `healthy` None: rolling out, neither healthy nor ill.

        Two sightings more than five minutes apart do not make one uninterrupted stretch.
        """
        ...

    def seen(self, workload_uid: str) -> list[RevisionSeen]:
        """All templates of this workload."""
        ...
