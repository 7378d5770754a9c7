"""What people changed is told apart on the real API server, whose managedFields name fields, times and managers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.controlplane.api import Json
from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload
from tests.e2e.releases import serve_well
from tests.tools.shop import Remembered
from tools.aftermath_changes import Change, changes_since
from tools.clock import SystemClock
from tools.cluster import KubernetesCluster
from tools.evidence import collect
from tools.records import Evidence, Target
from tools.resources import NODES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
BY = "kubectl-of-a-person"


def patch(plane: ControlPlane, path: str, body: Json) -> None:
    """As kubectl does, under a field manager of its own."""
    plane.api.patch(f"{path}?fieldManager={BY}", body, "merge")


def restart(web: Workload) -> None:
    mark = {"kubectl.kubernetes.io/restartedAt": datetime.now(UTC).isoformat(timespec="seconds")}
    patch(web.plane, web.path, {"spec": {"template": {"metadata": {"annotations": mark}}}})


def scale(web: Workload) -> None:
    """Through the subresource, as `kubectl scale` does."""
    patch(web.plane, f"{web.path}/scale", {"spec": {"replicas": 3}})


def release(web: Workload) -> None:
    containers = web.read()["spec"]["template"]["spec"]["containers"]
    (only,) = containers
    body = {"spec": {"template": {"spec": {"containers": [{**only, "image": "shop/web:9"}]}}}}
    patch(web.plane, web.path, body)


@pytest.mark.parametrize(
    ("change", "kind"), [(restart, "restarted"), (scale, "scaled_up"), (release, "template")]
)
def test_a_persons_write_is_told_apart_and_named(
    plane: ControlPlane, web: Workload, change: Callable[[Workload], None], kind: str
) -> None:
    """What the controllers write meanwhile, under the same object, is nobody's change."""
    serve_well(web)
    cluster = KubernetesCluster.connect(str(plane.admin_kubeconfig))
    target = Target(kind="Deployment", namespace=web.namespace, name="web", uid=web.read()["metadata"]["uid"])
    then = collect(cluster, target, revisions=Remembered(), clock=SystemClock())
    assert changes_since(cluster, target, then) == ()
    change(web)
    web.wait_until_healthy()
    (found,) = changes_since(cluster, target, then)
    assert (found.kind, found.by) == (kind, BY)


def test_a_cordon_is_told_with_its_author(plane: ControlPlane) -> None:
    """Whatever the node's own controllers have written since."""
    plane.add_node("aftermath")
    path = "/api/v1/nodes/aftermath"
    cluster = KubernetesCluster.connect(str(plane.admin_kubeconfig))
    target = Target(kind="Node", namespace="", name="aftermath", uid=plane.api.get(path)["metadata"]["uid"])
    then: Evidence = collect(cluster, target, revisions=Remembered(), clock=SystemClock())
    assert changes_since(cluster, target, then) == ()
    patch(plane, path, {"spec": {"unschedulable": True}})
    assert cluster.get(NODES, "", "aftermath")["spec"]["unschedulable"]
    assert changes_since(cluster, target, then) == (Change(kind="cordoned", by=BY),)
    plane.api.delete(path)
