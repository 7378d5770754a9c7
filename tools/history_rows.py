"""A bundle's history put into an empty record, so that a replay remembers exactly that and nothing else.

Rows are written as the agent itself would have left them; nothing is audited, since nothing was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from tools.bundle import Bundle, BundleError
from tools.database import Database, insert_if_absent
from tools.history import History, Mark, PastAction, PastIncident, PastRevision
from tools.objects import metadata, owned_by, uid
from tools.records import ActionCall, Target
from tools.resources import CONTROLLER_REVISIONS, REPLICASETS, JsonObject
from tools.schema import actions, controls, episodes, holds, incidents, marks, revisions
from tools.templates import template_digest
from tools.workload_revisions import number_of, template_of

_REVISIONS = (REPLICASETS.kind, CONTROLLER_REVISIONS.kind)
_ENDINGS: Mapping[str, str] = {
    "RECOVERED": "recovered",
    "PROVISIONAL": "provisional",
    "INCONCLUSIVE": "inconclusive",
    "": "notified",
}
"""How a run of that verdict ended; any other: escalated."""


def restore(database: Database, history: History, bundle: Bundle) -> None:
    """Write it, as of the bundle's `now`. Raises BundleError for a revision that cluster.yaml does not have."""
    objects = _Objects(bundle)
    now = bundle.meta.now
    told_of = {entry.incident for entry in history.actions}
    with database.write() as connection:
        for number, entry in enumerate(history.incidents, start=1):
            name = entry.id or f"past-{number}"
            _incident(connection, name, entry, objects.target(entry.workload), now)
            if entry.action and name not in told_of:
                _action(connection, f"{name}-action", name, _taken(entry), objects, now)
        known = {entry.id or f"past-{number}" for number, entry in enumerate(history.incidents, start=1)}
        for number, action in enumerate(history.actions, start=1):
            owner = action.incident if action.incident in known else f"past-run-{number}"
            if owner not in known:
                _run_of(connection, owner, action, objects.target(action.workload), now)
            _action(connection, f"past-action-{number}", owner, action, objects, now)
        for row in _revision_rows(history.revisions, objects, now):
            connection.execute(insert(revisions).values(row))
        for hold in history.holds:
            held = {"cause": hold.cause, "why": hold.why, "since": hold.when(now)}
            insert_if_absent(connection, holds, held)
        if history.paused:
            paused = {"engaged": True, "actor": "history.yaml", "reason": history.paused, "at": now}
            connection.execute(update(controls).where(controls.c.name == "pause").values(paused))


@dataclass(frozen=True)
class _Objects:
    """Objects of a bundle by the names that a history uses."""

    bundle: Bundle

    def target(self, workload: str) -> Target:
        """One that has gone since keeps its name and gets a uid that nothing else has."""
        namespace, kind, name = _parts(workload)
        found = self.find(workload)
        return Target(
            kind=kind, namespace=namespace, name=name, uid=uid(found) if found else f"gone/{workload}"
        )

    def find(self, workload: str) -> JsonObject | None:
        """The object, or None."""
        wanted = _parts(workload)
        for item in self.bundle.objects:
            known = metadata(item)
            if (str(known.get("namespace", "")), str(item["kind"]), str(known["name"])) == wanted:
                return item
        return None

    def revision(self, entry: PastRevision) -> tuple[str, str]:
        """uid of the workload and digest of the revision's template. Raises BundleError."""
        workload = self.find(entry.workload)
        if workload is None:
            raise BundleError(f"history.yaml: revisions: cluster.yaml has no {entry.workload}")
        for item in self.bundle.objects:
            ours = item["kind"] in _REVISIONS and owned_by(item, uid(workload))
            if ours and number_of(item) == entry.revision:
                return uid(workload), template_digest(template_of(item))
        raise BundleError(
            f"history.yaml: revisions: cluster.yaml has no ReplicaSet (or ControllerRevision) of "
            f"revision {entry.revision} of {entry.workload}"
        )


def _parts(workload: str) -> tuple[str, str, str]:
    parts = workload.split("/")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", parts[0], parts[1])


