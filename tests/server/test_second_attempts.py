"""What did not last is not tried again by itself: the next step after a restart is a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.faults import Scene
from tests.harness import Harness, harness
from tests.server.ways import decision, told, writes

pytestmark = pytest.mark.timeout(300)
RESTART = "PATCH /apis/apps/v1/namespaces/shop/deployments/web"


def strike(agent: Harness, scene: Scene) -> str:
    """It goes wrong, and its alerts come in; the incident's id."""
    scene.strike(agent.sandbox, agent.clock)
    agent.advance(170, step=10)
    incident_id, *_ = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
    agent.drive()
    return incident_id


def test_a_second_restart_is_refused_and_a_person_told(tmp_path: Path) -> None:
    """The same crash an hour after a restart that helped: no second one, by itself or on request."""
    scene = Scene("transient", "shop")
    with harness(tmp_path, MODE="auto") as agent:
        scene.prepare(agent.sandbox)
        agent.advance(1200, step=60)
        first = strike(agent, scene)
        fired = scene.alerts(agent.sandbox, agent.clock)
        agent.advance(400, step=10)
        assert told(agent, first)[2:] == ("recovered", "RECOVERED")
        agent.alert(*({**each, "status": "resolved"} for each in fired))
        agent.advance(3600, step=120)

        second = strike(agent, scene)
        agent.advance(400, step=10)

        assert second != first
        assert told(agent, second)[:3] == ("transient_crash", "notify", "notified")
        assert any(line.startswith("one_attempt") for line in decision(agent, second)["blocked_by"])
        assert writes(agent) == [RESTART]
        (message,) = agent.agent.services.outbox.for_incident(second)
        assert "restart_deployment was tried for transient_crash" in message.body
