"""A node that falls silent, from alert to verdict: asked for, cordoned, watched; and every reason not to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, decision, fire, node_patch, pending, told, writes
from tools.resources import NODES

pytestmark = pytest.mark.timeout(300)
CORDON = "PATCH /api/v1/nodes/node-2"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent in mode auto, three nodes, and a workload on all of them."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(deployment("web"))
        running.advance(600, step=60)
        yield running


def silent(agent: Harness, name: str = "node-2") -> str:
    """The node has been away for ten minutes; the incident's id."""
    agent.sandbox.stop_node(name)
    agent.advance(600, step=60)
    return fire(agent, "KubeNodeNotReady", node=name, job="kube-state-metrics", instance="10.0.0.9:8080")


def schedulable(agent: Harness, name: str = "node-2") -> bool:
    """Whether it takes pods, as far as its spec says."""
    node = agent.agent.services.cluster.get(NODES, "", name)
    return not node["spec"].get("unschedulable")


def test_a_silent_node_waits_for_a_person_is_cordoned_and_handed_over(agent: Harness) -> None:
    """In mode auto too; it stays NotReady, which no cordon mends: the person is told so."""
    incident_id = silent(agent)
    assert told(agent, incident_id)[:3] == ("node_not_ready", "ask", "awaiting_approval")
    waiting = pending(agent)
    assert "+  unschedulable: true" in waiting["proposal"]["preview"]["diff"]
    assert "uncordon_node" in waiting["proposal"]["preview"]["undo"]
    assert waiting["proposal"]["preview"]["pods_replaced"] == []
    assert writes(agent) == []
    approve(agent)
    assert (schedulable(agent), writes(agent)) == (False, [CORDON])
    agent.advance(300)

    assert told(agent, incident_id) == ("node_not_ready", "ask", "escalated", "NOT_RECOVERED")
    assert not schedulable(agent)
    assert decision(agent, incident_id)["target"] == {"kind": "Node", "namespace": "", "name": "node-2"}


def test_a_node_that_comes_back_recovered_and_is_uncordoned_on_request(agent: Harness) -> None:
    """Its mark is ours, so that a later alert about it leads to a proposal to take the cordon back."""
    incident_id = silent(agent)
    approve(agent)
    agent.sandbox.start_node("node-2")
    agent.advance(300)
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
    assert not schedulable(agent)
    agent.advance(600, step=60)

    again = fire(agent, "KubeNodeReadinessFlapping", node="node-2")
    assert told(agent, again)[:3] == ("node_cordoned", "ask", "awaiting_approval")
    approve(agent)
    agent.advance(300)
    assert told(agent, again)[2:] == ("recovered", "RECOVERED")
    assert schedulable(agent)
    assert writes(agent) == [CORDON, CORDON]


def test_a_node_that_comes_back_before_the_answer_is_not_cordoned(agent: Harness) -> None:
    """The approval finds another state: 412, nothing is written."""
    incident_id = silent(agent)
    waiting = pending(agent)
    assert (
        waiting["shown"]["incident"][0].partition(", since ")[0] == "KubeNodeNotReady"
    )  # it is in no namespace
    agent.sandbox.start_node("node-2")
    agent.advance(30)
    answer = agent.client.post(f"/approve/{waiting['id']}", json={})
    assert answer.status_code == 412, answer.get_data(as_text=True)
    agent.drive()
    assert agent.incident(incident_id).status == "notified"
    assert (schedulable(agent), writes(agent)) == (True, [])


def test_while_another_node_is_away_nothing_is_proposed(agent: Harness) -> None:
    """Two at once are no single node's failure."""
    agent.sandbox.stop_node("node-3")
    incident_id = silent(agent)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert any("other_node_ill" in line for line in decision(agent, incident_id)["blocked_by"])


def test_while_another_node_is_cordoned_nothing_is_proposed(agent: Harness) -> None:
    """Somebody is at work there."""
    node_patch(agent, "node-1", {"spec": {"unschedulable": True}})
    incident_id = silent(agent)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")


def test_a_node_of_the_control_plane_is_never_proposed(agent: Harness) -> None:
    """Explained only."""
    node_patch(agent, "node-2", {"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}})
    incident_id = silent(agent)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert any("control_plane_node" in line for line in decision(agent, incident_id)["blocked_by"])


def test_the_last_node_is_never_proposed(agent: Harness) -> None:
    """Of the three, two are of the control plane."""
    for name in ("node-1", "node-3"):
        node_patch(agent, name, {"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}})
    incident_id = silent(agent)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert any("last_node" in line for line in decision(agent, incident_id)["blocked_by"])


def test_a_node_that_is_well_again_needs_nothing(agent: Harness) -> None:
    """The alert was late."""
    incident_id = fire(agent, "KubeNodeNotReady", node="node-2")
    assert told(agent, incident_id)[:3] == ("recovered_by_itself", "notify", "notified")


def test_limited_to_a_namespace_nodes_are_explained(tmp_path: Path) -> None:
    """TARGET_NAMESPACE: a node is in none."""
    with harness(tmp_path, MODE="auto", TARGET_NAMESPACE="shop") as agent:
        incident_id = silent(agent)
        assert told(agent, incident_id)[1:3] == ("notify", "notified")


def test_somebody_who_uncordons_it_meanwhile_is_not_contradicted(agent: Harness) -> None:
    """SUPERSEDED: not cordoned again."""
    incident_id = silent(agent)
    approve(agent)
    node_patch(agent, "node-2", {"spec": {"unschedulable": None}})
    agent.advance(120)
    assert told(agent, incident_id)[2:] == ("escalated", "SUPERSEDED")
    assert (schedulable(agent), writes(agent)) == (True, [CORDON])
