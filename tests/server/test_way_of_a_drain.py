"""A person has a node drained: one eviction at a time, stoppable, bounded in time, and never past what says no."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.remediation import build

# isort: split
# After graph, which sets a switch that LangGraph reads when it is first imported.
from langgraph.checkpoint.sqlite import SqliteSaver

from server.runner import Runner
from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, decision, node_patch, patch, pending, told, writes
from tools.resources import DEPLOYMENTS, NAMESPACES, NODES

pytestmark = pytest.mark.timeout(300)
NODE = "node-2"
CORDON = f"PATCH /api/v1/nodes/{NODE}"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """Three nodes with two pods of `web` on each, all well."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(deployment("web", replicas=6))
        running.advance(120, step=30)
        yield running


def ask(agent: Harness, node: str = NODE) -> Any:
    """What the server answers to somebody who wants it drained."""
    body = {"kind": "Node", "workload": node, "action": {"name": "drain_node"}, "reason": "new kernel"}
    return agent.client.post("/incidents", json=body)


def asked(agent: Harness) -> str:
    """The incident, waiting for approval or ended."""
    answer = ask(agent)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    agent.drive()
    return str(answer.get_json()["id"])


def on_node(agent: Harness, node: str = NODE) -> list[str]:
    """Names of the pods that run there."""
    return sorted(
        pod["metadata"]["name"] for pod in agent.pods("shop") if pod["spec"].get("nodeName") == node
    )


def evicted(agent: Harness) -> list[str]:
    """Pods that the agent has evicted, in their order."""
    return [line.split("/pods/")[1].split("/")[0] for line in writes(agent) if line.endswith("/eviction")]


