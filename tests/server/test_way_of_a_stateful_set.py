"""A StatefulSet whose release broke, from alert to verdict: its template back, then the pod that holds it up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, decision, fault_one, fire, pending, told, writes
from tests.tools.shop import of_kind

pytestmark = pytest.mark.timeout(300)
PATCH = "PATCH /apis/apps/v1/namespaces/shop/statefulsets/web"
EVICTION = "POST /api/v1/namespaces/shop/pods/web-2/eviction"


def stateful(image: str = "registry.example/web:1.0", fault: str = "", **spec: Any) -> dict[str, Any]:
    """Three ordinals of `web`."""
    return of_kind("StatefulSet", deployment("web", image=image, fault=fault, **spec))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that may act, and a StatefulSet that has been well for twenty minutes."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(stateful())
        running.advance(1200, step=60)
        yield running


def bad_release(agent: Harness) -> str:
    """Its highest ordinal crashes from the start; the incident's id."""
    agent.sandbox.apply(stateful("registry.example/web:1.1", "crashdead"))
    agent.advance(180, step=15)
    return fire(agent, "KubePodCrashLooping", namespace="shop", pod="web-2")


def images(agent: Harness) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in agent.pods("shop")]


def shown(agent: Harness) -> str:
    """The exact change, as the one approval that waits shows it."""
    text: str = pending(agent)["proposal"]["preview"]["diff"]
    return text


def steps(agent: Harness, incident_id: str) -> list[str]:
    timeline = agent.agent.services.incidents.timeline(incident_id)
    return [entry.text for entry in timeline if entry.kind == "second_step"]


def test_both_steps_are_shown_approved_and_done(agent: Harness) -> None:
    """The template first; the pod by its uid once the StatefulSet has left the bad revision; each in the ledger."""
    incident_id = bad_release(agent)
    assert told(agent, incident_id)[:3] == ("bad_release", "ask", "awaiting_approval")
    broken = next(p for p in agent.pods("shop") if p["metadata"]["name"] == "web-2")["metadata"]
    diff = shown(agent)
    assert "registry.example/web:1.0" in diff
    assert f"evict pod web-2, uid {broken['uid']}" in diff
    record = decision(agent, incident_id)
    assert record["action"]["args"]["kind"] == "StatefulSet"
    assert any(line.startswith("second_steps: ") for line in record["blocked_by"])

    approve(agent)
    assert writes(agent) == [PATCH]
    agent.advance(400, step=10)

    assert told(agent, incident_id) == ("bad_release", "ask", "recovered", "RECOVERED")
    assert writes(agent) == [PATCH, EVICTION]
    assert images(agent) == ["registry.example/web:1.0"] * 3
    entries = agent.agent.services.ledger.for_incident(incident_id)
    assert [(e.call.name, e.verdict, e.automatic) for e in entries] == [
        ("rollback_deployment", "RECOVERED", False),
        ("delete_pod", "RECOVERED", False),
    ]
    assert agent.incident(incident_id).action_taken == "rollback_deployment"
    assert steps(agent, incident_id) == ["web-2 was evicted: it held up the rollout"]


def test_a_second_step_that_cannot_be_tried_is_said_to_be_so_and_done(agent: Harness) -> None:
    """A webhook on evictions supports no dry run: who approves the whole has read it."""
    agent.sandbox.webhook("pods/eviction")
    incident_id = bad_release(agent)
    preview = pending(agent)["proposal"]["preview"]
    assert (preview["accepted"], "does not support dry run" in preview["untried"]) == (True, True)
    assert preview["dry_run"].startswith("not known of its second step on web-2")
    approve(agent)
    agent.advance(400, step=20)
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
    assert writes(agent) == [PATCH, EVICTION]


def test_a_pause_in_between_holds_the_second_step_back(agent: Harness) -> None:
    """And ends with it."""
    incident_id = bad_release(agent)
    approve(agent)
    agent.client.post("/pause", json={"reason": "wait"})
    agent.advance(120)
    assert writes(agent) == [PATCH]
    agent.client.post("/resume", json={"reason": "go on"})
    agent.advance(400, step=10)
    assert writes(agent) == [PATCH, EVICTION]
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")


def test_a_pod_that_went_by_itself_is_not_evicted(agent: Harness) -> None:
    """Somebody was quicker; the one in its place is another."""
    incident_id = bad_release(agent)
    approve(agent)
    agent.sandbox.delete("Pod", "shop", "web-2")
    agent.advance(400, step=10)
    assert writes(agent) == [PATCH]
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")


def test_somebody_elses_template_ends_it_before_the_second_step(agent: Harness) -> None:
    """SUPERSEDED: what was approved is not what is there."""
    incident_id = bad_release(agent)
    approve(agent)
    agent.sandbox.apply(stateful("registry.example/web:1.2", "crashdead"))
    agent.advance(200)
    assert writes(agent) == [PATCH]
    assert told(agent, incident_id)[2:] == ("escalated", "SUPERSEDED")


def test_a_budget_that_keeps_the_pod_refuses_the_whole(agent: Harness) -> None:
    """Asked of the server before a person is asked: half a rollback would help nobody."""
    metadata = {"name": "web", "namespace": "shop"}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 3}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}
    agent.sandbox.apply(budget)
    incident_id = bad_release(agent)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert writes(agent) == []
    assert any("second step on web-2" in line for line in decision(agent, incident_id)["blocked_by"])


def test_pods_made_side_by_side_need_no_second_step(tmp_path: Path) -> None:
    """podManagementPolicy Parallel: the template alone mends it."""
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(stateful(podManagementPolicy="Parallel"))
        agent.advance(1200, step=60)
        agent.sandbox.apply(stateful("registry.example/web:1.1", "crashdead", podManagementPolicy="Parallel"))
        agent.advance(180, step=15)
        incident_id = fire(agent, "KubePodCrashLooping", namespace="shop", pod="web-2")
        assert "evict pod" not in shown(agent)
        approve(agent)
        agent.advance(400, step=10)
        assert writes(agent) == [PATCH]
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")


def test_a_stuck_pod_is_evicted_after_approval(agent: Harness) -> None:
    """It may rebuild what it holds. The same name with another uid is what takes its place."""
    before = {p["metadata"]["uid"] for p in agent.pods("shop")}
    fault_one(agent, "notready", "web-1")
    agent.advance(900, step=60)
    incident_id = fire(agent, "KubePodNotReady", namespace="shop", pod="web-1")
    approve(agent)
    agent.advance(300, step=10)
    assert told(agent, incident_id) == ("stuck_pod", "ask", "recovered", "RECOVERED")
    assert writes(agent) == [EVICTION.replace("web-2", "web-1")]
    assert len({p["metadata"]["uid"] for p in agent.pods("shop")} - before) == 1
