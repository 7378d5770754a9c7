"""The record of incidents: what the API lists, what the worker is due to do, what the past teaches.

One transaction per call. Nothing here knows the graph: decisions and proposals arrive as JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select, update

from tools import similar_incidents
from tools.clock import Clock
from tools.database import Database, insert_if_absent
from tools.errors import NotFound
from tools.incident_endings import end_run, judge_again
from tools.incident_record import ENDED, Incident, TimelineEntry, incident_from
from tools.incident_rows import add_lines, alert_from, line, looked
from tools.records import Alert, Evidence, Similar, Target, Verdict
from tools.schema import alerts, incidents, timeline
from tools.schema import evidence as readings
from tools.targets_claimed import claim, row_of

__all__ = ["Incident", "Incidents", "SqlIncidents", "TimelineEntry"]


class Incidents(Protocol):
    """What the graph, the runner and the pages ask of the record."""

    def get(self, incident_id: str) -> Incident:
        """Raises NotFound."""
        ...

    def alerts(self, incident_id: str) -> list[Alert]:
        """Its alerts with their status now (joined ones included), oldest first."""
        ...

    def firing(self, incident_ids: Sequence[str]) -> set[str]:
        """Those of these incidents of which some alert still fires, whether their runs have ended or not."""
        ...

    def claim_target(self, incident_id: str, target: Target) -> str:
        """Make this incident the one unmerged run of `target.uid`, or merge it into the older one.

        One transaction on a row with a unique open target. Returns the id of the incident that owns the
        target: our own when we got it (again). Otherwise our alerts have moved to that incident, ours is
        `merged`, and the two episodes are one. A test claims nothing and merges into nothing.
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

    def judge_again(self, incident_id: str, verdict: Verdict, status: str) -> None:
        """A look after the run's end found otherwise: another verdict, another ending. Idempotent."""
        ...

    def end(self, incident_id: str, status: str, text: str = "") -> None:
        """End the run: status, `ended_at`, the target released, `wake_at` cleared. Idempotent.

        An alert that joined after the run had last looked (`save_evidence`, `save_verdict` or a change of
        status) makes a new linked incident instead of being lost: `tools.incident_endings`.
        """
        ...

    def note(self, incident_id: str, kind: str, text: str) -> None:
        """Add a timeline line."""
        ...

    def timeline(self, incident_id: str) -> list[TimelineEntry]:
        """Oldest first."""
        ...

    def similar(self, target: Target | None, problem: str, *, limit: int = 5) -> list[Similar]:
        """Ended incidents of the same workload, of the same problem class first, then of that class elsewhere."""
        ...

    def known(self, incident_ids: Sequence[str], target: Target | None) -> list[Similar]:
        """Those of these ids that are ended incidents of our own record, in no order."""
        ...

    def wake(self, incident_id: str, at: datetime | None) -> None:
        """Say when the worker should drive it next. None: only when something happens.

        A decision, or the last alert resolving, says "now" by itself. Who drives a run looks once more after
        it has called this: what happened just before has been overwritten.
        """
        ...

    def due(self, now: datetime, *, limit: int = 100) -> list[str]:
        """Ids of runs that have not ended and whose `wake_at` has come, oldest first."""
        ...

    def actionable_since(self, since: datetime) -> list[Target]:
        """Distinct targets of unmerged incidents decided `act` or `ask` since then (correlated failure)."""
        ...