def budget(minimum: int) -> dict[str, Any]:
    """A PodDisruptionBudget over `web`."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"minAvailable": minimum, "selector": {"matchLabels": {"app": "web"}}},
    }


def pod(name: str, **spec: Any) -> dict[str, Any]:
    """A pod that nothing controls, on the node."""
    container = {"name": "c", "image": "registry.example/one:1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"nodeName": NODE, "containers": [container], **spec},
    }


def test_a_node_is_drained_pod_by_pod_and_verified(agent: Harness) -> None:
    """Asked, shown, approved; cordon first, then each pod once, each replaced before the next; then RECOVERED."""
    before = on_node(agent)
    assert len(before) == 2
    incident_id = asked(agent)
    assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
    preview = pending(agent)["proposal"]["preview"]
    assert preview["accepted"], preview
    assert preview["pods_replaced"] == [f"shop/{name}" for name in before]
    assert "do not come back by it" in preview["undo"]
    assert any("POST /pause" in note for note in preview["notes"])

    approve(agent)
    assert writes(agent) == [CORDON]
    most_missing = 0
    for _ in range(60):
        agent.advance(5)
        ready = [p for p in agent.pods("shop") if "deletionTimestamp" not in p["metadata"]]
        most_missing = max(most_missing, 6 - sum(_is_ready(p) for p in ready))
    agent.advance(200)
    assert told(agent, incident_id) == ("requested", "ask", "recovered", "RECOVERED")
    assert sorted(evicted(agent)) == before
    assert (on_node(agent), most_missing) == ([], 1)
    entries = agent.agent.services.ledger.for_incident(incident_id)
    assert [entry.verdict for entry in entries] == ["RECOVERED", "STEP_SENT", "STEP_SENT"]


def _is_ready(item: dict[str, Any]) -> bool:
    conditions = item.get("status", {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def test_a_budget_that_says_no_for_five_minutes_ends_it(agent: Harness) -> None:
    """The dry run says so before; nothing is deleted past it, and the person is told what is left."""
    agent.sandbox.apply(budget(6))
    agent.advance(30)
    incident_id = asked(agent)
    assert any("would not go now" in note for note in pending(agent)["proposal"]["preview"]["notes"])
    approve(agent)
    agent.advance(500, step=10)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert len(on_node(agent)) == 2
    assert not [r.path for r in agent.sandbox.requests if r.method == "DELETE"]
    lines = agent.agent.services.incidents.timeline(incident_id)
    reason = next(line.text for line in lines if line.kind == "verdict")
    assert "0 steps were done" in reason
    assert "PodDisruptionBudget" in reason


def test_a_replacement_that_does_not_become_ready_ends_it(agent: Harness) -> None:
    """One pod less is all that it costs."""
    incident_id = asked(agent)
    approve(agent)
    for node in ("node-1", "node-3"):
        node_patch(agent, node, {"spec": {"unschedulable": True}})
    agent.advance(500, step=10)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert len(evicted(agent)) == 1
    assert len(on_node(agent)) == 1


def test_a_pause_stops_it_before_the_next_eviction(agent: Harness) -> None:
    """For good: whoever lifts the pause asks again for what is left."""
    incident_id = asked(agent)
    approve(agent)
    for _ in range(60):
        agent.advance(1, step=1)
        if evicted(agent):
            break
    assert agent.client.post("/pause", json={"reason": "stop it"}).status_code == 200
    agent.advance(120)
    assert len(evicted(agent)) == 1
    assert agent.client.post("/resume", json={}).status_code == 200
    agent.advance(200)
    assert told(agent, incident_id)[2:] == ("inconclusive", "INCONCLUSIVE")
    assert len(evicted(agent)) == 1


def test_a_global_hold_stops_it_before_the_next_eviction(agent: Harness) -> None:
    """Whoever approved it did not know that too much would be ill."""
    incident_id = asked(agent)
    approve(agent)
    holds = agent.agent.services.holds
    assert holds is not None
    holds.engage("correlated_failure", "too much is ill", at=agent.clock.now())
    agent.advance(500, step=10)
    assert evicted(agent) == []
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")


class Died(BaseException):
    """The process is gone."""


class Mortal:
    """A service in whose call number `count` of `method` the process dies, before or after it."""

    def __init__(self, inner: Any, method: str, count: int, *, before: bool) -> None:
        self._inner, self._method, self._left, self._before = inner, method, count, before

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._deadly(found) if name == self._method else found

    def _deadly(self, call: Any) -> Any:
        def one(*args: Any, **kwargs: Any) -> Any:
            if kwargs.get("dry_run") or kwargs.get("subresource", "eviction") != "eviction":
                return call(*args, **kwargs)
            self._left -= 1
            if self._left == 0 and self._before:
                raise Died
            answer = call(*args, **kwargs)
            if self._left == 0:
                raise Died
            return answer

        return one


@pytest.mark.parametrize(
    ("service", "method", "count", "before"),
    [
        ("ledger", "claim", 2, False),
        ("cluster", "create", 2, True),
        ("cluster", "create", 2, False),
        ("ledger", "finish", 2, True),
        ("ledger", "set_verdict", 1, True),
    ],
)
def test_a_process_that_dies_in_the_middle_goes_on_and_evicts_nothing_twice(
    agent: Harness, service: str, method: str, count: int, before: bool
) -> None:
    """Around the claim, the eviction and the record of the first step."""
    pods = on_node(agent)
    incident_id = asked(agent)
    approval = pending(agent)["id"]
    assert agent.client.post(f"/approve/{approval}", json={}).status_code == 200
    living = agent.agent.runner
    mortal = Mortal(getattr(agent.agent.services, service), method, count, before=before)
    services = dataclasses.replace(agent.agent.services, **{service: mortal})
    agent.agent.runner = Runner(
        build(SqliteSaver(agent.agent.checkpoints)), services, Path(agent.agent.settings.data_dir) / "locks"
    )
    with pytest.raises(Died):
        agent.advance(120)
    agent.agent.runner = living
    agent.agent.services.incidents.wake(incident_id, agent.clock.now())
    agent.advance(400)
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
    assert sorted(evicted(agent)) == pods
    ledger = agent.agent.services.ledger.for_incident(incident_id)
    assert len(ledger) == 3
    assert all(entry.receipt for entry in ledger)


def test_a_node_that_falls_silent_in_the_middle_is_left(agent: Harness) -> None:
    """Its pods could not be seen to end."""
    incident_id = asked(agent)
    approve(agent)
    agent.sandbox.stop_node(NODE)
    agent.advance(200)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    assert len(evicted(agent)) <= 1


def test_somebody_who_uncordons_it_meanwhile_is_not_contradicted(agent: Harness) -> None:
    """No eviction after that."""
    incident_id = asked(agent)
    approve(agent)
    node_patch(agent, NODE, {"spec": {"unschedulable": None}})
    agent.advance(120)
    assert agent.incident(incident_id).status == "escalated"
    assert evicted(agent) == []


@pytest.mark.parametrize(
    ("bare", "says"),
    [
        (pod("alone"), "nothing controls it"),
        (pod("scratch", volumes=[{"name": "tmp", "emptyDir": {}}]), "emptyDir"),
    ],
)
def test_a_pod_that_would_lose_something_forbids_it(agent: Harness, bare: dict[str, Any], says: str) -> None:
    """Told at once; nothing is touched, the cordon neither."""
    agent.sandbox.apply(bare)
    agent.advance(10)
    answer = ask(agent)
    assert answer.status_code == 422
    assert says in answer.get_json()["detail"]
    assert writes(agent) == []


def test_a_node_that_is_not_ready_is_never_drained(agent: Harness) -> None:
    """For a person neither."""
    agent.sandbox.stop_node(NODE)
    agent.advance(120, step=30)
    incident_id = asked(agent)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert any("drain_unready" in line for line in decision(agent, incident_id)["blocked_by"])


def test_a_namespace_whose_label_says_shadow_keeps_its_pods(agent: Harness) -> None:
    """Its owner wants nothing done there."""
    patch(agent, NAMESPACES, "", "shop", {"metadata": {"labels": {"sre-agent/mode": "shadow"}}})
    answer = ask(agent)
    assert answer.status_code == 422
    assert "sre-agent/mode=shadow" in answer.get_json()["detail"]


def keep(agent: Harness, value: str | None = "true") -> None:
    """The owner of `web` says no, or takes it back."""
    body = {"metadata": {"annotations": {"sre-agent/disable": value}}}
    patch(agent, DEPLOYMENTS, "shop", "web", body)


def test_a_workload_whose_owner_said_no_keeps_its_pods(agent: Harness) -> None:
    """Told at once, by the workload's name; nothing is touched, the cordon neither."""
    keep(agent)
    answer = ask(agent)
    assert answer.status_code == 422
    assert "Deployment shop/web has annotation sre-agent/disable" in answer.get_json()["detail"]
    assert writes(agent) == []


