"""What a decision remembered, as the history of a bundle: past incidents, writes, revisions seen, a pause, holds.

Only what rules and confidence look at: incidents that were found alike, writes within the windows that are counted,
and writes that are still being verified.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from graph.services import Services
from graph.state import IncidentState
from tools.errors import NotFound
from tools.ledger import LedgerEntry
from tools.objects import owned_by
from tools.records import Similar, Target
from tools.resources import CONTROLLER_REVISIONS, REPLICASETS, JsonObject
from tools.revisions import RevisionSeen
from tools.templates import template_digest
from tools.workload_revisions import number_of, template_of

_COUNTED = timedelta(days=1)

_REVISIONS = (REPLICASETS.kind, CONTROLLER_REVISIONS.kind)


def history(services: Services, state: IncidentState, objects: Collection[JsonObject]) -> JsonObject:
    """`history.yaml`, without what there is nothing of. Raises StoreError."""
    target, similar = state.get("target"), state.get("similar", [])
    pause = services.controls.pause_state()
    writes = _writes(services, state["incident_id"], target, [one.incident_id for one in similar])
    told: JsonObject = {
        "incidents": list(_incidents(services, similar)),
        "actions": writes,
        "revisions": list(_revisions(services, target, objects)) if target else [],
        "paused": (pause.reason or "paused") if pause.paused else "",
        "holds": list(holds_told(services)),
    }
    return {name: entries for name, entries in told.items() if entries}


def holds_told(services: Services) -> Iterator[JsonObject]:
    """What holds now, as a bundle tells it."""
    for hold in services.holds.active(services.clock.now()) if services.holds else ():
        yield {"cause": hold.cause, "why": hold.why, "at": _told(hold.since)}


def _incidents(services: Services, similar: Collection[Similar]) -> Iterator[JsonObject]:
    for one in similar:
        try:
            incident = services.incidents.get(one.incident_id)
        except NotFound:
            continue
        if incident.target is None or incident.ended_at is None:
            continue
        yield {
            "id": incident.id,
            "workload": _named(incident.target),
            "alert": incident.alert_name,
            "problem": incident.problem,
            "status": incident.status,
            "route": incident.route,
            "action": incident.action_taken,
            "verdict": incident.verdict,
            "at": _told(incident.ended_at),
        }


def _writes(
    services: Services, incident_id: str, target: Target | None, alike: Collection[str]
) -> list[JsonObject]:
    now = services.clock.now()
    since = now - max(_COUNTED, timedelta(seconds=services.policy.attempt_window_seconds))
    pending = {entry.key: entry for entry in services.ledger.in_flight()}
    entries = [entry for name in alike for entry in services.ledger.for_incident(name)]
    found = {entry.key: entry for entry in (*entries, *pending.values(), *services.ledger.since(since))}
    ordered = sorted(found.values(), key=lambda entry: entry.claimed_at)
    return [
        _write(entry, verified=entry.key not in pending)
        for entry in ordered
        if not _replaced(entry, target) and (entry.incident_id != incident_id or entry.verdict)
    ]


def _replaced(entry: LedgerEntry, target: Target | None) -> bool:
    """It was on another object of the target's name, which a bundle cannot tell from the target."""
    return target is not None and _named(entry.target) == _named(target) and entry.target.uid != target.uid


def _write(entry: LedgerEntry, *, verified: bool) -> JsonObject:
    told: JsonObject = {
        "action": entry.call.name,
        "workload": _named(entry.target),
        "problem": entry.problem,
        "verdict": entry.verdict or ("INCONCLUSIVE" if verified else ""),
        "automatic": entry.automatic,
        "incident": entry.incident_id,
        "at": _told(entry.claimed_at),
    }
    return {**told, "undo": True} if entry.undo_of else told


def _revisions(services: Services, target: Target, objects: Collection[JsonObject]) -> Iterator[JsonObject]:
    numbers = {
        template_digest(template_of(item)): number_of(item)
        for item in objects
        if item["kind"] in _REVISIONS and owned_by(item, target.uid)
    }
    for seen in services.revisions.seen(target.uid):
        if seen.template_digest in numbers:
            yield from _stretches(seen, numbers[seen.template_digest], target)


def _stretches(seen: RevisionSeen, number: int, target: Target) -> Iterator[JsonObject]:
    """Both of them: a revision may have been seen well and ill."""
    for healthy, seconds in ((True, seen.healthy_seconds), (False, seen.ill_seconds)):
        if seconds or healthy:
            told = {"workload": _named(target), "revision": number, "minutes": seconds / 60}
            yield {**told, "healthy": healthy, "at": _told(seen.last_seen)}


def _named(target: Target) -> str:
    return "/".join(part for part in (target.namespace, target.kind, target.name) if part)


def _told(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
