"""The only caller of `graph.invoke`: start, resume, recover (durability.md R2, R3, R5, R6).

`step` drives one incident as far as it goes under a lock that the kernel frees when the process dies. It is
the same call after a webhook, a decision, a timer and a restart, so recovery is no special case.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from langgraph.errors import GraphDrained
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, Interrupt, StateSnapshot

from graph.services import Services
from graph.state import IncidentState
from tools.approvals import Approval
from tools.errors import ToolError
from tools.incident_record import ENDED
from tools.outbox import Message

RECURSION_LIMIT = 30
GIVE_UP_AFTER = timedelta(hours=1)
LONGEST_BACK_OFF = 60.0
log = structlog.get_logger("runner")

Graph = CompiledStateGraph[IncidentState, Services, IncidentState, IncidentState]


class Runner:
    """Drives incidents; safe to call from several threads and, with one data folder, one process."""

    def __init__(self, graph: Graph, services: Services, locks: Path) -> None:
        self._graph = graph
        self._services = services
        self._locks = locks
        self._failures: dict[str, tuple[int, datetime]] = {}
        self._controls: set[RunControl] = set()
        self._draining = threading.Event()

    def step(self, incident_id: str) -> None:
        """Drive it until it waits, ends or fails. Somebody else driving it is no error: they will see it."""
        with self._mutex(incident_id) as ours:
            if not ours or self._draining.is_set():
                return
            try:
                self._drive(incident_id)
                self._failures.pop(incident_id, None)
            except GraphDrained:
                log.info("run drained", incident_id=incident_id)
            except Exception as error:  # noqa: BLE001  outermost frame: nothing may strand an incident
                self._failed(incident_id, error)

    def drain(self) -> None:
        """Let running graphs stop at their next step boundary; they go on after the next start."""
        self._draining.set()
        for control in list(self._controls):
            control.request_drain("shutting down")

    def _drive(self, incident_id: str) -> None:
        if self._services.incidents.get(incident_id).status in ENDED:
            self._close(incident_id)
            return
        snapshot = self._snapshot(incident_id)
        if not snapshot.values:
            self._invoke(incident_id, {"incident_id": incident_id})
        elif snapshot.tasks and not snapshot.interrupts:
            self._invoke(incident_id, None)
        answer = self._answer(incident_id)
        while True:
            while answer is not None:
                self._invoke(incident_id, answer)
                answer = self._answer(incident_id)
            self._park(incident_id)
            # what came while we drove has set wake_at, which _park overwrote: look once more
            if (answer := self._answer(incident_id)) is None:
                return

    def _close(self, incident_id: str) -> None:
        """A run that ended while its thread still waited (merged by an older one): nothing is resumed."""
        self._services.incidents.wake(incident_id, None)

    def _invoke(self, incident_id: str, given: IncidentState | Command[Any] | None) -> None:
        control = RunControl()
        self._controls.add(control)
        try:
            self._graph.invoke(
                given,
                self._config(incident_id),
                context=self._services.recorded(),
                durability="sync",
                control=control,
            )
        finally:
            self._controls.discard(control)

    def _answer(self, incident_id: str) -> Command[Any] | None:
        """The value that resumes the run's interrupt, or None while there is none yet."""
        interrupts = self._snapshot(incident_id).interrupts
        if not interrupts or self._draining.is_set():
            return None
        value = self._resume_value(incident_id, interrupts[0])
        return None if value is None else Command(resume={interrupts[0].id: value})

    def _resume_value(self, incident_id: str, waiting: Interrupt) -> dict[str, Any] | None:
        if waiting.value["kind"] == "approval":
            return self._approval_answer(incident_id, waiting.value["approval_id"])
        now = self._services.clock.now()
        due = datetime.fromisoformat(waiting.value["until"]) <= now
        settled_early = waiting.value["kind"] == "settle" and self._all_resolved(incident_id)
        return {"at": now.isoformat()} if due or settled_early else None

    def _approval_answer(self, incident_id: str, approval_id: str) -> dict[str, Any] | None:
        approvals, now = self._services.approvals, self._services.clock.now()
        approval = approvals.get(approval_id)
        if approval.state == "pending" and self._all_resolved(incident_id):
            approvals.decide(approval_id, "withdrawn", at=now, actor="agent", reason="its alerts resolved")
        elif approval.state == "pending" and approval.expires_at <= now:
            approvals.decide(approval_id, "expired", at=now, actor="agent", reason="nobody decided in time")
        approval = approvals.get(approval_id)
        return None if approval.state == "pending" else _as_answer(approval)

    def _all_resolved(self, incident_id: str) -> bool:
        alerts = self._services.incidents.alerts(incident_id)
        return bool(alerts) and all(alert.status == "resolved" for alert in alerts)

    def _park(self, incident_id: str) -> None:
        """Say when to come back; an orphaned thread is an alarm, never silence (durability.md R5)."""
        snapshot = self._snapshot(incident_id)
        if snapshot.interrupts:
            self._services.incidents.wake(incident_id, self._next(snapshot.interrupts[0]))
        elif snapshot.tasks:
            self._services.incidents.wake(incident_id, self._services.clock.now())
        elif snapshot.values.get("phase") == "closed":
            self._services.incidents.wake(incident_id, None)
            self._locks.joinpath(f"{incident_id}.lock").unlink(missing_ok=True)
        else:
            raise RuntimeError(f"orphaned: the thread of {incident_id} has neither tasks nor an end")

    def _next(self, waiting: Interrupt) -> datetime:
        if waiting.value["kind"] == "approval":
            return self._services.approvals.get(waiting.value["approval_id"]).expires_at
        return datetime.fromisoformat(waiting.value["until"])

    def _failed(self, incident_id: str, error: Exception) -> None:
        """Come back later, ever more slowly; after an hour a person is told and the run ends."""
        now = self._services.clock.now()
        count, since = self._failures.get(incident_id, (0, now))
        self._failures[incident_id] = (count + 1, since)
        expected = isinstance(error, ToolError)
        log.warning(
            "run failed", incident_id=incident_id, error=str(error), tries=count + 1, exc_info=not expected
        )
        text = f"{type(error).__name__}: {error}"
        if count == 0:
            self._services.incidents.note(incident_id, "failed", text[:500])
        if now - since >= GIVE_UP_AFTER:
            self._give_up(incident_id, text, now)
            return
        delay = min(LONGEST_BACK_OFF, 2.0**count)
        self._services.incidents.wake(incident_id, now + timedelta(seconds=delay))

    def _give_up(self, incident_id: str, text: str, now: datetime) -> None:
        subject = "Could not tell: an investigation keeps failing"
        body = f"Incident {incident_id} has failed for an hour and was ended. The newest error:\n{text}\n"
        key = f"{incident_id}:gave-up"
        self._services.outbox.queue(
            Message(
                key=key,
                incident_id=incident_id,
                kind="escalated",
                subject=subject,
                body=body,
                queued_at=now,
            )
        )
        self._services.incidents.end(incident_id, "escalated", text[:500])
        self._failures.pop(incident_id, None)

    def _snapshot(self, incident_id: str) -> StateSnapshot:
        return self._graph.get_state(self._config(incident_id))

    def _config(self, incident_id: str) -> Any:
        return {"configurable": {"thread_id": incident_id}, "recursion_limit": RECURSION_LIMIT}

    @contextmanager
    def _mutex(self, incident_id: str) -> Iterator[bool]:
        """An exclusive flock on a file of the incident: freed by the kernel with the process, no lease."""
        self._locks.mkdir(parents=True, exist_ok=True)
        with self._locks.joinpath(f"{incident_id}.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _as_answer(approval: Approval) -> dict[str, Any]:
    return {
        "approval_id": approval.id,
        "decision": approval.state,
        "actor": approval.actor,
        "reason": approval.reason,
        "at": approval.decided_at.isoformat() if approval.decided_at else None,
        "override_hold": approval.override_hold,
        "overrides": approval.overrides,
        "first_actor": approval.first_actor,
        "edit": approval.edit.model_dump(mode="json") if approval.edit else None,
    }
