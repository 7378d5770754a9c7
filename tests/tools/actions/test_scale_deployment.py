"""Scaling: its bounds, its condition, and how it is known without a stamp whether it was done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.proxy import Fault, FaultProxy, drop, hold, refuse
from tests.tools.shop import NAMESPACE, START, connect, deployment
from tools.actions import parse_call
from tools.actions.scale_deployment import ACTION, ScaleDeployment
from tools.cluster import KubernetesCluster
from tools.errors import Conflict, Refused
from tools.objects import desired, uid
from tools.records import ActionCall, Receipt
from tools.resources import DEPLOYMENTS
from tools.sandbox import Sandbox


class Scene:
    """A healthy Deployment of three, seen through a proxy, and a fourth replica that was proposed."""

    def __init__(self, sandbox: Sandbox, proxy: FaultProxy, folder: Path) -> None:
        self.sandbox, self.proxy = sandbox, proxy
        self.admin = connect(sandbox, folder)
        config = sandbox.kubeconfig(folder / "config")
        config.write_text(config.read_text().replace(sandbox.url, proxy.url))
        self.cluster = KubernetesCluster.connect(str(config), timeout=(3, 0.5), sleep=lambda _seconds: None)
        self.args = ScaleDeployment(
            namespace=NAMESPACE, name="web", uid=uid(self.live()), from_replicas=3, replicas=4
        )

    def live(self) -> dict[str, Any]:
        found = self.sandbox.get("Deployment", NAMESPACE, "web")
        assert found
        return found

    def execute(self) -> Receipt:
        return ACTION.execute(self.cluster, self.args, key="k1", at=START, dry_run=False)

    def somebody_scales(self, replicas: int) -> None:
        """Somebody else does."""
        self.sandbox.apply(deployment(replicas=replicas))


@pytest.fixture
def scene(sandbox: Sandbox, tmp_path: Path) -> Iterator[Scene]:
    """Three healthy pods."""
    made = deployment()
    (container,) = made["spec"]["template"]["spec"]["containers"]
    container["resources"] = {"limits": {"cpu": "500m"}}
    sandbox.apply(made)
    sandbox.settle(60)
    with FaultProxy(sandbox.url) as proxy:
        yield Scene(sandbox, proxy, tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [(0, 1), (1, 0), (3, 0), (3, 3), (2, 4), (4, 7), (10, 16), (7, 4), (-1, 1), (1, 3)],
)
def test_what_is_not_one_step_of_at_most_a_half_is_refused(before: int, after: int) -> None:
    """Nothing to or from zero, nothing in leaps: not by a model, not by a person's edit."""
    args = {"namespace": "shop", "name": "web", "uid": "u", "from_replicas": before, "replicas": after}
    with pytest.raises(Refused, match="refused"):
        parse_call(ActionCall(name="scale_deployment", args=args))


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 3), (3, 5), (4, 6), (10, 15), (15, 10), (2, 1)])
def test_one_step_and_its_inverse_are_accepted(before: int, after: int) -> None:
    """At least one replica, at most a half, rounded up; and the way back."""
    args = {"namespace": "shop", "name": "web", "uid": "u", "from_replicas": before, "replicas": after}
    action, parsed = parse_call(ActionCall(name="scale_deployment", args=args))
    assert (action.name, parsed.replicas) == ("scale_deployment", after)


def test_only_the_scale_subresource_is_written(scene: Scene) -> None:
    """With the uid and the version that were read, so that no right on the Deployment itself is needed."""
    scene.execute()
    (written,) = [r for r in scene.sandbox.requests if r.writes]
    assert written.path == f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/web/scale"
    assert written.body["metadata"]["uid"] == scene.args.uid
    assert written.body["metadata"]["resourceVersion"]
    assert written.query["fieldManager"] == "sre-agent"


@pytest.mark.parametrize("fault", [drop(after_commit=True), hold()])
def test_a_scale_without_an_answer_is_found_by_its_effect(scene: Scene, fault: Fault) -> None:
    """The number is there and the server says that we set it."""
    scene.proxy.spoil(fault, method="PATCH")
    receipt = scene.execute()
    scene.proxy.release()
    assert (receipt.outcome, desired(scene.live())) == ("found_done", 4)
    assert receipt.generation == scene.live()["metadata"]["generation"]
    assert receipt.before is not None
    assert receipt.before.desired == 3


@pytest.mark.parametrize("fault", [drop(), refuse(500), refuse(503)])
def test_a_scale_that_may_be_on_its_way_is_unknown_and_can_be_repeated(scene: Scene, fault: Fault) -> None:
    """However often it is sent: four replicas."""
    scene.proxy.spoil(fault, method="PATCH")
    assert scene.execute().outcome == "unknown"
    assert scene.execute().outcome == "done"
    assert scene.execute().outcome == "found_done"
    assert desired(scene.live()) == 4


def test_the_same_number_set_by_somebody_else_is_not_ours(scene: Scene) -> None:
    """A conflict, and a look says that it was not done: an undo would go over their change."""
    scene.somebody_scales(4)
    assert ACTION.observe(scene.cluster, scene.args, None, START).done is False
    with pytest.raises(Conflict, match="has changed since this was proposed: it is 4 now"):
        scene.execute()


def test_a_paused_deployment_is_left_alone(scene: Scene) -> None:
    """Somebody is working on it."""
    scene.admin.patch(DEPLOYMENTS, NAMESPACE, "web", {"spec": {"paused": True}}, patch_type="merge")
    with pytest.raises(Refused, match="paused"):
        scene.execute()


def test_a_look_tells_what_each_pod_uses(scene: Scene) -> None:
    """Of its limit; unknown for a pod without a sample, and without a metrics server."""
    scene.sandbox.load(NAMESPACE, "web", cores=1.2)
    receipt = scene.execute()
    scene.sandbox.settle(10)
    shares = [pod.cpu_share for pod in ACTION.observe(scene.cluster, scene.args, receipt, START).pods]
    assert sorted(shares, key=str) == [pytest.approx(0.6)] * 3 + [None]
    scene.sandbox.settle(60)
    shares = [pod.cpu_share for pod in ACTION.observe(scene.cluster, scene.args, receipt, START).pods]
    assert shares == [pytest.approx(0.6)] * 4
    scene.proxy.spoil(refuse(503), method="GET", when=lambda r: "metrics.k8s.io" in r.path, times=10)
    look = ACTION.observe(scene.cluster, scene.args, receipt, START)
    assert (look.error, [pod.cpu_share for pod in look.pods]) == ("", [None] * 4)
