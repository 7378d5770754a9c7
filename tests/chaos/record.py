"""What an agent has written down, read from beside it: the record, and where each run's thread stands."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from graph.remediation import build
from server.runner import Graph
from tools.approvals import SqlApprovals
from tools.audit import SqlAudit
from tools.clock import SystemClock
from tools.database import Database, connect
from tools.incident_record import ENDED
from tools.incidents import Incident, SqlIncidents
from tools.ledger import LedgerEntry, SqlLedger
from tools.listing import IncidentFilter, SqlListing
from tools.outbox import SqlOutbox

BUSY_SECONDS = 0.2
"""A process that was stopped or killed in mid-write holds its locks for a moment."""


@dataclass(frozen=True)
class Ending:
    """How incidents of one workload ended, in what must not depend on kills."""

    statuses: tuple[str, ...]
    problem: str
    route: str
    action_taken: str
    verdict: str
    writes: tuple[tuple[str, str, str], ...]
    """Of the ledger: action, outcome known, verdict."""
    messages: tuple[str, ...]
    approvals: tuple[str, ...]


class Record:
    """Reads while the agent runs, or after it was killed."""

    def __init__(self, data: Path) -> None:
        clock = SystemClock()
        self._data = data
        self._database = Database(connect(f"sqlite:///{data / 'sre-agent.db'}"))
        self.incidents = SqlIncidents(self._database, clock)
        self.approvals = SqlApprovals(self._database)
        self.ledger = SqlLedger(self._database, clock)
        self.outbox = SqlOutbox(self._database)
        self.audit = SqlAudit(self._database)
        self._listing = SqlListing(self._database)
        self._threads: sqlite3.Connection | None = None
        self._graph: Graph | None = None
        self._lock = threading.Lock()

    def node(self, incident_id: str) -> str:
        """The node that is next or running, empty when the run has not begun or is finished, `?` when locked."""
        try:
            with self._lock:
                snapshot = self._opened().get_state({"configurable": {"thread_id": incident_id}})
        except sqlite3.OperationalError:
            return "?"
        return snapshot.tasks[0].name if snapshot.tasks else ""

    def ended(self, incident_id: str) -> bool:
        return self.incidents.get(incident_id).status in ENDED

    def in_namespace(self, namespace: str) -> list[Incident]:
        """Oldest first, merged ones included."""
        rows = self._listing.page(IncidentFilter(namespace=namespace), limit=200).incidents
        return [self.incidents.get(row.id) for row in reversed(rows)]

    def unmerged(self, namespace: str) -> list[Incident]:
        return [each for each in self.in_namespace(namespace) if not each.merged_into]

    def entries(self, namespace: str) -> list[LedgerEntry]:
        return [e for each in self.in_namespace(namespace) for e in self.ledger.for_incident(each.id)]

    def ending(self, namespace: str) -> Ending:
        """Of the one unmerged incident of this namespace."""
        unmerged = self.unmerged(namespace)
        first = unmerged[0]
        return Ending(
            statuses=tuple(each.status for each in unmerged),
            problem=first.problem,
            route=first.route,
            action_taken=first.action_taken,
            verdict=first.verdict,
            writes=tuple(
                (e.call.name, e.receipt.outcome if e.receipt else "", e.verdict)
                for e in self.entries(namespace)
            ),
            messages=tuple(m.kind for each in unmerged for m in self.outbox.for_incident(each.id)),
            approvals=tuple(a.state for each in unmerged for a in self.approvals.for_incident(each.id)),
        )

    def close(self) -> None:
        self._database.close()
        if self._threads is not None:
            self._threads.close()

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> Graph:
        if self._graph is None:
            # Not at the top: graph sets a switch that LangGraph reads when it is first imported.
            from langgraph.checkpoint.sqlite import SqliteSaver

            self._threads = sqlite3.connect(
                f"file:{self._data / 'checkpoints.db'}?mode=ro",
                uri=True,
                check_same_thread=False,
                timeout=BUSY_SECONDS,
            )
            self._graph = build(SqliteSaver(self._threads))
        return self._graph
