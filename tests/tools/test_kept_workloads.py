"""Which workload says no to a pod that would go: found upwards, read once, and never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, deployment
from tools.cluster import KubernetesCluster
from tools.draining import plan, whole_plan
from tools.errors import Forbidden
from tools.kept_workloads import Owners, marked, unread
from tools.records import NodePod
from tools.sandbox import Sandbox


def pod(**owner: str) -> NodePod:
    """One that would go."""
    return NodePod(namespace=NAMESPACE, name="web-1", uid="u", fate="goes", **owner)


@pytest.fixture
def kept(sandbox: Sandbox) -> Sandbox:
    """Two Deployments over three nodes, one of whose owners says no."""
    made = deployment()
    made["metadata"]["annotations"] = {"sre-agent/disable": "true"}
    sandbox.apply([made, deployment("api")])
    sandbox.settle(60)
    return sandbox


def test_only_pods_of_the_workload_that_says_no_are_marked(kept: Sandbox, cluster: KubernetesCluster) -> None:
    """By what stands at the top; each object is read once, however many pods it has."""
    pods = [p for n in (1, 2, 3) for p in plan(cluster, f"node-{n}").of("goes")]
    before = len(kept.requests)
    found = marked(cluster, pods)
    assert {p.disabled_by for p in found if p.name.startswith("web-")} == {f"Deployment {NAMESPACE}/web"}
    assert {p.disabled_by for p in found if p.name.startswith("api-")} == {""}
    assert len(kept.requests) - before == 4


def test_what_its_replicaset_has_kept_does_not_count(kept: Sandbox, cluster: KubernetesCluster) -> None:
    """The owner of the Deployment has taken it back; copies of it stay behind."""
    made = deployment()
    kept.apply(made)
    kept.settle(10)
    assert whole_plan(cluster, "node-1").forbids == ""


class Denied:
    """Reads nothing."""

    def get(self, *_: Any) -> Any:
        raise Forbidden("replicasets is forbidden")


def test_a_controller_that_cannot_be_read_is_no_yes() -> None:
    """Whoever asks is told that nobody knows."""
    owner = {"owner_kind": "ReplicaSet", "owner_name": "web-5d9c", "owner_api": "apps/v1"}
    denied: Any = Denied()
    with pytest.raises(Forbidden):
        Owners(denied).disabled_by(pod(**owner))


@pytest.mark.parametrize(
    ("api", "kind", "told"),
    [
        ("apps/v1", "ReplicaSet", ""),
        ("argoproj.io/v1alpha1", "Rollout", f"Rollout {NAMESPACE}/web"),
        ("apps.kruise.io/v1alpha1", "StatefulSet", f"StatefulSet {NAMESPACE}/web"),
        ("", "", ""),
    ],
)
def test_a_controller_of_another_kind_is_named(api: str, kind: str, told: str) -> None:
    """By its group too: a StatefulSet of another group is not ours to read."""
    assert unread(pod(owner_kind=kind, owner_name="web", owner_api=api)) == told
