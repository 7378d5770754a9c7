"""High processor use, from alert to verdict: scaled and relieved, scaled in vain, taken back, or left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, harness
from tests.server.ways import approve, decision, fire, limited, node_patch, replicas, told, writes

pytestmark = pytest.mark.timeout(300)
SCALE = "PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that may act, and three pods that have been well for twenty minutes."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(limited())
        running.advance(1200, step=60)
        yield running


def hot(agent: Harness, cores: float = 1.45, **labels: str) -> str:
    """The pods have so much to do together (they have a core and a half); the incident's id."""
    agent.sandbox.load("shop", "web", cores=cores)
    agent.advance(60, step=20)
    return fire(agent, "HighCPUUsage", namespace="shop", deployment="web", **labels)


def made(kind: str, api_version: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of the shop."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    }


def test_a_busy_workload_is_scaled_by_itself_and_relieved(agent: Harness) -> None:
    """One more replica after settling, and RECOVERED once all four are well and less busy."""
    incident_id = hot(agent)
    assert told(agent, incident_id)[:3] == ("high_cpu", "act", "settling")
    agent.advance(60)
    assert (agent.incident(incident_id).status, replicas(agent)) == ("verifying", 4)
    agent.advance(300)

    assert told(agent, incident_id) == ("high_cpu", "act", "recovered", "RECOVERED")
    assert writes(agent) == [SCALE]
    record = decision(agent, incident_id)
    assert (record["action"]["name"], record["action"]["args"]["replicas"]) == ("scale_deployment", 4)
    assert record["confidence"] >= 0.8


def test_a_load_that_more_pods_do_not_bear_is_handed_over(agent: Harness) -> None:
    """Five times of what they have: the new pods are well and as busy as the others; nothing is taken away."""
    incident_id = hot(agent, cores=7.5)
    agent.advance(400)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert (replicas(agent), writes(agent)) == (4, [SCALE])


def test_new_pods_that_find_no_room_are_taken_back(agent: Harness) -> None:
    """Pending for two minutes: back to three by the recorded inverse, and escalated."""
    for name in ("node-1", "node-2", "node-3"):
        node_patch(agent, name, {"spec": {"unschedulable": True}})
    incident_id = hot(agent)
    agent.advance(100)
    assert replicas(agent) == 4
    agent.advance(200)

    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert (replicas(agent), writes(agent)) == (3, [SCALE, SCALE])
    entries = agent.agent.services.ledger.for_incident(incident_id)
    assert [bool(entry.undo_of) for entry in entries] == [False, True]
    assert entries[1].call.args["replicas"] == 3


def test_a_number_that_somebody_set_meanwhile_stays(agent: Harness) -> None:
    """While the agent waited for its pods: neither claimed nor undone."""
    incident_id = hot(agent)
    agent.advance(60)
    agent.sandbox.apply(limited(replicas=6))
    agent.advance(120)
    assert told(agent, incident_id)[2:] == ("escalated", "SUPERSEDED")
    assert (replicas(agent), writes(agent)) == (6, [SCALE])


def test_what_an_autoscaler_scales_is_left_to_it(agent: Harness) -> None:
    """Explained, with where it ends."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 3}
    agent.sandbox.apply(made("HorizontalPodAutoscaler", "autoscaling/v2", "web", spec))
    incident_id = hot(agent)
    agent.advance(60)
    assert told(agent, incident_id) == ("high_cpu", "notify", "notified", "")
    assert (replicas(agent), writes(agent)) == (3, [])


def test_an_autoscaler_that_comes_while_it_settles_is_seen(agent: Harness) -> None:
    """Everything is proved again right before the write."""
    incident_id = hot(agent)
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 3}
    agent.sandbox.apply(made("HorizontalPodAutoscaler", "autoscaling/v2", "web", spec))
    agent.advance(60)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert writes(agent) == []


def test_a_load_that_went_while_it_settled_is_not_scaled(agent: Harness) -> None:
    """Nothing shows it any more."""
    incident_id = hot(agent)
    agent.sandbox.load("shop", "web", cores=0.3)
    agent.advance(60)
    assert agent.incident(incident_id).status == "notified"
    assert writes(agent) == []


def test_a_quota_without_room_is_explained(agent: Harness) -> None:
    """Nothing that the API would refuse is tried."""
    agent.sandbox.apply(made("ResourceQuota", "v1", "all", {"hard": {"pods": "3"}}))
    incident_id = hot(agent)
    agent.advance(60)
    assert told(agent, incident_id)[:3] == ("high_cpu", "notify", "notified")
    assert writes(agent) == []


def test_one_busy_pod_is_no_reason_to_scale(agent: Harness) -> None:
    """Two of three have nothing to do: unknown, explained."""
    agent.sandbox.apply(limited("worker", replicas=1))
    agent.sandbox.load("shop", "web", cores=0.9)
    agent.advance(400, step=60)
    incident_id = fire(agent, "HighCPUUsage", namespace="shop", deployment="web")
    assert told(agent, incident_id)[:3] == ("unknown", "notify", "notified")
    assert writes(agent) == []


def test_in_mode_approve_a_person_scales(tmp_path: Path) -> None:
    """The preview shows the numbers; after the approval it goes the same way."""
    with harness(tmp_path, MODE="approve") as agent:
        agent.sandbox.apply(limited())
        agent.advance(1200, step=60)
        incident_id = hot(agent)
        assert agent.incident(incident_id).status == "awaiting_approval"
        (waiting,) = agent.client.get("/pending").get_json()["pending"]
        assert "+  replicas: 4" in waiting["proposal"]["preview"]["diff"]
        assert "back to 3 replicas" in waiting["proposal"]["preview"]["undo"]
        approve(agent)
        agent.advance(300)
        assert told(agent, incident_id) == ("high_cpu", "ask", "recovered", "RECOVERED")


def test_without_a_metrics_server_nobody_knows(tmp_path: Path) -> None:
    """The alert says so, but nothing here can tell: explained, never scaled."""
    with harness(tmp_path, metrics_server=False, MODE="auto") as agent:
        agent.sandbox.apply(limited())
        agent.advance(1200, step=60)
        incident_id = fire(agent, "HighCPUUsage", namespace="shop", deployment="web")
        agent.advance(60)
        assert told(agent, incident_id)[:3] == ("unknown", "notify", "notified")
        assert writes(agent) == []
