"""The agent knows itself: its pod, its workload and the node that it runs on are never written to."""

from __future__ import annotations

from pathlib import Path

from tests.tools.shop import NAMESPACE, connect, deployment, grant
from tools.cluster import KubernetesCluster
from tools.own_workload import own_uids
from tools.rbac import rules_for
from tools.sandbox import Sandbox


def test_pod_workload_and_node(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """By uid, whatever their names."""
    sandbox.apply(deployment("agent", replicas=1))
    sandbox.settle(30)
    (pod,) = sandbox.pods(NAMESPACE, "agent")
    above = sandbox.get("Deployment", NAMESPACE, "agent")
    below = sandbox.get("Node", "", pod["spec"]["nodeName"])
    assert above
    assert below
    wanted = {item["metadata"]["uid"] for item in (pod, above, below)}
    assert set(own_uids(cluster, NAMESPACE, pod["metadata"]["name"])) == wanted


def test_a_node_that_may_not_be_read_is_left_out(sandbox: Sandbox, tmp_path: Path) -> None:
    """It cannot be written to either."""
    sandbox.apply(deployment("agent", replicas=1))
    sandbox.settle(30)
    (pod,) = sandbox.pods(NAMESPACE, "agent")
    rules = [rule for rule in rules_for().reader if rule.resource != "nodes"]
    narrow = connect(sandbox, tmp_path, grant(sandbox, "narrow", rules))
    assert len(own_uids(narrow, NAMESPACE, pod["metadata"]["name"])) == 2
