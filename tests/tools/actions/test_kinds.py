"""What actions refuse on StatefulSets and DaemonSets, and that calls of before are still what they were."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, deployment, of_kind
from tools.actions import parse_call
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.errors import Conflict, Refused, TransientError
from tools.records import ActionCall, Receipt
from tools.resources import DAEMONSETS, PODS, STATEFULSETS
from tools.sandbox import Sandbox
from tools.templates import template_digest
from tools.workload_revisions import mark_of, resource_of_kind, template_of

PARTED = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}


class Shop:
    """The workload `web` of one kind, and actions on it."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock) -> None:
        self.sandbox, self.cluster, self.clock = sandbox, cluster, clock

    def release(self, kind: str, image: str = "registry.example/web:1", fault: str = "", **spec: Any) -> None:
        self.sandbox.apply(of_kind(kind, deployment(image=image, fault=fault, **spec)))
        self.sandbox.settle(60)

    def uid(self, kind: str) -> str:
        found = self.cluster.get(resource_of_kind(kind), NAMESPACE, "web")
        return str(found["metadata"]["uid"])

    def restart(self, kind: str) -> Receipt:
        found = self.cluster.get(resource_of_kind(kind), NAMESPACE, "web")
        return self.execute(
            "restart_deployment",
            kind=kind,
            name="web",
            uid=self.uid(kind),
            from_digest=template_digest(template_of(found)),
            restarted_at="2026-01-05T12:34:56Z",
        )

    def evict(self, pod: str, **more: Any) -> Receipt:
        found = self.cluster.get(PODS, NAMESPACE, pod)
        args: dict[str, Any] = {
            "kind": "StatefulSet",
            "name": pod,
            "uid": found["metadata"]["uid"],
            "workload": "web",
            "workload_uid": self.uid("StatefulSet"),
            "left_revision": mark_of(found),
        }
        return self.execute("delete_pod", **{**args, **more})

    def execute(self, called: str, **args: Any) -> Receipt:
        action, parsed = parse_call(ActionCall(name=called, args={"namespace": NAMESPACE, **args}))
        receipt: Receipt = action.execute(self.cluster, parsed, key="k", at=self.clock.now(), dry_run=False)
        return receipt


@pytest.fixture
def shop(sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock) -> Shop:
    return Shop(sandbox, cluster, clock)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_what_is_replaced_by_hand_is_not_rewritten(shop: Shop, kind: str) -> None:
    """OnDelete: the write would be accepted and would do nothing."""
    shop.release(kind, updateStrategy={"type": "OnDelete"})
    with pytest.raises(Refused, match="OnDelete"):
        shop.restart(kind)


def test_a_partition_is_named_and_not_restarted_in_part(shop: Shop) -> None:
    """Only web-1 and web-2 would go."""
    shop.release("StatefulSet", updateStrategy=PARTED)
    with pytest.raises(Refused, match="has partition 1: only the ordinals from it on"):
        shop.restart("StatefulSet")


@pytest.mark.parametrize(
    ("kind", "wanted", "why"),
    [("StatefulSet", 2, "never scaled down"), ("DaemonSet", 4, "cannot be scaled")],
)
def test_numbers_that_are_nobodys(kind: str, wanted: int, why: str) -> None:
    """Refused as arguments: there is no way to send it."""
    args = {"namespace": NAMESPACE, "name": "web", "uid": "u", "from_replicas": 3, "replicas": wanted}
    with pytest.raises(Refused, match=why):
        parse_call(ActionCall(name="scale_deployment", args={**args, "kind": kind}))


@pytest.mark.parametrize("kind", ["ReplicaSet", "statefulset", ""])
def test_other_kinds_are_no_argument(kind: str) -> None:
    """The three that have revisions, by their names."""
    args = {"namespace": NAMESPACE, "name": "web", "uid": "u", "from_replicas": 3, "replicas": 4}
    with pytest.raises(Refused, match="kind"):
        parse_call(ActionCall(name="scale_deployment", args={**args, "kind": kind}))


