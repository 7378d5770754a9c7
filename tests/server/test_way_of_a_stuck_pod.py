"""One stuck pod, from alert to verdict: evicted and replaced, replaced in vain, kept by a budget, or left alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.ways import decision, fault_one, fire, pending, told, writes
from tools.sandbox.values import parse_instant

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that may act, and three pods that have been well for twenty minutes."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(deployment("web"))
        running.advance(1200, step=60)
        yield running


def stuck(agent: Harness) -> tuple[str, str]:
    """One pod has not been ready for a quarter of an hour; its name and the incident's id."""
    name = fault_one(agent, "notready")
    agent.advance(900, step=60)
    return name, fire(agent, "KubePodNotReady", namespace="shop", pod=name)


def names(agent: Harness) -> set[str]:
    """Pods that are there."""
    return {pod["metadata"]["name"] for pod in agent.pods("shop")}


def budget(**spec: Any) -> dict[str, Any]:
    """A PodDisruptionBudget over the pods of `web`."""
    metadata = {"name": "web", "namespace": "shop"}
    whole = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": whole}


def eviction(name: str) -> str:
    """The one write."""
    return f"POST /api/v1/namespaces/shop/pods/{name}/eviction"


def test_a_stuck_pod_is_evicted_by_itself_and_replaced(agent: Harness) -> None:
    """By eviction, after settling; RECOVERED once another one is ready and all stay so."""
    name, incident_id = stuck(agent)
    assert told(agent, incident_id)[:3] == ("stuck_pod", "act", "settling")
    agent.advance(300)

    assert told(agent, incident_id) == ("stuck_pod", "act", "recovered", "RECOVERED")
    assert writes(agent) == [eviction(name)]
    assert (name in names(agent), len(names(agent))) == (False, 3)
    record = decision(agent, incident_id)
    assert record["target"] == {"kind": "Deployment", "namespace": "shop", "name": "web"}
    assert (record["action"]["name"], record["action"]["args"]["name"]) == ("delete_pod", name)


def test_the_event_is_left_on_the_workload(agent: Harness) -> None:
    """Where people look for it."""
    _, incident_id = stuck(agent)
    agent.advance(60)
    (event,) = [e for e in agent.sandbox.list("Event", "shop") if e["reason"] == "SreAgentDeletePod"]
    assert (event["involvedObject"]["kind"], event["involvedObject"]["name"]) == ("Deployment", "web")
    assert incident_id in event["message"]


def test_a_budget_that_is_met_lets_it_go(agent: Harness) -> None:
    """Two of two needed are healthy; the stuck one counts for nothing."""
    agent.sandbox.apply(budget(minAvailable=2))
    name, incident_id = stuck(agent)
    agent.advance(300)
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
    assert writes(agent) == [eviction(name)]


def test_a_budget_that_is_not_met_keeps_it(agent: Harness) -> None:
    """Explained, with the budget's numbers; never deleted past it."""
    agent.sandbox.apply(budget(minAvailable=3))
    name, incident_id = stuck(agent)
    agent.advance(60)
    assert told(agent, incident_id)[:3] == ("stuck_pod", "notify", "notified")
    assert any(
        "disruption_budget" in line and "needs 3" in line
        for line in decision(agent, incident_id)["blocked_by"]
    )
    assert (writes(agent), name in names(agent)) == ([], True)


def test_budgets_that_come_while_it_settles_are_seen(agent: Harness) -> None:
    """Two that cover the pod: the API would refuse it, so it is not even sent."""
    _, incident_id = stuck(agent)
    agent.sandbox.apply(budget(minAvailable=1))
    agent.sandbox.apply({**budget(minAvailable=1), "metadata": {"name": "two", "namespace": "shop"}})
    agent.advance(60)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert writes(agent) == []
    assert agent.agent.services.ledger.for_incident(incident_id) == []


def test_a_replacement_that_is_stuck_as_well_is_handed_over(agent: Harness) -> None:
    """It was not that one pod: one eviction, and a person."""
    name, incident_id = stuck(agent)
    evicted_at = agent.clock.now()
    agent.sandbox.fault("shop", "web", "notready", when=lambda pod, now: born(pod) >= evicted_at)
    agent.advance(700, step=10)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert writes(agent) == [eviction(name)]


def born(pod: dict[str, Any]) -> datetime:
    """When the pod was made."""
    return parse_instant(pod["metadata"]["creationTimestamp"])


def test_a_pod_that_comes_back_while_it_settles_is_left_alone(agent: Harness) -> None:
    """Proved again right before the write: it is ready."""
    name, incident_id = stuck(agent)
    fault_one(agent, None, name)
    agent.advance(60)
    assert agent.incident(incident_id).status == "notified"
    assert (writes(agent), name in names(agent)) == ([], True)


def test_one_pod_that_crashes_is_evicted_once(agent: Harness) -> None:
    """Its siblings are well: another pod in its place, and no second one if that is not enough."""
    name = fault_one(agent, "crashloop")
    agent.advance(600, step=30)
    incident_id = fire(agent, "KubePodCrashLooping", namespace="shop", pod=name)
    assert told(agent, incident_id)[:3] == ("bad_pod", "act", "settling")
    agent.advance(300)

    assert told(agent, incident_id) == ("bad_pod", "act", "recovered", "RECOVERED")
    assert writes(agent) == [eviction(name)]


def test_two_stuck_pods_are_explained(agent: Harness) -> None:
    """Then it is not one bad pod."""
    for name in sorted(names(agent))[:2]:
        fault_one(agent, "notready", name)
    agent.advance(900, step=60)
    incident_id = fire(agent, "KubePodNotReady", namespace="shop", pod=sorted(names(agent))[0])
    assert told(agent, incident_id)[:3] == ("not_ready", "notify", "notified")
    assert writes(agent) == []


def test_a_pod_on_a_silent_node_is_explained(agent: Harness) -> None:
    """It could not even be taken away from there."""
    pod = agent.pods("shop")[0]
    agent.sandbox.stop_node(pod["spec"]["nodeName"])
    agent.advance(320, step=20)
    incident_id = fire(agent, "KubePodNotReady", namespace="shop", pod=pod["metadata"]["name"])
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert writes(agent) == []


def test_with_approval_required_for_evictions_a_person_is_asked(tmp_path: Path) -> None:
    """REQUIRE_APPROVAL_FOR names the action; the preview names the pod that goes."""
    with harness(tmp_path, MODE="auto", REQUIRE_APPROVAL_FOR="delete_pod") as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(1200, step=60)
        name, incident_id = stuck(agent)
        assert told(agent, incident_id)[1:3] == ("ask", "awaiting_approval")
        shown = pending(agent)["proposal"]["preview"]
        assert shown["pods_replaced"] == [name]
        assert "2 of 3 pods are ready now" in shown["stays_ready"]
        assert "cannot be undone" in shown["undo"]
