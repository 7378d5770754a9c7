"""Incidents as pages, newest first, by keyset: a page costs the same however far down it is."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from tools.incidents import Incident
from tools.records import Record


class IncidentFilter(Record):
    """What to list. Empty fields do not narrow."""

    status: str = ""
    namespace: str = ""
    alert_name: str = ""
    workload: str = ""
    """Name of the target, or a prefix of the pod's name while there is no target."""
    since: datetime | None = None
    q: str = ""
    """Text looked for in alert name, description, summary, namespace, pod and target."""


class IncidentPage(Record):
    """One page and where the next one begins."""

    incidents: tuple[Incident, ...] = ()
    logs: tuple[str, ...] = ()
    """For each incident the excerpt of the log that mattered, or an empty string."""
    next_after: str = ""
    """Cursor for the next page; empty on the last."""


class Listing(Protocol):
    """Pages of the record."""

    def page(self, wanted: IncidentFilter, *, after: str = "", limit: int = 50) -> IncidentPage:
        """Raises Invalid for a cursor that is none of ours."""
        ...
