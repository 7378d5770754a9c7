"""From an alert's labels to the workload: what may be believed, and what is an answer of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, START, alert, connect, deployment
from tools.cluster import KubernetesCluster
from tools.errors import NotFound, TransientError
from tools.naming import naming
from tools.owners import managed_by
from tools.records import Alert
from tools.resources import (
    AUTOSCALERS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    NODES,
    PODS,
    REPLICASETS,
    STATEFULSETS,
    JsonObject,
    Resource,
)
from tools.sandbox import Sandbox
from tools.targets import resolve


class Objects:
    """A reader over objects that a test lays out by hand, for kinds and chains that no controller makes here."""

    def __init__(self, *items: tuple[Resource, JsonObject]) -> None:
        self.items = {(resource.plural, item["metadata"]["name"]): item for resource, item in items}

    def get(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        found = self.items.get((resource.plural, name))
        if found is None or found["metadata"].get("namespace", "") != namespace:
            raise NotFound(f"{resource.plural} {namespace}/{name} not found")
        return found

    def list(self, resource: Resource, namespace: str = "", **_: str) -> list[JsonObject]:
        return [item for (plural, _name), item in self.items.items() if plural == resource.plural]

    def logs(self, *_: Any, **__: Any) -> str:
        raise AssertionError("resolving a target reads no logs")

    def allowed(self, *_: Any) -> bool:
        raise AssertionError("resolving a target asks for no rights")

    def version(self) -> str:
        raise AssertionError("resolving a target asks for no version")


def item(
    name: str, owner: tuple[str, str, str] | None = None, *, uid: str = "", **metadata: Any
) -> JsonObject:
    """An object in the shop; `owner` is (apiVersion, kind, name) of its controller, whose uid is `uid-<name>`."""
    made: JsonObject = {
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": uid or f"uid-{name}", **metadata}
    }
    if owner:
        reference = dict(zip(("apiVersion", "kind", "name"), owner, strict=True))
        made["metadata"]["ownerReferences"] = [reference | {"uid": f"uid-{owner[2]}", "controller": True}]
    return made


def created_event(owner: tuple[str, str, str], message: str) -> JsonObject:
    involved = dict(zip(("apiVersion", "kind", "name"), owner, strict=True)) | {"uid": f"uid-{owner[2]}"}
    return item("event") | {"involvedObject": involved, "reason": "SuccessfulCreate", "message": message}


WEB = ("apps/v1", "Deployment", "web")
REVISION = ("apps/v1", "ReplicaSet", "web-7d4b9c6f5d")
CHAIN = (
    (DEPLOYMENTS, item("web")),
    (REPLICASETS, item("web-7d4b9c6f5d", WEB, labels={"pod-template-hash": "7d4b9c6f5d"})),
)
POD = "web-7d4b9c6f5d-x2x4z"


@pytest.mark.parametrize(
    ("labels", "namespace", "pod", "workloads"),
    [
        ({"namespace": "shop", "pod": "web-1"}, "shop", "web-1", {}),
        (
            {
                "namespace": "monitoring",
                "pod": "kube-state-metrics-0",
                "exported_namespace": "shop",
                "exported_pod": "web-1",
            },
            "shop",
            "web-1",
            {},
        ),
        (
            {
                "namespace": "shop",
                "pod": "kube-state-metrics-0",
                "deployment": "web",
                "job": "kube-state-metrics",
            },
            "shop",
            "",
            {"Deployment": "web"},
        ),
        (
            {
                "namespace": "monitoring",
                "exported_namespace": "shop",
                "deployment": "web",
                "pod": "exporter-7",
            },
            "shop",
            "",
            {"Deployment": "web"},
        ),
        ({"namespace": "shop", "job": "web", "instance": "10.0.0.1:8080"}, "shop", "", {}),
        ({"namespace": "shop", "job_name": "backup-1"}, "shop", "", {"Job": "backup-1"}),
        ({"namespace": "shop", "exported_job": "backup-1"}, "shop", "", {"Job": "backup-1"}),
        (
            {"namespace": "shop", "deployment": "web", "exported_job": "scraper"},
            "shop",
            "",
            {"Deployment": "web"},
        ),
        (
            {"exported_deployment": "web", "deployment": "exporter", "namespace": "shop"},
            "shop",
            "",
            {"Deployment": "web"},
        ),
        (
            {"namespace": "shop", "workload": "db", "workload_type": "statefulset", "cluster": ""},
            "shop",
            "",
            {"StatefulSet": "db"},
        ),
        ({"namespace": "shop", "workload": "db", "workload_type": "staticpod"}, "shop", "", {}),
        (
            {"namespace": "shop", "owner_kind": "ReplicaSet", "owner_name": "web-7d4b9c6f5d"},
            "shop",
            "",
            {"ReplicaSet": "web-7d4b9c6f5d"},
        ),
        ({"namespace": "shop", "owner_kind": "Node", "owner_name": "node-1"}, "shop", "", {}),
        (
            {
                "namespace": "shop",
                "owner_kind": "ReplicaSet",
                "owner_name": "x",
                "owner_is_controller": "false",
            },
            "shop",
            "",
            {},
        ),
        (
            {"namespace": "shop", "pod": "web-1", "owner_kind": "ReplicaSet", "owner_name": "x"},
            "shop",
            "web-1",
            {},
        ),
        ({"kubernetes_namespace": "shop", "kubernetes_pod_name": "web-1"}, "shop", "web-1", {}),
        (
            {"namespace": "shop", "kubernetes_namespace": "ops", "kubernetes_pod_name": "exporter-1"},
            "shop",
            "",
            {},
        ),
        ({"namespace": "shop", "pod_name": "web-1", "container_name": "web"}, "shop", "web-1", {}),
        (
            {"namespace": "monitoring", "pod": "prometheus-k8s-0", "uid": "u1"},
            "monitoring",
            "prometheus-k8s-0",
            {},
        ),
        (
            {
                "namespace": "monitoring",
                "pod": "prometheus-k8s-0",
                "uid": "u1",
                "exported_namespace": "shop",
            },
            "shop",
            "",
            {},
        ),
    ],
)
def test_labels_that_name_something(
    labels: dict[str, str], namespace: str, pod: str, workloads: dict[str, str]
) -> None:
    """An exported label wins, an exporter's own is ignored, `job` and `instance` name nothing (R3.1, R3.2)."""
    named = naming(labels)
    assert (named.namespace, named.pod) == (namespace, pod)
    assert {resource.kind: text for resource, text in named.workloads.items()} == workloads


