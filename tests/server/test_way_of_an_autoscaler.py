"""An autoscaler at its maximum, from alert to verdict: raised after approval, in vain, taken back, or explained.

What the real autoscaler makes of a higher maximum: tests/e2e/lives.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Harness, harness
from tests.server.ways import (
    approve,
    decision,
    fire,
    limited,
    node_patch,
    patch,
    pending,
    replicas,
    told,
    writes,
)
from tools.resources import AUTOSCALERS

pytestmark = pytest.mark.timeout(300)
RAISE = "PATCH /apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that may act; three pods, and an autoscaler that may make no more."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(limited())
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        running.sandbox.apply(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"scaleTargetRef": reference, "minReplicas": 3, "maxReplicas": 3},
            }
        )
        running.advance(1200, step=60)
        yield running


def maxed_out(agent: Harness, cores: float) -> str:
    """So much to do together for a quarter of an hour (each requests a quarter of a core); the incident's id."""
    agent.sandbox.load("shop", "web", cores=cores)
    agent.advance(900, step=60)
    incident_id = fire(agent, "KubeHpaMaxedOut", namespace="shop", horizontalpodautoscaler="web")
    agent.advance(40)
    return incident_id


def maximum(agent: Harness) -> int:
    """What the autoscaler may make."""
    found = agent.sandbox.get("HorizontalPodAutoscaler", "shop", "web")
    assert found
    return int(found["spec"]["maxReplicas"])


def test_a_maximum_that_is_too_low_is_raised_after_approval(agent: Harness) -> None:
    """One more: the autoscaler makes it, and is content."""
    incident_id = maxed_out(agent, cores=0.75)
    assert told(agent, incident_id) == ("hpa_at_maximum", "ask", "awaiting_approval", "")
    record = decision(agent, incident_id)
    assert record["target"] == {"kind": "Deployment", "namespace": "shop", "name": "web"}
    shown = pending(agent)["proposal"]["preview"]
    assert shown["diff"].splitlines()[2:] == ["-  maxReplicas: 3", "+  maxReplicas: 4"]
    assert "Undone by a maximum of 3 again" in shown["undo"]
    assert (shown["accepted"], shown["pods_replaced"]) == (True, [])
    approve(agent)
    assert (writes(agent), maximum(agent)) == ([RAISE], 4)
    agent.advance(400, step=20)
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
    assert (replicas(agent), writes(agent)) == (4, [RAISE])


def test_a_maximum_that_is_still_too_low_is_handed_over(agent: Harness) -> None:
    """Twice the load: the new pod is well and the autoscaler is at its maximum again; nothing is taken away."""
    incident_id = maxed_out(agent, cores=1.45)
    approve(agent)
    agent.advance(500, step=20)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert (maximum(agent), replicas(agent), writes(agent)) == (4, 4, [RAISE])


def test_new_pods_that_find_no_room_are_taken_back(agent: Harness) -> None:
    """Pending for two minutes: the maximum before, and the autoscaler follows it."""
    incident_id = maxed_out(agent, cores=0.75)
    for name in ("node-1", "node-2", "node-3"):
        node_patch(agent, name, {"spec": {"unschedulable": True}})
    approve(agent)
    agent.advance(400, step=20)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert (maximum(agent), writes(agent)) == (3, [RAISE, RAISE])
    assert replicas(agent) == 3


def test_a_maximum_that_somebody_set_meanwhile_is_left_alone(agent: Harness) -> None:
    """While a person thought about it: what was proposed is not written over it."""
    maxed_out(agent, cores=0.75)
    waiting = pending(agent)
    patch(agent, AUTOSCALERS, "shop", "web", {"spec": {"maxReplicas": 6}})
    answer = agent.client.post(f"/approve/{waiting['id']}", json={"reason": "looks right"})
    assert answer.status_code == 412
    agent.advance(60)
    assert (maximum(agent), writes(agent)) == (6, [])


def test_an_autoscaler_without_metrics_is_not_raised(tmp_path: Path) -> None:
    """It decides nothing, whatever its maximum is."""
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(limited())
        agent.advance(600, step=60)
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        memory = {"name": "memory", "target": {"type": "AverageValue", "averageValue": "64Mi"}}
        agent.sandbox.apply(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {
                    "scaleTargetRef": reference,
                    "minReplicas": 1,
                    "maxReplicas": 3,
                    "metrics": [{"type": "Resource", "resource": memory}],
                },
            }
        )
        incident_id = maxed_out(agent, cores=0.75)
        assert told(agent, incident_id)[:3] == ("hpa_without_metrics", "notify", "notified")
        (message,) = agent.agent.services.outbox.for_incident(incident_id)
        assert "decides nothing: FailedGetResourceMetric" in message.body
        assert writes(agent) == []
