"""From a Service or a mesh's destination to the one workload behind it, or the reason why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.shop import NAMESPACE, alert, connect, deployment, grant, of_kind, service
from tools import targets_by_service
from tools.cluster import KubernetesCluster
from tools.records import RbacRule
from tools.resources import DEPLOYMENTS, PODS, REPLICASETS, JsonObject
from tools.sandbox import Sandbox
from tools.targets import Resolution, resolve


def by_service(cluster: KubernetesCluster, name: str = "front") -> Resolution:
    """What an alert of an ingress about this Service resolves to."""
    return resolve(cluster, [alert(namespace=NAMESPACE, service=name, ingress="front")])


def labelled(name: str, app: str, *, replicas: int = 1) -> JsonObject:
    """A Deployment whose pods also carry `tier`, by which a Service may select several."""
    made = deployment(name, replicas=replicas)
    made["spec"]["template"]["metadata"]["labels"]["tier"] = app
    return made


def tier(**spec: object) -> JsonObject:
    """The Service `front` over all of `tier: shop`."""
    made = service("front", "")
    made["spec"] = {"selector": {"tier": "shop"}, "ports": [{"port": 80}], **spec}
    return made


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_one_workload_behind_a_service_is_the_target(
    sandbox: Sandbox, cluster: KubernetesCluster, kind: str
) -> None:
    """Supposed, and told how; another workload of the namespace does not matter."""
    sandbox.apply([of_kind(kind, deployment()), deployment("other"), service("front", "web")])
    sandbox.settle(30)
    found = by_service(cluster)
    assert found.target is not None
    assert (found.target.kind, found.target.name, found.target.resolved_by) == (kind, "web", "service")
    assert (found.target.supposed, found.worth_telling) == (True, True)
    assert "it is what Service front, which the alert names, selects" in found.reason


def test_several_workloads_behind_a_service_are_named(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """Which of them is ill is not guessed, though one of them has no pods."""
    sandbox.apply([labelled("blue", "shop"), labelled("green", "shop", replicas=0), tier()])
    sandbox.settle(30)
    found = by_service(cluster)
    assert found.target is None
    assert found.reason == "Service front selects several workloads: Deployment blue, Deployment green."


@pytest.mark.parametrize("made", [deployment(replicas=0), of_kind("StatefulSet", deployment(replicas=0))])
def test_a_workload_without_pods_is_found_by_its_template(
    sandbox: Sandbox, cluster: KubernetesCluster, made: JsonObject
) -> None:
    """Scaled to zero it has no pod that could lead there."""
    sandbox.apply([made, service("front", "web")])
    sandbox.settle(30)
    found = by_service(cluster)
    assert cluster.list(PODS, NAMESPACE) == []
    assert found.target is not None
    assert (found.target.kind, found.target.name) == (made["kind"], "web")


@pytest.mark.parametrize(("endpoint", "found"), [("front", True), ("http-alt", False)])
def test_endpoints_of_kube_state_metrics_lead_to_what_their_service_selects(
    sandbox: Sandbox, cluster: KubernetesCluster, endpoint: str, found: bool
) -> None:
    """A port's name that is not known as one finds no Service."""
    sandbox.apply([deployment(replicas=0), service("front", "web")])
    spoken = alert(namespace=NAMESPACE, job="kube-state-metrics", instance="10.0.0.4:8080", endpoint=endpoint)
    resolved = resolve(cluster, [spoken])
    assert (resolved.target is not None and resolved.target.name == "web") is found
    assert found or "Service http-alt does not exist" in resolved.reason


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (service("front", "nobody"), "selects no pod, and no workload's template matches"),
        (tier(selector=None), "has no selector"),
        (tier(type="ExternalName", externalName="api.example.com"), "is an ExternalName"),
        (service("back", "web"), "Service front does not exist"),
    ],
)
def test_a_service_that_leads_nowhere_says_why(
    sandbox: Sandbox, cluster: KubernetesCluster, made: JsonObject, why: str
) -> None:
    """A workload of the Service's name is not taken for it."""
    sandbox.apply([deployment("front"), made])
    found = by_service(cluster)
    assert found.target is None
    assert why in found.reason


@pytest.mark.parametrize("withheld", ["services", "pods", "deployments", "statefulsets", "daemonsets"])
def test_what_may_not_be_read_is_no_single_workload(sandbox: Sandbox, tmp_path: Path, withheld: str) -> None:
    """With one list missing, there may be another workload."""
    sandbox.apply([deployment(), service("front", "web")])
    sandbox.settle(30)
    rules = [rule for rule in targets_by_service.RULES if rule.resource != withheld]
    found = by_service(connect(sandbox, tmp_path, grant(sandbox, "narrow", rules)))
    assert found.target is None
    assert found.reason.startswith("Reading was refused: ")


