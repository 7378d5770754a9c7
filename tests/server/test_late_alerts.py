"""An alert that fires after a good fix: its counter still holds the old crashes, and nothing is undone for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.faults import Scene
from tests.harness import harness
from tests.server.ways import told, writes

pytestmark = pytest.mark.timeout(300)


def test_an_alert_that_fires_late_undoes_nothing(tmp_path: Path) -> None:
    """Ten minutes after RECOVERED, about pods that are well: read, explained, and no write of any kind."""
    scene = Scene("transient", "shop")
    with harness(tmp_path, MODE="auto") as agent:
        scene.prepare(agent.sandbox)
        agent.advance(1200, step=120)
        scene.strike(agent.sandbox, agent.clock)
        agent.advance(170, step=10)
        fired = scene.alerts(agent.sandbox, agent.clock)
        incident_id, *_ = agent.alert(*fired)
        agent.advance(400, step=10)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        agent.alert(*({**each, "status": "resolved"} for each in fired))
        agent.advance(600, step=60)

        pods = agent.sandbox.pods("shop", "web")
        late = agent.crash_alert(pods[0], name="PodRestartedOften")
        (late_id,) = agent.alert(late)
        agent.advance(600, step=30)

        assert told(agent, late_id)[1:3] == ("notify", "notified")
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        assert writes(agent) == ["PATCH /apis/apps/v1/namespaces/shop/deployments/web"]
        assert [entry.verdict for entry in agent.agent.services.ledger.for_incident(incident_id)] == [
            "RECOVERED"
        ]
