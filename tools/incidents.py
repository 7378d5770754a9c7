"""The record of incidents: what the API lists, what the worker is due to do, what the past teaches.

One transaction per call. Nothing here knows the graph: decisions and proposals arrive as JSON.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from tools.records import Alert, Evidence, Record, Similar, Target, Verdict


class Incident(Record):
    """One row of the record: one run, from alert to report."""

    id: str
    episode_id: str
    status: str
    """The words of product.md section 3; `graph.state.ENDED` says which of them end a run."""
    alert_name: str
    severity: str = ""
    namespace: str = ""
    pod: str = ""
    description: str = ""
    began_at: datetime
    """When we accepted the alert that opened it."""
    updated_at: datetime
    ended_at: datetime | None = None
    wake_at: datetime | None = None
    """When the worker should drive it next; None: nothing to do until something happens."""
    target: Target | None = None
    merged_into: str = ""
    previous_id: str = ""
    """The incident before it on the same workload, where there was one."""
    problem: str = ""
    route: str = ""
    confidence: float | None = None
    action: str = ""
    """Name of the action that was decided."""
    action_taken: str = ""
    """Name of the action that was really sent, else empty."""
    verdict: str = ""
    summary: str = ""
    """The finding's words, for lists."""


class TimelineEntry(Record):
    """One line of an incident's history."""

    at: datetime
    kind: str
    text: str


class Incidents(Protocol):
    """What the graph, the runner and the pages ask of the record."""

    def get(self, incident_id: str) -> Incident:
        """Raises NotFound."""
        ...

    def alerts(self, incident_id: str) -> list[Alert]:
        """Its alerts with their status now (joined ones included), oldest first."""
        ...

    def claim_target(self, incident_id: str, target: Target) -> str:
        """Make this incident the one unmerged run of `target.uid`, or merge it into the older one.

        One transaction on a row with a unique open target. Returns the id of the incident that owns the
        target: our own when we got it (again). Otherwise our alerts have moved to that incident, ours is
        `merged`, and the two episodes are one.
        """
        ...

    def save_evidence(self, incident_id: str, evidence: Evidence) -> None:
        """Keep the evidence as read, replacing an earlier reading of this run."""
        ...

    def evidence(self, incident_id: str) -> Evidence | None:
        """The newest reading, or None."""
        ...

    def save_decision(self, incident_id: str, decision: dict[str, Any], *, summary: str) -> None:
        """Keep the decision record (product.md section 3) and the columns that lists show."""
        ...

    def decision(self, incident_id: str) -> dict[str, Any] | None:
        """The newest decision record, or None."""
        ...

    def set_status(self, incident_id: str, status: str, text: str = "") -> None:
        """Move the run on, with a timeline line. A status that is the same is no new line."""
        ...

    def set_action_taken(self, incident_id: str, action: str) -> None:
        """Name the action that was really sent."""
        ...

    def save_verdict(self, incident_id: str, verdict: Verdict) -> None:
        """Keep the verdict and its reason."""
        ...

    def end(self, incident_id: str, status: str, text: str = "") -> None:
        """End the run: status, `ended_at`, the target released, `wake_at` cleared. Idempotent.

        An alert that joined while the run was ending and that the run has not seen (`alerts_seen` differs)
        makes a new linked incident instead of being lost.
        """
        ...

    def note(self, incident_id: str, kind: str, text: str) -> None:
        """Add a timeline line."""
        ...

    def timeline(self, incident_id: str) -> list[TimelineEntry]:
        """Oldest first."""
        ...

    def similar(self, target: Target | None, problem: str, *, limit: int = 5) -> list[Similar]:
        """Ended incidents of the same workload, then of the same problem class, newest first."""
        ...

    def wake(self, incident_id: str, at: datetime | None) -> None:
        """Say when the worker should drive it next. None: only when something happens."""
        ...

    def due(self, now: datetime, *, limit: int = 100) -> list[str]:
        """Ids of runs that have not ended and whose `wake_at` has come, oldest first."""
        ...

    def actionable_since(self, since: datetime) -> list[Target]:
        """Distinct targets of unmerged incidents decided `act` or `ask` since then (correlated failure)."""
        ...
