"""`metrics.k8s.io` on the sandbox: ready pods share a load, limits bound it, without a metrics server it is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.shop import NAMESPACE, connect, deployment
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.errors import Invalid, NotFound
from tools.resources import PODS, Resource
from tools.sandbox import Sandbox

POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics")


def limited(cpu: str = "500m") -> dict[str, object]:
    """The shop's Deployment with a limit of processor time and a sidecar without any."""
    made = deployment()
    (container,) = made["spec"]["template"]["spec"]["containers"]
    container["resources"] = {"limits": {"cpu": cpu, "memory": "128Mi"}}
    made["spec"]["template"]["spec"]["containers"].append(
        {"name": "proxy", "image": "registry.example/proxy:1"}
    )
    return made


def cores(cluster: KubernetesCluster, container: str = "web") -> list[float]:
    """What that container of each pod uses."""
    found = cluster.list(POD_METRICS, NAMESPACE)
    usages = [c["usage"]["cpu"] for item in found for c in item["containers"] if c["name"] == container]
    assert all(usage.endswith("n") for usage in usages)
    return [int(usage[:-1]) / 1e9 for usage in usages]


def test_a_load_is_shared_by_the_ready_pods(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """Scaling up lowers what each of them uses; the sidecar bears none of it."""
    sandbox.apply(limited("2"))
    sandbox.load(NAMESPACE, "web", cores=3.0, memory=64 * 1024.0**2)
    sandbox.settle(60)
    assert cores(cluster) == [1.0, 1.0, 1.0]
    assert cores(cluster, "proxy") == [0.001] * 3
    item = cluster.list(POD_METRICS, NAMESPACE)[0]
    assert item["containers"][0]["usage"]["memory"] == "65536Ki"
    assert item["metadata"]["labels"]["app"] == "web"
    cluster.patch(
        Resource("apps", "v1", "deployments", "Deployment"),
        NAMESPACE,
        "web",
        {"spec": {"replicas": 6}},
        patch_type="merge",
        subresource="scale",
    )
    sandbox.settle(60)
    assert cores(cluster) == [0.5] * 6


def test_no_container_uses_more_than_its_limit(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """However much it is asked to do."""
    sandbox.apply(limited())
    sandbox.load(NAMESPACE, "web", cores=9.0)
    sandbox.settle(60)
    assert cores(cluster) == [0.5] * 3


def test_a_pod_without_a_sample_is_left_out(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """For the first seconds of its containers, and while one of them does not run."""
    sandbox.apply([deployment(), deployment("down", fault="imagepull")])
    sandbox.settle(5)
    assert cluster.list(POD_METRICS, NAMESPACE) == []
    sandbox.settle(60)
    names = {item["metadata"]["name"] for item in cluster.list(POD_METRICS, NAMESPACE)}
    assert len(names) == 3
    assert all(name.startswith("web-") for name in names)


def test_one_pod_is_read_by_its_name(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """And selected by its labels, as pods are."""
    sandbox.apply([deployment(), deployment("other", replicas=1)])
    sandbox.settle(60)
    pod = cluster.list(PODS, NAMESPACE, label_selector="app=other")[0]["metadata"]["name"]
    (item,) = cluster.list(POD_METRICS, NAMESPACE, label_selector="app=other")
    assert item["metadata"]["name"] == pod
    assert cluster.get(POD_METRICS, NAMESPACE, pod)["window"] == "15s"
    with pytest.raises(NotFound):
        cluster.get(POD_METRICS, NAMESPACE, "nobody")


def test_a_cluster_without_a_metrics_server_does_not_serve_them(tmp_path: Path, clock: ManualClock) -> None:
    """404, as on the real server."""
    with Sandbox(clock=clock, metrics=False) as bare, pytest.raises(NotFound):
        connect(bare, tmp_path).list(POD_METRICS, "default")


def test_metrics_cannot_be_written(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """They are told, not stored."""
    body = {"metadata": {"name": "web"}}
    with pytest.raises(Invalid):
        cluster.create(POD_METRICS, NAMESPACE, body)
