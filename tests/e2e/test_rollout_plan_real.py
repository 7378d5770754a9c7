"""What rules about rollouts rest on, on the real controllers: a full quota hangs one that begins with a new pod."""

from __future__ import annotations

import pytest

from graph.guarding import creation_refused
from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload
from tests.tools.shop import Remembered
from tools.clock import SystemClock
from tools.cluster import KubernetesCluster
from tools.evidence import collect
from tools.records import Target
from tools.rollout_plan import rollout_plan

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(300)
def test_a_full_quota_hangs_a_rollout_that_begins_with_a_new_pod(
    plane: ControlPlane, namespace: str, web: Workload
) -> None:
    """Three pods, one more at first and none missing: no new pod is let in, and the controller says why."""
    quota = {"metadata": {"name": "all"}, "spec": {"hard": {"pods": "3"}}}
    plane.api.post(f"/api/v1/namespaces/{namespace}/resourcequotas", quota)
    web.create(replicas=3)
    web.wait_until_healthy(120)
    plan = rollout_plan(web.read())
    assert (plan.surge, plan.may_be_missing) == (1, 0)

    web.release("shop/web:2")
    cluster = KubernetesCluster.connect(str(plane.admin_kubeconfig))
    uid = web.read()["metadata"]["uid"]
    target = Target(kind="Deployment", namespace=namespace, name="web", uid=uid)
    said: list[str] = []

    def is_refused() -> bool:
        evidence = collect(cluster, target, revisions=Remembered(), clock=SystemClock())
        said.append(creation_refused(evidence, SystemClock().now()))
        return bool(said[-1])

    plane.eventually(is_refused, 120, "a refused pod")
    assert "exceeded quota: all" in said[-1]
    status = web.read()["status"]
    assert (status.get("updatedReplicas", 0), status["readyReplicas"]) == (0, 3)