@pytest.mark.parametrize(
    ("labels", "container"),
    [
        ({"namespace": "shop", "pod": "web-1", "container": "proxy"}, "proxy"),
        ({"namespace": "shop", "pod_name": "web-1", "container_name": "proxy"}, "proxy"),
        ({"exported_namespace": "shop", "exported_container": "proxy", "container": "ksm"}, "proxy"),
        ({"exported_namespace": "shop", "exported_pod": "web-1", "container": "ksm"}, ""),
        ({"namespace": "shop", "deployment": "web", "container": "kube-state-metrics"}, ""),
        ({"namespace": "shop", "pod": "web-1", "container": "POD"}, ""),
    ],
)
def test_the_container_that_an_alert_is_about(labels: dict[str, str], container: str) -> None:
    """Neither the exporter's own nor the one that only holds a pod's network."""
    assert naming(labels).container == container


def test_a_pod_leads_to_its_deployment(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """Over the ReplicaSet, by uid at each hop."""
    (web,) = sandbox.apply(deployment())
    sandbox.settle(30)
    pod = cluster.list(PODS, NAMESPACE)[0]["metadata"]
    found = resolve(cluster, [alert(namespace=NAMESPACE, pod=pod["name"], uid=pod["uid"], container="web")])
    assert found.target is not None
    assert found.target.short() == {"kind": "Deployment", "namespace": NAMESPACE, "name": "web"}
    assert (found.target.uid, found.target.resolved_by) == (web["metadata"]["uid"], "owner")
    assert (found.pod, found.pod_gone) == (pod["name"], False)


def test_a_pod_that_is_gone_is_found_in_events(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """The ReplicaSet's own event says that it made the pod, and carries its uid."""
    sandbox.apply(deployment())
    sandbox.settle(30)
    name = cluster.list(PODS, NAMESPACE)[0]["metadata"]["name"]
    sandbox.delete("Pod", NAMESPACE, name)
    sandbox.settle(60)
    found = resolve(cluster, [alert(namespace=NAMESPACE, pod=name)])
    assert found.target is not None
    assert (found.target.name, found.target.resolved_by, found.pod_gone) == ("web", "events", True)
    assert "is gone" in found.reason


def test_a_pod_that_is_gone_without_events_is_only_supposed_by_its_name() -> None:
    """The ReplicaSet of that name exists, holds that hash, and a Deployment controls it (R3.5)."""
    found = resolve(Objects(*CHAIN), [alert(namespace=NAMESPACE, pod=POD)])
    assert found.target is not None
    assert (found.target.name, found.target.resolved_by, found.pod_gone) == ("web", "name_pattern", True)
    assert "name pattern" in found.reason


@pytest.mark.parametrize(
    "replicaset",
    [
        item("web-7d4b9c6f5d", WEB, labels={"pod-template-hash": "other"}),
        item("web-7d4b9c6f5d", labels={"pod-template-hash": "7d4b9c6f5d"}),
        item("web-7d4b9c6f5d", ("apps/v1", "Deployment", "gone"), labels={"pod-template-hash": "7d4b9c6f5d"}),
    ],
)
def test_a_name_that_only_looks_right_resolves_nothing(replicaset: JsonObject) -> None:
    """Another hash, no controller, or a controller that does not exist: unresolved."""
    reader = Objects((DEPLOYMENTS, item("web")), (REPLICASETS, replicaset))
    found = resolve(reader, [alert(namespace=NAMESPACE, pod=POD)])
    assert (found.target, found.pod_gone) == (None, True)
    assert "nothing says whose it was" in found.reason


def test_a_long_name_that_was_cut_is_matched_by_its_beginning() -> None:
    """Generated names are cut to 63 characters, so the ReplicaSet's name is no longer their prefix."""
    name = "checkout-service-with-a-rather-long-name-for-one-tea-7d4b9c6f5d"
    revision = item(name, WEB, labels={"pod-template-hash": "7d4b9c6f5d"})
    reader = Objects((DEPLOYMENTS, item("web")), (REPLICASETS, revision))
    found = resolve(reader, [alert(namespace=NAMESPACE, pod=f"{name}-"[:58] + "x2x4z")])
    assert found.target is not None
    assert found.target.resolved_by == "name_pattern"


def test_labels_of_one_chain_name_one_workload() -> None:
    """A Job beside its CronJob, an autoscaler beside what it scales; another Deployment beside it is another."""
    job = item("nightly-1", ("batch/v1", "CronJob", "nightly"))
    scaler = item("web") | {
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
    }
    reader = Objects(
        (CRONJOBS, item("nightly")), (JOBS, job), (AUTOSCALERS, scaler), (DEPLOYMENTS, item("web"))
    )
    run = resolve(reader, [alert(namespace=NAMESPACE, job_name="nightly-1", cronjob="nightly")])
    scaled = resolve(reader, [alert(namespace=NAMESPACE, deployment="web", hpa="web")])
    mixed = resolve(reader, [alert(namespace=NAMESPACE, deployment="web", cronjob="nightly")])
    assert run.target is not None
    assert run.target.kind == "CronJob"
    assert scaled.target is not None
    assert scaled.target.kind == "Deployment"
    assert mixed.target is None
    assert "several workloads" in mixed.reason


DUE = 29_000_000
"""A minute of February 2025."""


@pytest.mark.parametrize("labels", [{"job_name": f"nightly-{DUE}"}, {"pod": f"nightly-{DUE}-x2x4z"}])
def test_a_run_that_is_gone_is_its_cronjobs_by_its_name(labels: dict[str, str]) -> None:
    """The history limit removes Jobs and their pods; the CronJob has to be older than the run was due (R3.5)."""
    older = item("nightly", creationTimestamp="2025-01-01T00:00:00Z")
    younger = item("nightly", creationTimestamp="2025-06-01T00:00:00Z")
    found = resolve(Objects((CRONJOBS, older)), [alert(namespace=NAMESPACE, **labels)])
    assert found.target is not None
    assert (found.target.kind, found.target.resolved_by) == ("CronJob", "name_pattern")
    assert resolve(Objects((CRONJOBS, younger)), [alert(namespace=NAMESPACE, **labels)]).target is None


@pytest.mark.parametrize(("mode", "known"), [("Indexed", True), ("NonIndexed", False)])
def test_a_pod_of_an_indexed_job_has_its_index_in_its_name(mode: str, known: bool) -> None:
    """Only such a Job names its pods so."""
    reader = Objects((JOBS, item("render") | {"spec": {"completionMode": mode}}))
    found = resolve(reader, [alert(namespace=NAMESPACE, pod="render-7-x2x4z")])
    assert (found.target is not None) is known


def test_a_long_name_of_a_job_is_cut_as_well() -> None:
    """And it is only supposed by that."""
    name = "rebuild-all-of-the-search-indices-of-the-catalogue-for-winter-sale"[:62]
    found = resolve(Objects((JOBS, item(name))), [alert(namespace=NAMESPACE, pod=f"{name}-"[:58] + "x2x4z")])
    assert found.target is not None
    assert (found.target.name, found.target.resolved_by) == (name, "name_pattern")


def test_a_replaced_pod_is_not_the_one_that_the_alert_means() -> None:
    """Same name, another uid, as StatefulSets do it: found by its name, and said to be gone."""
    reader = Objects(
        (STATEFULSETS, item("db") | {"spec": {"replicas": 2}}),
        (PODS, item("db-1", ("apps/v1", "StatefulSet", "db"), uid="new")),
    )
    same = resolve(reader, [alert(namespace=NAMESPACE, pod="db-1", uid="new")])
    replaced = resolve(reader, [alert(namespace=NAMESPACE, pod="db-1", uid="old")])
    assert same.target is not None
    assert (same.target.kind, same.target.resolved_by, same.pod_gone) == ("StatefulSet", "owner", False)
    assert replaced.target is not None
    assert (replaced.target.resolved_by, replaced.pod_gone) == ("name_pattern", True)
    assert "was replaced" in replaced.reason


def test_an_ordinal_beyond_the_replicas_is_no_pod_of_the_set() -> None:
    """And `.spec.ordinals.start` counts."""
    low = Objects((STATEFULSETS, item("db") | {"spec": {"replicas": 2}}))
    high = Objects((STATEFULSETS, item("db") | {"spec": {"replicas": 2, "ordinals": {"start": 5}}}))
    assert resolve(low, [alert(namespace=NAMESPACE, pod="db-6")]).target is None
    assert resolve(high, [alert(namespace=NAMESPACE, pod="db-6")]).target is not None


def test_an_event_whose_controller_was_replaced_is_not_believed() -> None:
    """A ReplicaSet of the same name and another uid made other pods."""
    event = created_event(REVISION, f"Created pod: {POD}")
    event["involvedObject"]["uid"] = "uid-of-another"
    found = resolve(Objects((EVENTS, event), *CHAIN), [alert(namespace=NAMESPACE, pod=POD)])
    assert found.target is not None
    assert found.target.resolved_by == "name_pattern"


def test_a_statefulsets_event_names_its_pod_in_a_sentence() -> None:
    """`create Pod db-0 in StatefulSet db successful`."""
    event = created_event(("apps/v1", "StatefulSet", "db"), "create Pod db-0 in StatefulSet db successful")
    reader = Objects((EVENTS, event), (STATEFULSETS, item("db") | {"spec": {"replicas": 0}}))
    found = resolve(reader, [alert(namespace=NAMESPACE, pod="db-0")])
    assert found.target is not None
    assert (found.target.name, found.target.resolved_by) == ("db", "events")


@pytest.mark.parametrize(
    ("pod", "others", "kind"),
    [
        (item(POD), (), "Pod"),
        (item(POD, ("v1", "Node", "node-1")), (), "Pod"),
        (item(POD, ("apps/v1", "DaemonSet", "agent")), ((DAEMONSETS, item("agent")),), "DaemonSet"),
        (item(POD, ("batch/v1", "Job", "backup")), ((JOBS, item("backup")),), "Job"),
        (item(POD, ("postgresql.cnpg.io/v1", "Cluster", "db")), (), "Cluster.postgresql.cnpg.io"),
        (item(POD, ("example.com/v1", "Deployment", "web")), (), "Deployment.example.com"),
        (
            item(POD, REVISION),
            ((REPLICASETS, item("web-7d4b9c6f5d", ("argoproj.io/v1alpha1", "Rollout", "web"))),),
            "Rollout.argoproj.io",
        ),
        (item(POD, REVISION), ((REPLICASETS, item("web-7d4b9c6f5d")),), "ReplicaSet"),
    ],
)
def test_what_is_no_deployment_is_an_answer_too(pod: JsonObject, others: Any, kind: str) -> None:
    """Bare and static pods, other workloads, owners of other groups: told apart, so that nothing is done to them."""
    found = resolve(Objects((PODS, pod), *others), [alert(namespace=NAMESPACE, pod=POD)])
    assert found.target is not None
    assert found.target.kind == kind


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        (((PODS, item(POD, REVISION)),), "does not exist any more"),
        (((PODS, item(POD, REVISION)), (REPLICASETS, item("web-7d4b9c6f5d", uid="new"))), "was replaced"),
    ],
)
def test_a_broken_chain_resolves_nothing(items: Any, problem: str) -> None:
    """An orphan of a controller that is gone, or whose name another object has taken."""
    found = resolve(Objects(*items), [alert(namespace=NAMESPACE, pod=POD)])
    assert found.target is None
    assert problem in found.reason


