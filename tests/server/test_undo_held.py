"""What is undone by itself waits for a person too: under a global hold, and while the namespace is labelled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Harness, harness
from tests.server.ways import fire, limited, node_patch, patch, pending, replicas, told, writes
from tools.pause_label import PAUSED_LABEL
from tools.resources import NAMESPACES

pytestmark = pytest.mark.timeout(300)
SCALE = "PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that may act, three busy pods, and no room for a fourth."""
    with harness(tmp_path, MODE="auto", MEMORY="false", POD_NAMESPACE="sre") as running:
        running.sandbox.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "sre"}})
        running.sandbox.apply(limited())
        running.advance(1200, step=300)
        for name in ("node-1", "node-2", "node-3"):
            node_patch(running, name, {"spec": {"unschedulable": True}})
        running.sandbox.load("shop", "web", cores=1.45)
        running.advance(60, step=20)
        yield running


def hot(agent: Harness) -> str:
    """The alert about it; the incident's id."""
    return fire(agent, "HighCPUUsage", namespace="shop", deployment="web")


def hold(agent: Harness) -> None:
    """Too much is ill elsewhere."""
    holds = agent.agent.services.holds
    assert holds is not None
    holds.engage("correlated_failure", "5 workloads fell ill", at=agent.clock.now(), weight=5)


def why_not(agent: Harness, incident_id: str) -> list[str]:
    """What the timeline says of the undo."""
    return [e.text for e in agent.agent.services.incidents.timeline(incident_id) if e.kind == "undo"]


def test_under_a_hold_nothing_is_taken_back_by_itself(agent: Harness) -> None:
    """What got worse in an outage may not be by our change: a person is told, and nothing is written."""
    incident_id = hot(agent)
    agent.advance(60)
    assert (replicas(agent), writes(agent)) == (4, [SCALE])
    hold(agent)
    agent.advance(300)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert (replicas(agent), writes(agent)) == (4, [SCALE])
    (said,) = why_not(agent, incident_id)
    assert said.startswith("not undone by itself: a global hold: 5 workloads fell ill")


def test_who_acted_in_spite_of_the_hold_has_it_taken_back(agent: Harness) -> None:
    """The yes that knew of the hold authorises the one inverse."""
    hold(agent)
    incident_id = hot(agent)
    answer = agent.client.post(f"/approve/{pending(agent)['id']}", json={"reason": "I watch it"})
    assert answer.status_code == 200
    agent.drive()
    assert replicas(agent) == 4
    agent.advance(300)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert (replicas(agent), writes(agent)) == (3, [SCALE, SCALE])


def test_the_label_keeps_it_from_being_taken_back(agent: Harness) -> None:
    """Thrown while it is verified, and nobody has looked since."""
    incident_id = hot(agent)
    agent.advance(60)
    patch(agent, NAMESPACES, "", "sre", {"metadata": {"labels": {PAUSED_LABEL: "true"}}})
    agent.advance(300)
    assert (replicas(agent), writes(agent)) == (4, [SCALE])
    assert why_not(agent, incident_id) == ["not undone: actions are paused"]
