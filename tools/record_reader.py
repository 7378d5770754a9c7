"""The record as chat sees it: read-only views, so that whoever holds them can change nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from tools.approvals import Approval, Approvals
from tools.autonomy import Autonomy, Standing
from tools.controls import Controls, PauseState
from tools.errors import NotFound, Refused
from tools.holds import Hold, Holds
from tools.incidents import Incident, Incidents, TimelineEntry
from tools.ledger import ActionLedger, LedgerEntry
from tools.listing import IncidentFilter, Listing
from tools.marks import Mark, Marks
from tools.revisions import RevisionLedger, RevisionSeen


class RecordReader(Protocol):
    """Incidents, what was decided, what was done, what waits. Raises StoreError when the record cannot be read."""

    def incidents(self, wanted: IncidentFilter, *, limit: int) -> tuple[Incident, ...]:
        """The newest that are wanted, newest first."""
        ...

    def incident(self, incident_id: str) -> Incident | None:
        """One, or None."""
        ...

    def firing(self, incident_ids: Sequence[str]) -> set[str]:
        """Those of which some alert still fires."""
        ...

    def timeline(self, incident_id: str) -> list[TimelineEntry]:
        """Oldest first."""
        ...

    def decision(self, incident_id: str) -> dict[str, Any] | None:
        """The decision record."""
        ...

    def receipts(self, incident_id: str) -> list[LedgerEntry]:
        """What was written, oldest first."""
        ...

    def acted_since(self, since: datetime, *, namespace: str = "") -> list[LedgerEntry]:
        """What was written since then, newest first."""
        ...

    def approvals(self, incident_id: str) -> list[Approval]:
        """Oldest first."""
        ...

    def pending(self) -> list[Approval]:
        """What waits for a person, oldest first."""
        ...

    def marks(self, incident_id: str) -> list[Mark]:
        """What people said of it."""
        ...

    def pause_state(self) -> PauseState:
        """Whether actions are stopped."""
        ...

    def holds(self, now: datetime) -> tuple[Hold, ...]:
        """Why nothing is written by itself; empty: nothing holds."""
        ...

    def levels(self) -> list[Standing]:
        """How far actions may go, where people or outcomes have said so."""
        ...


class RecordViews:
    """The reading halves of the record's stores."""

    def __init__(
        self,
        *,
        incidents: Incidents,
        listing: Listing,
        approvals: Approvals,
        ledger: ActionLedger,
        controls: Controls,
        marks: Marks,
        holds: Holds | None = None,
        autonomy: Autonomy | None = None,
    ) -> None:
        self._get = incidents.get
        self._page = listing.page
        self.firing = incidents.firing
        self.timeline = incidents.timeline
        self.decision = incidents.decision
        self.receipts = ledger.for_incident
        self.approvals = approvals.for_incident
        self.pending = approvals.pending
        self.marks = marks.of
        self.pause_state = controls.pause_state
        self._since = ledger.since
        self._holds, self._autonomy = holds, autonomy

    def incidents(self, wanted: IncidentFilter, *, limit: int) -> tuple[Incident, ...]:
        return self._page(wanted, limit=limit).incidents

    def incident(self, incident_id: str) -> Incident | None:
        try:
            return self._get(incident_id)
        except NotFound:
            return None

    def acted_since(self, since: datetime, *, namespace: str = "") -> list[LedgerEntry]:
        return self._since(since, namespace=namespace)

    def holds(self, now: datetime) -> tuple[Hold, ...]:
        return self._holds.active(now) if self._holds else ()

    def levels(self) -> list[Standing]:
        return self._autonomy.all() if self._autonomy else []


class RevisionsView:
    """A revision ledger that remembers and takes nothing new."""

    def __init__(self, revisions: RevisionLedger) -> None:
        self.seen_of = revisions.seen

    def seen(self, workload_uid: str) -> list[RevisionSeen]:
        return self.seen_of(workload_uid)

    def record(
        self, workload_uid: str, template_digest: str, revision: int, *, healthy: bool | None, at: datetime
    ) -> None:
        raise Refused("this view of the revisions is read-only")


class Noted:
    """A record reader that tells of every call, so that an answer can name what it rests on."""

    def __init__(self, record: RecordReader, note: Callable[[str], object]) -> None:
        self._record = record
        self._note = note

    def incidents(self, wanted: IncidentFilter, *, limit: int) -> tuple[Incident, ...]:
        narrowed = {key: value for key, value in wanted.model_dump(mode="json").items() if value}
        told = ", ".join(f"{key}={value}" for key, value in narrowed.items())
        self._note(f"record: newest incidents{f' ({told})' if told else ''}")
        return self._record.incidents(wanted, limit=limit)

    def incident(self, incident_id: str) -> Incident | None:
        self._note(f"record: incident {incident_id}")
        return self._record.incident(incident_id)

    def firing(self, incident_ids: Sequence[str]) -> set[str]:
        self._note("record: alerts that still fire")
        return self._record.firing(incident_ids)

    def timeline(self, incident_id: str) -> list[TimelineEntry]:
        self._note(f"record: timeline of {incident_id}")
        return self._record.timeline(incident_id)

    def decision(self, incident_id: str) -> dict[str, Any] | None:
        self._note(f"record: decision of {incident_id}")
        return self._record.decision(incident_id)

    def receipts(self, incident_id: str) -> list[LedgerEntry]:
        self._note(f"record: writes of {incident_id}")
        return self._record.receipts(incident_id)

    def acted_since(self, since: datetime, *, namespace: str = "") -> list[LedgerEntry]:
        place = f" in {namespace}" if namespace else ""
        self._note(f"record: writes since {since:%Y-%m-%dT%H:%M:%SZ}{place}")
        return self._record.acted_since(since, namespace=namespace)

    def approvals(self, incident_id: str) -> list[Approval]:
        self._note(f"record: approvals of {incident_id}")
        return self._record.approvals(incident_id)

    def pending(self) -> list[Approval]:
        self._note("record: approvals that wait")
        return self._record.pending()

    def marks(self, incident_id: str) -> list[Mark]:
        self._note(f"record: marks of {incident_id}")
        return self._record.marks(incident_id)

    def pause_state(self) -> PauseState:
        self._note("record: kill switch")
        return self._record.pause_state()

    def holds(self, now: datetime) -> tuple[Hold, ...]:
        self._note("record: global holds")
        return self._record.holds(now)

    def levels(self) -> list[Standing]:
        self._note("record: levels of autonomy")
        return self._record.levels()