def test_an_endless_chain_resolves_nothing() -> None:
    """References can be written by anybody."""
    loop = item("loop", ("apps/v1", "ReplicaSet", "loop"))
    found = resolve(
        Objects((REPLICASETS, loop), (PODS, item(POD, ("apps/v1", "ReplicaSet", "loop")))),
        [alert(namespace=NAMESPACE, pod=POD)],
    )
    assert found.target is None
    assert "longer than" in found.reason


def test_only_the_controlling_owner_is_followed() -> None:
    """Other owners only keep the object from being collected."""
    pod = item(POD, REVISION)
    pod["metadata"]["ownerReferences"].insert(
        0, {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x", "uid": "y"}
    )
    found = resolve(Objects((PODS, pod), *CHAIN), [alert(namespace=NAMESPACE, pod=POD)])
    assert found.target is not None
    assert found.target.name == "web"


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ({"pod": "web-1"}, "no namespace"),
        ({"deployment": "web"}, "no namespace"),
        ({"namespace": "shop", "deployment": "web", "statefulset": "db"}, "several workloads"),
        ({"namespace": "shop", "deployment": "nope"}, "does not exist"),
        ({"namespace": "shop", "service": "web"}, "Service web does not exist"),
        ({"namespace": "shop", "service": "web", "job": "web"}, "name no pod, workload or node"),
        ({}, "name no pod, workload or node"),
        ({"namespace": "shop", "pod": "../../secrets/x"}, "name no object"),
        (
            {"namespace": "shop", "pod": "kube-state-metrics-7d4b9c6f5d-x2x4z"},
            "name no pod, workload or node",
        ),
    ],
)
def test_what_cannot_be_resolved_says_why(
    cluster: KubernetesCluster, labels: dict[str, str], problem: str
) -> None:
    """A namespace is never guessed, and a reason is given for a person."""
    found = resolve(cluster, [alert(START, **labels)])
    assert found.target is None
    assert problem in found.reason


