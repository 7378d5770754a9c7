"""Evicting a pod: what refuses it, what is never done instead, and what its lost answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.proxy import Fault, FaultProxy, drop, hold, refuse
from tests.tools.shop import NAMESPACE, START, connect, deployment
from tools.actions.delete_pod import ACTION, DeletePod
from tools.cluster import KubernetesCluster
from tools.errors import Conflict, Refused
from tools.objects import condition, name, uid
from tools.records import Receipt
from tools.resources import PODS
from tools.sandbox import Sandbox


def budget(name: str = "web", **spec: Any) -> dict[str, Any]:
    """A PodDisruptionBudget over the pods of `web`."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
    }


class Scene:
    """Three pods of which one is stuck, seen through a proxy."""

    def __init__(self, sandbox: Sandbox, proxy: FaultProxy, folder: Path) -> None:
        self.sandbox, self.proxy = sandbox, proxy
        self.admin = connect(sandbox, folder)
        config = sandbox.kubeconfig(folder / "config")
        config.write_text(config.read_text().replace(sandbox.url, proxy.url))
        self.cluster = KubernetesCluster.connect(str(config), timeout=(3, 0.5), sleep=lambda _seconds: None)
        self.stuck = self.pods()[0]
        self.fault(self.stuck)
        workload = sandbox.get("Deployment", NAMESPACE, "web")
        assert workload
        self.args = DeletePod(
            namespace=NAMESPACE,
            name=name(self.stuck),
            uid=uid(self.stuck),
            workload="web",
            workload_uid=uid(workload),
        )

    def fault(self, pod: dict[str, Any]) -> None:
        """This pod is not ready from now on."""
        body = {"metadata": {"labels": {"sim/fault": "notready"}}}
        self.admin.patch(PODS, NAMESPACE, name(pod), body, patch_type="merge")
        self.sandbox.settle(30)

    def pods(self) -> list[dict[str, Any]]:
        return sorted(self.sandbox.list("Pod", NAMESPACE), key=name)

    def execute(self, *, dry_run: bool = False, args: DeletePod | None = None) -> Receipt:
        return ACTION.execute(self.cluster, args or self.args, key="k1", at=START, dry_run=dry_run)

    def deletions(self) -> list[str]:
        """Every request that takes a pod away, by its path."""
        return [
            r.path
            for r in self.sandbox.requests
            if r.writes and ("eviction" in r.path or r.method == "DELETE")
        ]


@pytest.fixture
def scene(sandbox: Sandbox, tmp_path: Path) -> Iterator[Scene]:
    """One stuck pod of three."""
    sandbox.apply(deployment())
    sandbox.settle(400)
    with FaultProxy(sandbox.url) as proxy:
        yield Scene(sandbox, proxy, tmp_path)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("budgets", "why"),
    [
        pytest.param(
            [budget(minAvailable=3)], "needs 3 healthy pods and has 2 currently", id="one that says no"
        ),
        pytest.param([budget("a", minAvailable=1), budget("b", minAvailable=1)], "more than one", id="two"),
    ],
)
def test_a_budget_that_says_no_is_obeyed(
    scene: Scene, budgets: list[dict[str, Any]], why: str, dry_run: bool
) -> None:
    """Refused with the server's words, in the preview too; the pod is not deleted past it."""
    scene.sandbox.apply(budgets)
    scene.sandbox.settle(5)
    with pytest.raises(Refused, match="PodDisruptionBudget says no") as refused:
        scene.execute(dry_run=dry_run)
    assert why in str(refused.value)
    shown = ACTION.preview(scene.cluster, scene.args)
    assert (shown.accepted, shown.diff) == (False, "")
    assert why in shown.dry_run
    assert scene.deletions() == []


def test_a_budget_that_is_met_lets_the_stuck_pod_go(scene: Scene) -> None:
    """It was not among the healthy ones."""
    scene.sandbox.apply(budget(minAvailable=2))
    scene.sandbox.settle(5)
    assert scene.execute().outcome == "done"
    assert scene.deletions() == [f"/api/v1/namespaces/{NAMESPACE}/pods/{scene.args.name}/eviction"]


def test_the_last_pod_that_might_serve_is_not_evicted(scene: Scene) -> None:
    """No other pod is ready: a person decides."""
    for pod in scene.pods():
        scene.fault(pod)
    with pytest.raises(Refused, match="No other pod"):
        scene.execute()
    assert scene.deletions() == []


def test_a_pod_of_somebody_else_is_not_evicted(scene: Scene) -> None:
    """The arguments name a Deployment that does not own it."""
    scene.sandbox.apply(deployment("other", replicas=2))
    scene.sandbox.settle(30)
    other = scene.sandbox.get("Deployment", NAMESPACE, "other")
    assert other
    args = scene.args.model_copy(update={"workload": "other", "workload_uid": uid(other)})
    with pytest.raises(Refused, match="no pod of the present revision"):
        scene.execute(args=args)
    wrong = scene.args.model_copy(update={"workload_uid": "11111111-2222-3333-4444-555555555555"})
    with pytest.raises(Conflict, match="another object"):
        scene.execute(args=wrong)
    assert scene.deletions() == []


def test_the_body_binds_the_eviction_to_the_uid_and_forces_nothing(scene: Scene) -> None:
    """Preconditions, and no grace period of our own."""
    scene.execute()
    (body,) = [r.body for r in scene.sandbox.requests if r.path.endswith("/eviction") and r.writes]
    assert body["deleteOptions"] == {"preconditions": {"uid": scene.args.uid}}


@pytest.mark.parametrize("fault", [drop(after_commit=True), hold()])
def test_an_eviction_without_an_answer_is_found_by_its_effect(scene: Scene, fault: Fault) -> None:
    """The pod is going: the receipt says that it was done, and nothing is sent again."""
    scene.proxy.spoil(fault, method="POST")
    receipt = scene.execute()
    scene.proxy.release()
    assert receipt.outcome == "found_done"
    assert receipt.before is not None
    assert scene.execute().outcome == "found_done"
    assert len(scene.deletions()) == 1


@pytest.mark.parametrize("fault", [drop(), refuse(500), refuse(503)])
def test_an_eviction_that_may_be_on_its_way_is_unknown(scene: Scene, fault: Fault) -> None:
    """Once more with the same key evicts it once."""
    scene.proxy.spoil(fault, method="POST")
    assert scene.execute().outcome == "unknown"
    assert scene.execute().outcome == "done"
    assert len(scene.deletions()) == 1


def test_a_look_tells_a_pod_that_lingers_from_one_that_is_gone(scene: Scene) -> None:
    """A finalizer holds it: done, and still there; another pod is ready meanwhile."""
    held = {"metadata": {"finalizers": ["example.org/hold"]}}
    scene.admin.patch(PODS, NAMESPACE, scene.args.name, held, patch_type="merge")
    receipt = scene.execute()
    scene.sandbox.settle(60)
    look = ACTION.observe(scene.cluster, scene.args, receipt, START)
    assert (look.done, look.lingering, look.ready) == (True, scene.args.name, 3)
    released = {"metadata": {"finalizers": None}}
    scene.admin.patch(PODS, NAMESPACE, scene.args.name, released, patch_type="merge")
    scene.sandbox.settle(5)
    look = ACTION.observe(scene.cluster, scene.args, receipt, START)
    assert (look.done, look.lingering) == (True, "")
    assert all(condition(pod, "Ready").get("status") == "True" for pod in scene.pods())