def test_a_stored_call_without_a_kind_is_about_a_deployment() -> None:
    """Ledger and approvals hold such calls."""
    args = {"namespace": NAMESPACE, "name": "web", "uid": "u", "from_replicas": 3, "replicas": 4}
    _, parsed = parse_call(ActionCall(name="scale_deployment", args=args))
    assert parsed.target().kind == "Deployment"


def test_a_pod_that_holds_a_rollback_up_goes_only_once_its_revision_is_left(shop: Shop) -> None:
    """Sooner it might be made again of that very revision."""
    shop.release("StatefulSet")
    shop.release("StatefulSet", "registry.example/web:2", "notready")
    with pytest.raises(TransientError, match="has not left revision"):
        shop.evict("web-2")
    shop.sandbox.pause_controllers()
    shop.sandbox.apply(of_kind("StatefulSet", deployment()))
    with pytest.raises(TransientError, match="has not left revision"):
        shop.evict("web-2")
    shop.sandbox.resume_controllers()
    assert shop.evict("web-2").outcome == "done"
    shop.sandbox.settle(60)
    ready = [p["metadata"]["name"] for p in shop.sandbox.pods(NAMESPACE, "web")]
    assert sorted(ready) == ["web-0", "web-1", "web-2"]
    status = shop.cluster.get(STATEFULSETS, NAMESPACE, "web")["status"]
    assert (status["readyReplicas"], status["updatedReplicas"]) == (3, 3)


def test_it_stays_while_a_pod_of_the_present_revision_is_not_ready(shop: Shop) -> None:
    """One thing at a time: the rollback itself may not help."""
    shop.release("StatefulSet")
    shop.release("StatefulSet", "registry.example/web:2", "notready")
    shop.release("StatefulSet")
    ill = {"metadata": {"labels": {"sim/fault": "notready"}}}
    shop.cluster.patch(PODS, NAMESPACE, "web-0", ill, patch_type="merge")
    shop.sandbox.settle(10)
    with pytest.raises(TransientError, match="not ready yet"):
        shop.evict("web-2")


def test_only_the_pod_that_was_named_goes(shop: Shop) -> None:
    """Not one that is ready, nor one of another revision."""
    shop.release("StatefulSet")
    with pytest.raises(Conflict, match="it is ready"):
        shop.evict("web-2")
    shop.release("StatefulSet", "registry.example/web:2", "notready")
    shop.release("StatefulSet")
    with pytest.raises(Refused, match="is no pod of revision web-other"):
        shop.evict("web-2", left_revision="web-other")


def test_a_left_revision_is_of_a_stateful_set() -> None:
    """The others need no second step."""
    args = {"namespace": "n", "name": "p", "uid": "u", "workload": "w", "workload_uid": "v"}
    for kind in ("Deployment", "DaemonSet"):
        with pytest.raises(Refused, match="only a StatefulSet"):
            parse_call(ActionCall(name="delete_pod", args={**args, "kind": kind, "left_revision": "r"}))


def test_a_daemon_sets_preview_says_what_keeps_serving(shop: Shop) -> None:
    """Node after node, in the numbers that its status has."""
    shop.release("DaemonSet")
    found = shop.cluster.get(DAEMONSETS, NAMESPACE, "web")
    args = {
        "namespace": NAMESPACE,
        "name": "web",
        "uid": found["metadata"]["uid"],
        "from_digest": template_digest(template_of(found)),
        "restarted_at": "2026-01-05T12:34:56Z",
        "kind": "DaemonSet",
    }
    action, parsed = parse_call(ActionCall(name="restart_deployment", args=args))
    shown = action.preview(shop.cluster, parsed)
    assert shown.stays_ready == "3 of 3 pods are ready now; node after node, at most 1 unavailable at a time"
    assert len(shown.pods_replaced) == 3
