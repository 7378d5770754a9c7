"""Approvals: proposals that wait for a person, decided once by compare-and-set (durability.md R3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from tools.records import Record

ApprovalState: TypeAlias = Literal[
    "pending", "approved", "rejected", "expired", "withdrawn", "stale", "renewed"
]


class Approval(Record):
    """One shown change and what became of it. Its id names exactly that change."""

    id: str
    incident_id: str
    digest: str
    """Of exactly what is shown."""
    proposal: dict[str, Any]
    """`graph.state.Proposal` as JSON."""
    shown: dict[str, Any]
    """What the page shows beside it: incident lines, evidence, confidence parts, history."""
    state: ApprovalState = "pending"
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    actor: str = ""
    """From token or session; a name that is only stated is kept as `claimed:<name>`."""
    reason: str = ""
    override_hold: bool = False
    replaced_by: str = ""
    """Id of the fresh approval after `stale` or `renewed`."""


class Approvals(Protocol):
    """What the graph and the pages ask of approvals."""

    def request(self, approval: Approval) -> Approval:
        """Insert, or return the one with this id. Idempotent: a node that runs again asks once."""
        ...

    def get(self, approval_id: str) -> Approval:
        """Raises NotFound."""
        ...

    def decide(
        self,
        approval_id: str,
        state: ApprovalState,
        *,
        at: datetime,
        actor: str = "",
        reason: str = "",
        override_hold: bool = False,
    ) -> bool:
        """Compare-and-set from `pending`. False: somebody was first. Audited in the same transaction."""
        ...

    def pending(self) -> list[Approval]:
        """Oldest first."""
        ...

    def for_incident(self, incident_id: str) -> list[Approval]:
        """Oldest first."""
        ...

    def replace(self, approval_id: str, replaced_by: str) -> None:
        """Point a decided approval at the fresh one."""
        ...
