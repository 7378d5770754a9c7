"""Cordon and uncordon: our own mark, and what is never touched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.shop import START, deployment
from tools.actions.cordon_node import ACTION as CORDON
from tools.actions.cordon_node import CordonNode
from tools.actions.uncordon_node import ACTION as UNCORDON
from tools.actions.uncordon_node import UncordonNode
from tools.cluster import KubernetesCluster
from tools.errors import Refused
from tools.records import Receipt
from tools.resources import CORDONED_BY, NODES, STAMP
from tools.sandbox import Sandbox


class Nodes:
    """Node `node-1` and what is done to it."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster) -> None:
        self.sandbox, self.cluster = sandbox, cluster
        self.named = {"name": "node-1", "uid": self.live()["metadata"]["uid"]}

    def live(self) -> dict[str, Any]:
        return self.cluster.get(NODES, "", "node-1")

    def annotations(self) -> dict[str, str]:
        return dict(self.live()["metadata"].get("annotations") or {})

    def patch(self, **metadata_or_spec: Any) -> None:
        """Somebody else changes it."""
        self.cluster.patch(NODES, "", "node-1", metadata_or_spec, patch_type="merge")

    def cordon(self, key: str = "k1") -> Receipt:
        return CORDON.execute(self.cluster, CordonNode(**self.named), key=key, at=START, dry_run=False)

    def uncordon(self, key: str = "k2") -> Receipt:
        return UNCORDON.execute(self.cluster, UncordonNode(**self.named), key=key, at=START, dry_run=False)


@pytest.fixture
def nodes(sandbox: Sandbox, cluster: KubernetesCluster) -> Nodes:
    """Three nodes, all well."""
    return Nodes(sandbox, cluster)


def test_a_cordon_leaves_our_mark_beside_other_annotations(nodes: Nodes) -> None:
    """Whether the node has annotations already or not."""
    nodes.patch(metadata={"annotations": {"example.org/rack": "b7"}})
    nodes.cordon()
    marks = {"example.org/rack": "b7", STAMP: "k1", CORDONED_BY: "k1"}
    assert (nodes.live()["spec"]["unschedulable"], nodes.annotations()) == (True, marks)
    nodes.uncordon()
    assert ("unschedulable" in nodes.live()["spec"], nodes.annotations()) == (
        False,
        {"example.org/rack": "b7", STAMP: "k2"},
    )


def test_somebody_elses_cordon_is_not_taken_back(nodes: Nodes) -> None:
    """Theirs, also when our mark of long ago is gone: Refused, nothing changed."""
    nodes.patch(spec={"unschedulable": True})
    with pytest.raises(Refused, match="cordoned by somebody else"):
        nodes.uncordon()
    assert nodes.live()["spec"]["unschedulable"] is True


def test_a_node_of_the_control_plane_is_not_cordoned(nodes: Nodes) -> None:
    """Not even when somebody approved it."""
    nodes.patch(metadata={"labels": {"node-role.kubernetes.io/control-plane": ""}})
    with pytest.raises(Refused, match="control plane"):
        nodes.cordon()
    assert not CORDON.preview(nodes.cluster, CordonNode(**nodes.named)).accepted
    assert "unschedulable" not in nodes.live()["spec"]


def test_a_cordon_keeps_new_pods_off_and_moves_none(nodes: Nodes, sandbox: Sandbox) -> None:
    """What runs there goes on; what is made afterwards runs elsewhere."""
    sandbox.apply(deployment("before"))
    sandbox.settle(30)
    nodes.cordon()
    sandbox.apply(deployment("after", replicas=4))
    sandbox.settle(30)
    placed = {
        name: {p["spec"]["nodeName"] for p in sandbox.pods("shop", name)} for name in ("before", "after")
    }
    assert placed == {"before": {"node-1", "node-2", "node-3"}, "after": {"node-2", "node-3"}}


def test_a_look_says_whether_the_node_is_ready_and_takes_pods(nodes: Nodes, sandbox: Sandbox) -> None:
    """Silent for 40 s: not ready."""
    receipt = nodes.cordon()
    look = CORDON.observe(nodes.cluster, CordonNode(**nodes.named), receipt, START)
    assert (look.node_ready, look.schedulable, look.stamp) == (True, False, "k1")
    sandbox.stop_node("node-1")
    sandbox.settle(60)
    look = CORDON.observe(nodes.cluster, CordonNode(**nodes.named), receipt, START)
    assert look.node_ready is False