def test_the_declared_rights_are_enough(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing else is read."""
    sandbox.apply([deployment(), service("front", "web")])
    sandbox.settle(30)
    rules: tuple[RbacRule, ...] = targets_by_service.RULES
    assert by_service(connect(sandbox, tmp_path, grant(sandbox, "reader", rules))).target is not None


def test_a_pod_whose_controller_was_replaced_leads_nowhere(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """Each hop is checked by uid: a broken chain beside a workload is not one workload."""
    sandbox.apply([deployment(), service("front", "web")])
    sandbox.settle(30)
    (revision,) = cluster.list(REPLICASETS, NAMESPACE)
    stray = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": revision["metadata"]["name"],
        "uid": "old",
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "stray",
            "namespace": NAMESPACE,
            "labels": {"app": "web"},
            "ownerReferences": [stray | {"controller": True}],
        },
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
    }
    sandbox.apply(pod)
    found = by_service(cluster)
    assert found.target is None
    assert "was replaced by another of that name" in found.reason


def test_a_workload_that_a_mesh_names_is_found_where_one_has_the_name(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """Without its kind, so that it is only supposed too."""
    sandbox.apply([of_kind("StatefulSet", deployment("db")), deployment()])
    found = resolve(cluster, [alert(destination_workload="db", destination_workload_namespace=NAMESPACE)])
    assert found.target is not None
    assert (found.target.kind, found.target.resolved_by) == ("StatefulSet", "service")


def test_two_workloads_of_one_name_are_told_apart_by_the_destinations_service(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """And not at all without one."""
    twin = of_kind("StatefulSet", deployment())
    twin["spec"] = {**twin["spec"], "selector": {"matchLabels": {"app": "twin"}}}
    twin["spec"]["template"] = {**twin["spec"]["template"], "metadata": {"labels": {"app": "twin"}}}
    sandbox.apply([deployment(), twin, service("front", "twin")])
    mesh = {"destination_workload": "web", "destination_workload_namespace": NAMESPACE}
    alone = resolve(cluster, [alert(**mesh)])
    assert alone.target is None
    assert "which is Deployment web, StatefulSet web" in alone.reason
    asked = resolve(cluster, [alert(**mesh, destination_service_name="front")])
    assert asked.target is not None
    assert asked.target.kind == "StatefulSet"


@pytest.mark.parametrize(("selects", "kind"), [("web", "Deployment"), ("other", "StatefulSet")])
def test_a_destination_that_its_service_does_not_lead_to_is_not_taken(
    sandbox: Sandbox, cluster: KubernetesCluster, selects: str, kind: str
) -> None:
    """A mesh may call by that name what is of another kind (a Rollout, a Job): the Service is believed then."""
    sandbox.apply([deployment(), of_kind("StatefulSet", deployment("other")), service("front", selects)])
    mesh = {"destination_workload": "web", "destination_workload_namespace": NAMESPACE}
    found = resolve(cluster, [alert(**mesh, destination_service_name="front")])
    assert found.target is not None
    assert found.target.kind == kind
    named = "no other Deployment, StatefulSet or DaemonSet has that name"
    assert (named in found.reason) is (selects == "web")


def test_a_destination_tells_apart_the_versions_behind_its_service(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """A canary's Service selects both, so that it alone would name none."""
    sandbox.apply([labelled("web", "shop"), labelled("web-v2", "shop"), tier()])
    mesh = {"destination_workload": "web-v2", "destination_workload_namespace": NAMESPACE}
    found = resolve(cluster, [alert(**mesh, destination_service_name="front")])
    assert found.target is not None
    assert found.target.name == "web-v2"


def test_a_destination_whose_service_leads_nowhere_is_not_taken(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """The Service's answer stands."""
    sandbox.apply([deployment(), service("front", "nobody")])
    mesh = {"destination_workload": "web", "destination_workload_namespace": NAMESPACE}
    found = resolve(cluster, [alert(**mesh, destination_service_name="front")])
    assert found.target is None
    assert found.reason.startswith("Service front selects no pod")


def test_an_alert_that_names_its_object_is_believed_before_one_about_a_service(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """Whichever came first; the other one is counted as another object."""
    (web,) = sandbox.apply(deployment())
    sandbox.apply(service("front", "web"))
    both = [
        alert(namespace=NAMESPACE, service="front"),
        alert(namespace=NAMESPACE, deployment="web"),
    ]
    found = resolve(cluster, both)
    assert found.target is not None
    assert (found.target.uid, found.target.resolved_by) == (web["metadata"]["uid"], "labels")
    assert cluster.get(DEPLOYMENTS, NAMESPACE, "web")["metadata"]["uid"] == found.target.uid