def _taken(entry: PastIncident) -> PastAction:
    return PastAction(
        action=entry.action,
        workload=entry.workload,
        problem=entry.problem,
        verdict=entry.verdict,
        automatic=entry.route == "act",
        ago=entry.ago,
        at=entry.at,
    )


def _incident(connection: Connection, name: str, entry: PastIncident, target: Target, now: datetime) -> None:
    at = entry.when(now)
    status = entry.status or _ENDINGS.get(entry.verdict, "escalated")
    told = {
        "alert_name": entry.alert,
        "problem": entry.problem,
        "route": entry.route,
        "action": entry.decided or entry.action,
        "action_taken": entry.action,
        "verdict": entry.verdict,
        "summary": entry.summary,
        "ended_at": at,
        "decided_at": at,
    }
    _insert_run(connection, name, target, status, at, told)
    if entry.mark:
        connection.execute(insert(marks).values(_mark(name, entry.mark, at)))


def _mark(name: str, said: Mark, at: datetime) -> dict[str, Any]:
    word = "note" if said.right is None else "right" if said.right else "wrong"
    told = {"mark": word, "note": said.note, "better_action": said.better}
    return {"incident_id": name, "at": at, "actor": "history.yaml", **told}


def _run_of(connection: Connection, name: str, entry: PastAction, target: Target, now: datetime) -> None:
    """The incident behind a write that no incident of the history tells of; it goes on while there is no verdict."""
    at = entry.when(now)
    told = {
        "problem": entry.problem,
        "action": entry.action,
        "action_taken": entry.action,
        "verdict": entry.verdict,
        "ended_at": at if entry.verdict else None,
        "decided_at": at,
    }
    status = _ENDINGS.get(entry.verdict, "escalated") if entry.verdict else "verifying"
    _insert_run(connection, name, target, status, at, told)


def _insert_run(
    connection: Connection, name: str, target: Target, status: str, at: datetime, told: Mapping[str, Any]
) -> None:
    ended = told["ended_at"]
    episode = {"id": f"episode-{name}", "workload_key": "", "opened_at": at, "closed_at": ended}
    connection.execute(insert(episodes).values(episode))
    row = {
        "id": name,
        "episode_id": f"episode-{name}",
        "status": status,
        "namespace": target.namespace,
        "workload": target.name,
        "began_at": at,
        "updated_at": at,
        "target": target.model_dump(mode="json"),
        "target_kind": target.kind,
        "target_namespace": target.namespace,
        "target_name": target.name,
        "target_uid": target.uid,
        **told,
    }
    connection.execute(insert(incidents).values(row))


def _action(
    connection: Connection, key: str, incident_id: str, entry: PastAction, objects: _Objects, now: datetime
) -> None:
    target = objects.target(entry.workload)
    row = {
        "key": key,
        "incident_id": incident_id,
        "episode_id": f"episode-{incident_id}",
        "call": ActionCall(name=entry.action).model_dump(mode="json"),
        "target": target.model_dump(mode="json"),
        "target_uid": target.uid,
        "namespace": target.namespace,
        "problem": entry.problem,
        "automatic": entry.automatic,
        "undo_of": "an earlier write" if entry.undo else "",
        "claimed_at": entry.when(now),
        "verdict": entry.verdict,
    }
    connection.execute(insert(actions).values(row))


def _revision_rows(
    entries: Iterable[PastRevision], objects: _Objects, now: datetime
) -> Iterable[dict[str, Any]]:
    """One row for each template: several entries about it add up to one memory."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        key = objects.revision(entry)
        last, seconds = entry.when(now), entry.minutes * 60
        row = rows.setdefault(
            key,
            {
                "workload_uid": key[0],
                "template_digest": key[1],
                "revision": entry.revision,
                "healthy_seconds": 0.0,
                "ill_seconds": 0.0,
                "last_seen": last,
            },
        )
        column = "healthy_seconds" if entry.healthy else "ill_seconds"
        row[column] = max(row[column], seconds)
        row["revision"] = max(row["revision"], entry.revision)
        row["last_seen"] = max(row["last_seen"], last)
    return rows.values()