class SqlIncidents:
    """The record in SQL."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, incident_id: str) -> Incident:
        with self._database.read() as connection:
            return incident_from(row_of(connection, incident_id))

    def alerts(self, incident_id: str) -> list[Alert]:
        ours = select(alerts).where(alerts.c.incident_id == incident_id).order_by(alerts.c.id)
        with self._database.read() as connection:
            return [alert_from(row) for row in connection.execute(ours)]

    def firing(self, incident_ids: Sequence[str]) -> set[str]:
        ours = select(alerts.c.incident_id).where(alerts.c.incident_id.in_(incident_ids))
        with self._database.read() as connection:
            return set(connection.execute(ours.where(alerts.c.status == "firing").distinct()).scalars())

    def claim_target(self, incident_id: str, target: Target) -> str:
        with self._database.write() as connection:
            return claim(connection, incident_id, target, self._clock.now())

    def save_evidence(self, incident_id: str, evidence: Evidence) -> None:
        row = {
            "incident_id": incident_id,
            "collected_at": evidence.collected_at,
            "body": evidence.model_dump(mode="json"),
        }
        with self._database.write() as connection:
            if not insert_if_absent(connection, readings, row):
                connection.execute(update(readings).where(readings.c.incident_id == incident_id).values(row))
            looked(connection, incident_id, evidence.collected_at)

    def evidence(self, incident_id: str) -> Evidence | None:
        with self._database.read() as connection:
            body = connection.execute(
                select(readings.c.body).where(readings.c.incident_id == incident_id)
            ).scalar()
        return Evidence.model_validate(body) if body is not None else None

    def save_decision(self, incident_id: str, decision: dict[str, Any], *, summary: str) -> None:
        action = decision.get("action") or {}
        self._change(
            incident_id,
            decision=decision,
            decided_at=self._clock.now(),
            problem=decision.get("problem", ""),
            route=decision.get("route", ""),
            confidence=decision.get("confidence"),
            action=action.get("name", ""),
            summary=summary,
        )

    def decision(self, incident_id: str) -> dict[str, Any] | None:
        with self._database.read() as connection:
            found: dict[str, Any] | None = row_of(connection, incident_id).decision
            return found

    def set_status(self, incident_id: str, status: str, text: str = "") -> None:
        with self._database.write() as connection:
            now = self._clock.now()
            row = row_of(connection, incident_id)
            if row.ended_at is not None:
                return
            if status in ENDED:
                end_run(connection, row, status, text, now)
                return
            looked(connection, incident_id, now)
            if row.status != status:
                changed = update(incidents).where(incidents.c.id == incident_id)
                connection.execute(changed.values(status=status, updated_at=now))
                add_lines(connection, [line(incident_id, now, "status", text or status)])

    def set_action_taken(self, incident_id: str, action: str) -> None:
        self._change(incident_id, action_taken=action)

    def save_verdict(self, incident_id: str, verdict: Verdict) -> None:
        with self._database.write() as connection:
            now = self._clock.now()
            row = row_of(connection, incident_id)
            if (row.verdict, row.verdict_reason) == (verdict.name, verdict.reason):
                return
            values = {"verdict": verdict.name, "verdict_reason": verdict.reason, "updated_at": now}
            connection.execute(update(incidents).where(incidents.c.id == incident_id).values(values))
            add_lines(connection, [line(incident_id, now, "verdict", f"{verdict.name}: {verdict.reason}")])
            looked(connection, incident_id, verdict.at)

    def judge_again(self, incident_id: str, verdict: Verdict, status: str) -> None:
        with self._database.write() as connection:
            judge_again(connection, row_of(connection, incident_id), verdict, status, self._clock.now())

    def end(self, incident_id: str, status: str, text: str = "") -> None:
        with self._database.write() as connection:
            end_run(connection, row_of(connection, incident_id), status, text, self._clock.now())

    def note(self, incident_id: str, kind: str, text: str) -> None:
        with self._database.write() as connection:
            add_lines(connection, [line(incident_id, self._clock.now(), kind, text)])

    def timeline(self, incident_id: str) -> list[TimelineEntry]:
        ours = select(timeline).where(timeline.c.incident_id == incident_id).order_by(timeline.c.id)
        with self._database.read() as connection:
            return [
                TimelineEntry(at=row.at, kind=row.kind, text=row.text) for row in connection.execute(ours)
            ]

    def similar(self, target: Target | None, problem: str, *, limit: int = 5) -> list[Similar]:
        with self._database.read() as connection:
            return similar_incidents.similar(connection, target, problem, limit)

    def known(self, incident_ids: Sequence[str], target: Target | None) -> list[Similar]:
        with self._database.read() as connection:
            return similar_incidents.known(connection, incident_ids, target)

    def wake(self, incident_id: str, at: datetime | None) -> None:
        ours = update(incidents).where(incidents.c.id == incident_id, incidents.c.ended_at.is_(None))
        with self._database.write() as connection:
            connection.execute(ours.values(wake_at=at))

    def due(self, now: datetime, *, limit: int = 100) -> list[str]:
        waiting = select(incidents.c.id).where(incidents.c.ended_at.is_(None), incidents.c.wake_at <= now)
        with self._database.read() as connection:
            oldest = waiting.order_by(incidents.c.wake_at, incidents.c.began_at, incidents.c.id).limit(limit)
            return list(connection.execute(oldest).scalars())

    def actionable_since(self, since: datetime) -> list[Target]:
        decided = select(incidents.c.target).where(
            incidents.c.decided_at >= since,
            incidents.c.merged_into == "",
            incidents.c.route.in_(("act", "ask")),
            incidents.c.target_uid != "",
        )
        with self._database.read() as connection:
            targets = [Target(**row.target) for row in connection.execute(decided)]
        return list({target.uid: target for target in targets}.values())

    def _change(self, incident_id: str, **values: Any) -> None:
        ours = update(incidents).where(incidents.c.id == incident_id)
        with self._database.write() as connection:
            if connection.execute(ours.values(updated_at=self._clock.now(), **values)).rowcount == 0:
                raise NotFound(f"there is no incident {incident_id}")