def test_a_workload_label_beats_a_pod_label(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """Whatever pod the exporter's series was scraped from."""
    sandbox.apply([deployment(), deployment("other")])
    sandbox.settle(30)
    (pod, *_) = cluster.list(PODS, NAMESPACE, label_selector="app=other")
    found = resolve(cluster, [alert(namespace=NAMESPACE, deployment="web", pod=pod["metadata"]["name"])])
    assert found.target is not None
    assert (found.target.name, found.target.resolved_by) == ("web", "labels")


def test_a_node_is_a_target_when_nothing_else_is_named(cluster: KubernetesCluster) -> None:
    """Cluster-scoped: it has no namespace."""
    found = resolve(cluster, [alert(node="node-1", job="kube-state-metrics")])
    assert found.target is not None
    assert (found.target.kind, found.target.namespace, found.target.name) == (NODES.kind, "", "node-1")


def test_an_autoscaler_stands_for_what_it_scales() -> None:
    """Where that is a workload that we know."""
    from tools.resources import AUTOSCALERS

    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = item("web-hpa") | {"spec": {"scaleTargetRef": reference}}
    found = resolve(Objects((AUTOSCALERS, scaler), *CHAIN), [alert(namespace=NAMESPACE, hpa="web-hpa")])
    assert found.target is not None
    assert (found.target.kind, found.target.name) == ("Deployment", "web")


def test_the_first_alert_that_resolves_decides_and_firing_ones_go_first(
    sandbox: Sandbox, cluster: KubernetesCluster
) -> None:
    """Several workloads in one incident: it says that there are others."""
    sandbox.apply([deployment(), deployment("cart")])
    alerts: list[Alert] = [
        alert(namespace=NAMESPACE, deployment="cart", status="resolved"),
        alert(namespace=NAMESPACE, deployment="nope"),
        alert(namespace=NAMESPACE, deployment="web"),
    ]
    found = resolve(cluster, alerts)
    assert found.target is not None
    assert found.target.name == "web"
    assert "3 different objects" in found.reason


def test_thirty_pods_of_one_deployment_are_one_object() -> None:
    """Their names differ in generated parts only."""
    alerts = [alert(namespace=NAMESPACE, pod=f"web-7d4b9c6f5d-x2x4{end}") for end in "bcdfghz"]
    found = resolve(Objects((PODS, item("web-7d4b9c6f5d-x2x4b", REVISION)), *CHAIN), alerts)
    assert found.target is not None
    assert "different objects" not in found.reason


ABSURD = {
    "long": "x" * 100_000,
    "upwards": "../../secrets",
    "query": "web?dryRun=All&x",
    "encoded": "web%2f..%2fx",
    "lines": "web\nX-Header: 1",
    "nul": "web\x00",
    "promql": 'web"} or vector(1) #',
    "hidden": "w\u202eeb\u200b",
    "emoji": "\U0001f600",
    "blank": " ",
    "selector": "web,app in (a,b)",
    "pattern": "-" * 300 + "1",
}


@pytest.mark.parametrize("text", ABSURD.values(), ids=ABSURD.keys())
def test_an_absurd_label_is_an_answer(sandbox: Sandbox, cluster: KubernetesCluster, text: str) -> None:
    """Whatever stands in a label, nothing but paths of objects is asked for, and the reason is one short line."""
    for key in ("namespace", "pod", "deployment", "job_name", "node", "exported_job", "uid"):
        usual = {"namespace": NAMESPACE} | ({"pod": "web-1"} if key in ("namespace", "uid") else {})
        found = resolve(cluster, [alert(START, **{**usual, key: text})])
        assert found.target is None
        assert len(found.reason) < 500
        assert "\n" not in found.reason
    paths = [request.path for request in sandbox.requests]
    assert not [path for path in paths if "secrets" in path or not path.isascii() or not path.isprintable()]


@pytest.mark.parametrize(
    ("alerts", "worth"),
    [
        ([alert(namespace=NAMESPACE, deployment="web")], False),
        ([alert(namespace=NAMESPACE, pod=POD)], True),
        ([alert(namespace=NAMESPACE, deployment="web"), alert(namespace=NAMESPACE, deployment="cart")], True),
        ([alert(namespace=NAMESPACE, deployment="cart")], False),
    ],
)
def test_a_target_that_was_not_simply_named_is_told(alerts: list[Alert], worth: bool) -> None:
    """By name, by an event, or as the first of several: a person should know. What is not found is told anyway."""
    assert resolve(Objects(*CHAIN), alerts).worth_telling is worth


def test_no_alert_no_target(cluster: KubernetesCluster) -> None:
    """An empty incident is said to be one."""
    assert resolve(cluster, []).target is None


def test_a_missing_right_is_an_answer_and_a_dead_api_is_not(sandbox: Sandbox, tmp_path: Path) -> None:
    """Forbidden says what to grant; without any answer the caller tries again later."""
    nobody = connect(sandbox, tmp_path, sandbox.token(NAMESPACE, "nobody"))
    found = resolve(nobody, [alert(namespace=NAMESPACE, deployment="web")])
    assert found.target is None
    assert "Grant the reader role" in found.reason
    sandbox.stop()
    with pytest.raises(TransientError):
        resolve(nobody, [alert(namespace=NAMESPACE, deployment="web")])


@pytest.mark.parametrize(
    ("metadata", "manager"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "argocd"),
        ({"labels": {"argocd.argoproj.io/instance": "x"}}, "argocd"),
        ({"labels": {"app.kubernetes.io/instance": "x"}}, ""),
        (
            {
                "labels": {"app.kubernetes.io/instance": "x"},
                "managedFields": [{"manager": "argocd-controller"}],
            },
            "argocd",
        ),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}, "flux"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "x", "app.kubernetes.io/managed-by": "Helm"}}, "flux"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "helm"),
        ({"labels": {"app.kubernetes.io/managed-by": "strimzi-cluster-operator"}}, "operator"),
        ({"labels": {"app.kubernetes.io/managed-by": "platform-team"}}, ""),
        ({"labels": {"addonmanager.kubernetes.io/mode": "Reconcile"}}, "operator"),
        ({"labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"}}, ""),
        ({"labels": {"kapp.k14s.io/app": "1700000000"}}, "operator"),
        ({"annotations": {"objectset.rio.cattle.io/id": "x"}}, "operator"),
        ({"annotations": {"configmanagement.gke.io/managed": "enabled"}}, "operator"),
        ({"annotations": {"meta.helm.sh/release-name": "x"}}, "helm"),
        ({"labels": {"olm.owner": "x"}}, "operator"),
        ({"managedFields": [{"manager": "kustomize-controller"}]}, "flux"),
        ({"managedFields": [{"manager": "kubectl"}]}, ""),
        ({}, ""),
    ],
)
def test_who_manages_a_workload(metadata: dict[str, Any], manager: str) -> None:
    """The marks of section 4.9; a Helm label beside a GitOps one does not hide it."""
    assert managed_by(item("web", **metadata)) == manager


def test_a_deployment_with_a_controller_above_it_is_an_operators() -> None:
    """Patches would be taken back: it is still the target, marked."""
    owned = item("web", ("monitoring.coreos.com/v1", "Prometheus", "k8s"))
    found = resolve(Objects((DEPLOYMENTS, owned)), [alert(START, namespace=NAMESPACE, deployment="web")])
    assert found.target is not None
    assert (found.target.kind, found.target.managed_by) == ("Deployment", "operator")
