"""The chore that looks once at what people did about an incident in which the agent wrote nothing, and keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from graph.afterwards import compared, would_do
from graph.policy import RULES
from graph.services import Services
from server.policy_rules import effects
from server.worker import Chore
from tools.aftermath_changes import Change, Incomparable, changes_since
from tools.aftermaths import Aftermath, Aftermaths
from tools.errors import PermanentError, TransientError

AFTERMATH_SECONDS = 60.0
_WORDS = {
    "same": "people did what the agent would have done",
    "other": "people did something else",
    "nothing": "nobody changed anything",
    "unknown": "what people did could not be told",
}


def chores(services: Services, kept: Aftermaths) -> list[Chore]:
    """For the worker."""
    return [Chore("aftermath", AFTERMATH_SECONDS, lambda: look_back(services, kept))]


def look_back(services: Services, kept: Aftermaths) -> int:
    """Look at what is due; returns how many were kept. Raises StoreError.

    Where the API server does not answer, the rest waits for the next time.
    """
    now = services.clock.now()
    count = 0
    for incident_id in kept.due(now):
        try:
            seen = _seen(services, incident_id, now)
        except TransientError:
            return count
        if kept.keep(seen):
            services.incidents.note(incident_id, "afterwards", _told(seen))
            count += 1
    return count


def _seen(services: Services, incident_id: str, now: datetime) -> Aftermath:
    incident = services.incidents.get(incident_id)
    evidence = services.incidents.evidence(incident_id)
    decision = services.incidents.decision(incident_id) or {}
    action = would_do(decision, only_asking())
    resolved = incident_id not in services.incidents.firing([incident_id])
    first = Aftermath(
        incident_id=incident_id, seen_at=now, action=action, outcome="unknown", resolved=resolved
    )
    if evidence is None or incident.target is None:
        return first.model_copy(update={"why": "nothing was read of it"})
    try:
        changes = changes_since(services.cluster, incident.target, evidence)
    except (Incomparable, PermanentError) as error:
        return first.model_copy(update={"why": str(error)[:200]})
    outcome = compared(action, _args(decision), changes)
    return first.model_copy(update={"outcome": outcome, "changes": changes})


def _args(decision: Mapping[str, Any]) -> Mapping[str, Any]:
    args: Mapping[str, Any] = (decision.get("action") or {}).get("args") or {}
    return args


def _told(seen: Aftermath) -> str:
    would = f"; it would have done {seen.action}" if seen.action else ""
    what = f": {', '.join(map(_words, seen.changes))}" if seen.changes else ""
    return f"{_WORDS[seen.outcome]}{what or (f' ({seen.why})' if seen.why else '')}{would}"


def _words(change: Change) -> str:
    what = " ".join(filter(None, (change.kind.replace("_", " "), change.name)))
    return f"{what} by {change.by}" if change.by else what


@cache
def only_asking() -> frozenset[str]:
    """Rules of policy that never refuse."""
    return frozenset(rule.__name__ for rule in RULES if effects(rule) == ("ask",))