def test_an_owner_who_says_no_while_it_waits_is_obeyed(agent: Harness) -> None:
    """The click is answered by why; policy names the rule and the workload."""
    asked(agent)
    waiting = pending(agent)["id"]
    keep(agent)
    answer = agent.client.post(f"/approve/{waiting}", json={})
    assert answer.status_code in (409, 412), answer.get_data(as_text=True)
    agent.advance(60)
    assert writes(agent) == []


def test_an_owner_who_says_no_in_the_middle_keeps_the_next_pod(agent: Harness) -> None:
    """The one that went is gone; no other one goes."""
    incident_id = asked(agent)
    approve(agent)
    for _ in range(60):
        agent.advance(1, step=1)
        if evicted(agent):
            break
    keep(agent)
    agent.advance(300)
    assert len(evicted(agent)) == 1
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")


def test_pods_of_the_cluster_itself_keep_their_node(agent: Harness) -> None:
    """A namespace on the deny list is written to for nobody."""
    agent.sandbox.apply(deployment("dns", "kube-system", replicas=3))
    agent.advance(30)
    incident_id = asked(agent)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert any("drained_pods" in line for line in decision(agent, incident_id)["blocked_by"])
    assert agent.agent.services.cluster.get(NODES, "", NODE)["spec"].get("unschedulable") is None
