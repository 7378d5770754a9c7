"""A scene from its past to the end of its run on a whole agent, told how time passes; what came of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from tests.chaos.faults import Scene
from tests.harness import Harness, harness
from tools.audit import SqlAudit

SHORT = {
    "MODE": "auto",
    "TEST_CLUSTER": "true",
    "SETTLE_SECONDS": "20",
    "VERIFY_DELAY_SECONDS": "1",
    "VERIFY_WINDOW_SECONDS": "10",
}
Advance: TypeAlias = Callable[[Harness, Callable[[], object]], None]
"""Lets time pass until something holds."""


def run(empty: Path, folder: Path, scene: Scene, advance: Advance) -> dict[str, Any]:
    """A scene from its past to the end of its run, and a while longer; what came of it."""
    shutil.copytree(empty, folder / "data")
    with harness(folder, **SHORT) as agent:
        scene.prepare(agent.sandbox)
        agent.advance(1000, step=200)
        scene.strike(agent.sandbox, agent.clock)
        agent.advance(150, step=50)
        (incident_id,) = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
        get = agent.agent.services.incidents.get
        if scene.kind != "transient":
            advance(agent, lambda: get(incident_id).status == "awaiting_approval")
            approve(agent)
        if scene.kind == "rollback_harms":
            advance(agent, lambda: patches(agent))
            scene.break_older(agent.sandbox, agent.clock)
        advance(agent, lambda: get(incident_id).ended_at)
        agent.advance(120, step=20)
        return outcome(agent, incident_id)


def approve(agent: Harness) -> None:
    """Yes to what waits, which is one approval."""
    (waiting,) = agent.client.get("/pending").get_json()["pending"]
    answer = agent.client.post(f"/approve/{waiting['id']}", json={"reason": "the diff is right"})
    assert answer.status_code == 200, answer.get_data(as_text=True)


def patches(agent: Harness) -> int:
    """Writes that the API server has carried out."""
    return sum(r.writes and r.method == "PATCH" for r in agent.sandbox.requests)


def outcome(agent: Harness, incident_id: str) -> dict[str, Any]:
    """Everything about a run that a death must not change."""
    services = agent.agent.services
    incident = services.incidents.get(incident_id)
    entries = services.ledger.for_incident(incident_id)
    audit = SqlAudit(agent.agent.database)
    return {
        "ended": (incident.status, incident.verdict, incident.action_taken),
        "due": services.incidents.due(agent.clock.now()),
        "patches": patches(agent),
        "events": sum(r.writes and r.method == "POST" for r in agent.sandbox.requests),
        "ledger": [(e.call.name, e.verdict, bool(e.receipt)) for e in entries],
        # two of the same instant come in no certain order
        "messages": sorted(m.kind for m in services.outbox.for_incident(incident_id)),
        "approvals": [a.state for a in services.approvals.for_incident(incident_id)],
        "audited": [entry.kind for entry in audit.entries()],
        "broken": audit.broken_at(),
    }
