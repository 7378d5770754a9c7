"""A node that is not Ready is cordoned at most, by a person's word; our own cordon is taken back in the same way."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from graph.playbooks import node_cordoned, node_not_ready
from tests.graph.evidence_builders import ago, alert, evidence, item
from tests.graph.guard_scenarios import NODE, node
from tools.records import Alert, Evidence, EvidenceItem, Fate, NodeFacts, NodePod

ITEMS = (item("workload"), item("events", number=2), item("nodes", number=3), item("node_pods", number=4))


def seen(ill: NodeFacts, *others: NodeFacts, **more: Any) -> Evidence:
    """A node among others, and nothing of a workload."""
    around = others or (node("node-1"), node("node-3"))
    return evidence(**{"node": ill, "nodes": (ill, *around), "workload": None, "items": ITEMS, **more})


def away(**more: Any) -> NodeFacts:
    """Silent for twenty minutes."""
    told = {"ready": "Unknown", "ready_changed_at": ago(1200), "reason": "NodeStatusUnknown no word"}
    return node("node-2", **{**told, **more})


def actions(found: Evidence, *alerts: Alert) -> tuple[str, list[str]]:
    """Problem class and what is proposed."""
    finding, proposals = diagnose(found, NODE, alerts)
    return finding.problem, [proposal.call.name for proposal in proposals]


def test_a_node_that_is_not_ready_may_be_cordoned() -> None:
    """High risk, on the node by its uid; told with its reason, its pods and its neighbours."""
    found = seen(away())
    finding, (proposal,) = diagnose(found, NODE)
    assert (finding.problem, finding.directness) == ("node_not_ready", 1.0)
    assert 'has been silent since 11:40:00 UTC (20 min ago): "NodeStatusUnknown' in finding.summary
    assert finding.ruled_out == ("a wider outage: all 2 other nodes take pods",)
    assert "node_pods: found" in finding.facts
    assert "never force-delete" in finding.next_step
    assert (proposal.call.name, proposal.risk, proposal.target) == ("cordon_node", "high", NODE)
    assert proposal.call.args == {"namespace": "", "name": "node-2", "uid": "uid-node-2"}
    assert proposal.workload_digest == ""


@pytest.mark.parametrize(
    ("ill", "proposed"),
    [
        pytest.param(away(ready="False"), ["cordon_node"], id="its kubelet says no"),
        pytest.param(away(schedulable=False), [], id="cordoned by somebody"),
        pytest.param(away(schedulable=False, cordoned_by="k1"), [], id="cordoned by this agent"),
        pytest.param(away(ready_changed_at=ago(59)), [], id="for less than a minute"),
        pytest.param(away(ready_changed_at=None), [], id="nobody knows since when"),
        pytest.param(away(control_plane=True), ["cordon_node"], id="policy says no to the control plane"),
    ],
)
def test_what_is_proposed_for_a_node_that_is_not_ready(ill: NodeFacts, proposed: list[str]) -> None:
    """Never more than a cordon, and not twice."""
    assert actions(seen(ill)) == ("node_not_ready", proposed)


def test_other_nodes_that_are_ill_are_named() -> None:
    """Then it is no single node's failure, and policy refuses."""
    finding, _ = diagnose(seen(away(), node("node-1", ready="False"), node("node-3")), NODE)
    assert "1 of 2 other nodes take no pods: node-1 (not Ready)" in finding.facts
    assert finding.ruled_out == ()


@pytest.mark.parametrize("name", ["KubeNodeNotReady", "KubeNodeUnreachable", "NodeNotReady"])
def test_a_node_that_is_ready_again_recovered_by_itself(name: str) -> None:
    """Of an alert about readiness."""
    assert actions(seen(node("node-2")), alert(name)) == ("recovered_by_itself", [])


@pytest.mark.parametrize(
    ("well", "name", "problem"),
    [
        pytest.param(node("node-2"), "KernelWarns", "unknown", id="the alert is about something else"),
        pytest.param(node("node-2"), "KubeNodePressure", "node_pressure", id="its pressure is over"),
        pytest.param(
            node("node-2", pressures=("DiskPressure",)),
            "KubeNodeNotReady",
            "node_pressure",
            id="it is under pressure",
        ),
        pytest.param(
            node("node-2", schedulable=False),
            "KubeNodeNotReady",
            "node_in_maintenance",
            id="somebody cordoned it",
        ),
        pytest.param(node("node-2"), "KubeNodeReadinessFlapping", "node_flapping", id="it comes and goes"),
    ],
)
def test_a_ready_node_is_not_always_well(well: NodeFacts, name: str, problem: str) -> None:
    """Nothing is done then."""
    assert actions(seen(well), alert(name)) == (problem, [])


OURS = {"schedulable": False, "cordoned_by": "k1", "ready_changed_at": ago(600)}


def test_our_own_cordon_may_be_taken_back() -> None:
    """After ten minutes of being well."""
    found = seen(node("node-2", **OURS))
    finding, (proposal,) = diagnose(found, NODE)
    assert finding.problem == "node_cordoned"
    assert (proposal.call.name, proposal.risk) == ("uncordon_node", "high")


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"cordoned_by": ""}, id="somebody else's cordon"),
        pytest.param({"schedulable": True}, id="not cordoned"),
        pytest.param({"ready_changed_at": ago(599)}, id="well for shorter"),
        pytest.param({"ready_changed_at": None}, id="nobody knows since when"),
        pytest.param({"pressures": ("MemoryPressure",)}, id="under pressure"),
        pytest.param({"ready": "False"}, id="not ready"),
    ],
)
def test_what_is_not_uncordoned(more: dict[str, Any]) -> None:
    """Theirs, or not to be trusted yet."""
    assert node_cordoned.proves(seen(node("node-2", **{**OURS, **more}))) is None


def test_a_workload_is_no_node() -> None:
    """Nodes under its pods do not make it one."""
    found = evidence(nodes=(node("node-1", ready="False"),))
    assert node_not_ready.proves(found) is None
    assert node_cordoned.proves(found) is None


def test_a_summary_of_the_pods_on_it_is_a_fact() -> None:
    """What the outage costs."""
    on_it = EvidenceItem(
        id="e4", kind="node_pods", status="found", query="GET", summary="9 pods on the node, 0 ready"
    )
    finding, _ = diagnose(seen(away(), items=(*ITEMS[:3], on_it)), NODE)
    assert "9 pods on the node, 0 ready" in finding.facts


@pytest.mark.parametrize(
    ("away_for", "fate", "words"),
    [
        (120, "goes", "1 pod on it: shop/web; Kubernetes evicts it at about 12:03:00 UTC"),
        (1200, "goes", "not evicted though 300 s are over"),
        (1200, "leaves", "evicted already, and Terminating until it answers or is deleted: shop/web"),
        (1200, "stays", "never evicted: 1 pod that DaemonSets or the node itself keep there"),
    ],
)
def test_what_becomes_of_its_pods_is_told_in_the_tense_of_the_time(
    away_for: float, fate: Fate, words: str
) -> None:
    """Evictions are to come within five minutes, and over after them."""
    owner = {"owner_kind": "ReplicaSet", "owner_name": "web-7d4"}
    held = NodePod(namespace="shop", name="web-7d4-1", uid="p", fate=fate, **owner)
    finding, _ = diagnose(seen(away(ready_changed_at=ago(away_for)), node_pods=(held,)), NODE)
    assert any(words in fact for fact in finding.facts)


def test_the_only_node_of_the_control_plane_is_told_as_that() -> None:
    """Then the cluster itself may be gone."""
    finding, _ = diagnose(seen(away(control_plane=True)), NODE)
    assert "the only node that is labelled control plane" in finding.summary
    among, _ = diagnose(seen(away(control_plane=True), node("node-1", control_plane=True)), NODE)
    assert "one of 2 nodes of the control plane" in among.summary


def test_what_a_cordon_would_add_is_told() -> None:
    """New pods are kept off already."""
    finding, _ = diagnose(seen(away()), NODE)
    assert any("keep new pods off already" in fact for fact in finding.facts)
