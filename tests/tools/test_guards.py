"""What guards an action: read where one may be needed and nowhere else, as facts and in words, whatever fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, Remembered, connect, deployment, grant
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.evidence import collect
from tools.objects import name, selects
from tools.rbac import rules_for
from tools.records import Evidence, EvidenceItem, Target
from tools.resources import NODES, PODS, JsonObject
from tools.sandbox import Sandbox

MIB = 2.0**20


def made(kind: str, api_version: str, name: str, spec: dict[str, Any]) -> JsonObject:
    """An object of the shop."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def limited(name: str = "web", **more: Any) -> JsonObject:
    """A Deployment whose container has requests and limits."""
    found = deployment(name, **more)
    resources = {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "128Mi"}}
    found["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    return found


class Shop:
    """Collects about one Deployment, or a node."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster) -> None:
        self.sandbox, self.cluster = sandbox, cluster

    def collect(self, kind: str = "Deployment", name: str = "web", *, reader: Any = None) -> Evidence:
        item = self.sandbox.get(kind, "" if kind == "Node" else NAMESPACE, name)
        assert item
        place = item["metadata"].get("namespace", "")
        target = Target(kind=kind, namespace=place, name=name, uid=item["metadata"]["uid"])
        return collect(reader or self.cluster, target, revisions=Remembered(), clock=self.sandbox.clock)

    def fault(self, kind: str, count: int) -> list[str]:
        """So many pods of `web` are ill from now on; their names."""
        names = [name(pod) for pod in self.sandbox.pods(NAMESPACE, "web")][:count]
        for pod in names:
            body = {"metadata": {"labels": {"sim/fault": kind}}}
            self.cluster.patch(PODS, NAMESPACE, pod, body, patch_type="merge")
        self.sandbox.settle(120)
        return names


@pytest.fixture
def shop(sandbox: Sandbox, cluster: KubernetesCluster) -> Shop:
    """Three pods that are well."""
    sandbox.apply(limited())
    sandbox.settle(60)
    return Shop(sandbox, cluster)


def kinds(evidence: Evidence) -> dict[str, str]:
    """Guards that were read, with what became of them; of Prometheus, which is not there, `test_measures` tells."""
    known = (
        "processor_use",
        "memory_growth",
        "workload",
        "pods",
        "revisions",
        "revision_diff",
        "events",
        "dependencies",
        "logs",
        "previous_logs",
        "neighbours",
        "changes",
    )
    return {item.kind: item.status for item in evidence.items if item.kind not in known}


def the(evidence: Evidence, kind: str) -> EvidenceItem:
    """The one item of a kind."""
    (item,) = [item for item in evidence.items if item.kind == kind]
    return item


def test_ready_pods_make_it_a_question_of_load(shop: Shop) -> None:
    """Usage, what scales it, and what is left of the quota; nothing of that is there."""
    evidence = shop.collect()
    assert kinds(evidence) == {"metrics": "found", "autoscalers": "no_data", "quotas": "no_data"}
    assert "nothing scales it" in the(evidence, "autoscalers").summary
    assert (len(evidence.usage), evidence.autoscalers, evidence.quotas) == (3, (), ())


def test_pods_that_all_crash_cost_no_further_read(shop: Shop) -> None:
    """In a storm of crashes every incident reads what it read before."""
    shop.fault("crashloop", 3)
    assert kinds(shop.collect()) == {}


def test_one_pod_that_is_not_ready_makes_it_a_question_of_what_may_go(shop: Shop) -> None:
    """Budgets, the node under it, and whether an autoscaler is at its least."""
    (ill,) = shop.fault("notready", 1)
    evidence = shop.collect()
    assert kinds(evidence) == {"budgets": "no_data", "nodes": "found", "autoscalers": "no_data"}
    place = next(pod.node for pod in evidence.pods if pod.name == ill)
    assert [(node.name, node.ready, node.schedulable) for node in evidence.nodes] == [(place, "True", True)]


def test_a_kill_for_memory_makes_it_a_question_of_limits(shop: Shop) -> None:
    """Usage, quota, LimitRanges and the node's size."""
    shop.fault("oom", 3)
    evidence = shop.collect()
    assert kinds(evidence) == {
        "metrics": "no_data",
        "quotas": "no_data",
        "limit_ranges": "no_data",
        "vertical_scalers": "no_data",
        "nodes": "found",
    }
    assert {node.allocatable_memory for node in evidence.nodes} == {32 * 2.0**30}
    assert {c.memory_limit for pod in evidence.pods for c in pod.containers} == {128 * MIB}


def test_usage_and_what_pods_ask_for_are_plain_numbers(shop: Shop) -> None:
    """Cores and bytes, to be divided by each other."""
    shop.sandbox.load(NAMESPACE, "web", cores=1.2, memory=100 * MIB)
    evidence = shop.collect()
    for usage in evidence.usage:
        assert (usage.container, usage.cores, usage.memory) == ("web", pytest.approx(0.4), 100 * MIB)
        assert usage.at == shop.sandbox.clock.now()
    containers = [container for pod in evidence.pods for container in pod.containers]
    (asked,) = {(c.cpu_request, c.cpu_limit, c.memory_request, c.memory_limit) for c in containers}
    assert asked == (0.25, 0.5, 64 * MIB, 128 * MIB)
    assert "400m processor, 100Mi memory" in the(evidence, "metrics").excerpt


def test_what_scales_the_workload_is_told_by_its_target(shop: Shop) -> None:
    """A HorizontalPodAutoscaler and a ScaledObject of it; not those of others."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment"}
    spec = {"scaleTargetRef": {**reference, "name": "web"}, "minReplicas": 2, "maxReplicas": 5}
    other = {"scaleTargetRef": {**reference, "name": "other"}, "maxReplicas": 5}
    stateful = {"scaleTargetRef": {**reference, "kind": "StatefulSet", "name": "web"}, "maxReplicas": 5}
    keda = {"scaleTargetRef": {"name": "web"}, "maxReplicaCount": 9, "triggers": []}
    autoscaling = "autoscaling/v2"
    shop.sandbox.apply(
        [
            made("HorizontalPodAutoscaler", autoscaling, "web", spec),
            made("HorizontalPodAutoscaler", autoscaling, "other", other),
            made("HorizontalPodAutoscaler", autoscaling, "stateful", stateful),
            made("ScaledObject", "keda.sh/v1alpha1", "queue", keda),
        ]
    )
    evidence = shop.collect()
    found = [(a.kind, a.name, a.least, a.most) for a in evidence.autoscalers]
    assert found == [("HorizontalPodAutoscaler", "web", 2, 5), ("ScaledObject", "queue", 0, 9)]
    summary = the(evidence, "autoscalers").summary
    assert summary.startswith("scaled by HorizontalPodAutoscaler web: 2 to 5 replicas, 3 now")


def test_budgets_of_its_pods_with_what_they_allow(shop: Shop) -> None:
    """By selector, expressions included; a budget over other pods is none of ours."""
    policy = "policy/v1"
    expression = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}
    shop.sandbox.apply(
        [
            made("PodDisruptionBudget", policy, "web", {"selector": expression, "minAvailable": 2}),
            made(
                "PodDisruptionBudget",
                policy,
                "db",
                {"selector": {"matchLabels": {"app": "db"}}, "minAvailable": 1},
            ),
        ]
    )
    shop.fault("notready", 1)
    evidence = shop.collect()
    (budget,) = evidence.budgets
    assert (budget.name, budget.allowed, budget.healthy, budget.needed) == ("web", 0, 2, 2)
    assert (budget.observed, budget.unready_always_go) == (True, False)
    assert "2 healthy of 2 needed, 0 disruptions allowed" in the(evidence, "budgets").excerpt


def test_a_budget_that_nobody_has_counted_says_so(shop: Shop) -> None:
    """Its status is older than its spec, or there is none."""
    shop.fault("notready", 1)
    shop.sandbox.pause_controllers()
    spec = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 2}
    shop.sandbox.apply(made("PodDisruptionBudget", "policy/v1", "web", spec))
    (budget,) = shop.collect().budgets
    assert budget.observed is False


def test_quotas_and_limit_ranges_as_numbers(shop: Shop) -> None:
    """What is granted, what is used, and the most that one container may have."""
    hard = {"requests.cpu": "1", "limits.memory": "1Gi", "pods": "4"}
    most = {
        "limits": [{"type": "Container", "max": {"memory": "256Mi", "cpu": "2"}}, {"type": "Pod", "max": {}}]
    }
    shop.sandbox.apply(
        [made("ResourceQuota", "v1", "all", {"hard": hard}), made("LimitRange", "v1", "most", most)]
    )
    shop.fault("oom", 1)
    evidence = shop.collect()
    (quota,) = evidence.quotas
    assert quota.hard == {"requests.cpu": 1.0, "limits.memory": 1024 * MIB, "pods": 4.0}
    assert quota.used == {"requests.cpu": 0.75, "limits.memory": 384 * MIB, "pods": 3.0}
    (limit,) = evidence.limits
    assert (limit.most_memory, limit.most_cores) == (256 * MIB, 2.0)
    assert "all pods: 3 of 4" in the(evidence, "quotas").excerpt


def test_a_vertical_autoscaler_of_the_workload_is_told(shop: Shop) -> None:
    """Only one that targets it; and the most that a LimitRange lets a whole pod have."""
    spec = {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
    others = {"targetRef": {**spec["targetRef"], "name": "api"}}
    api = "autoscaling.k8s.io/v1"
    most = {"limits": [{"type": "Pod", "max": {"memory": "1Gi"}}]}
    shop.sandbox.apply(
        [
            made("VerticalPodAutoscaler", api, "web", spec),
            made("VerticalPodAutoscaler", api, "api", others),
            made("LimitRange", "v1", "pods", most),
        ]
    )
    shop.fault("oom", 1)
    evidence = shop.collect()
    assert [(s.kind, s.name) for s in evidence.vertical_scalers] == [("VerticalPodAutoscaler", "web")]
    assert the(evidence, "vertical_scalers").summary.endswith("web sets what its pods request")
    assert [limit.most_pod_memory for limit in evidence.limits] == [1024 * MIB]
    assert "1024Mi memory a pod" in the(evidence, "limit_ranges").excerpt


def test_a_node_is_read_with_all_others_and_its_pods(shop: Shop) -> None:
    """Which of them take pods, which is not ready since when, and what runs on it."""
    labels = {"node-role.kubernetes.io/control-plane": "", "topology.kubernetes.io/zone": "a"}
    shop.cluster.patch(NODES, "", "node-3", {"metadata": {"labels": labels}}, patch_type="merge")
    marks = {"metadata": {"annotations": {"sre-agent/cordoned-by": "k1"}}, "spec": {"unschedulable": True}}
    shop.cluster.patch(NODES, "", "node-2", marks, patch_type="merge")
    taints = [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": "1"}]
    shop.cluster.patch(NODES, "", "node-1", {"spec": {"taints": taints}}, patch_type="merge")
    shop.sandbox.stop_node("node-1")
    shop.sandbox.settle(60)
    evidence = shop.collect("Node", "node-1")
    assert evidence.workload is None
    assert evidence.node is not None
    assert (evidence.node.name, evidence.node.ready, evidence.node.takes_pods) == ("node-1", "Unknown", False)
    assert evidence.node.ready_changed_at is not None
    assert "stopped posting" in evidence.node.reason
    by_name = {node.name: node for node in evidence.nodes}
    assert (by_name["node-2"].cordoned_by, by_name["node-2"].takes_pods) == ("k1", False)
    assert (by_name["node-3"].control_plane, by_name["node-3"].zone, by_name["node-3"].takes_pods) == (
        True,
        "a",
        True,
    )
    assert the(evidence, "nodes").summary == "3 nodes, 2 ready, 1 cordoned"
    assert "namespace shop: 0 of 1 ready" in the(evidence, "node_pods").excerpt
    assert evidence.missing() == ()


def test_a_node_that_was_replaced_is_not_the_target(shop: Shop) -> None:
    """Its name is, its uid is not."""
    target = Target(kind="Node", namespace="", name="node-1", uid="another")
    evidence = collect(shop.cluster, target, revisions=Remembered(), clock=shop.sandbox.clock)
    assert evidence.node is None
    assert the(evidence, "workload").status == "no_data"


def test_without_a_metrics_server_there_is_no_data(tmp_path: Path, clock: ManualClock) -> None:
    """That is an answer, not a failed read."""
    with Sandbox(clock=clock, metrics=False) as bare:
        bare.apply(limited())
        bare.settle(60)
        evidence = Shop(bare, connect(bare, tmp_path)).collect()
    assert (kinds(evidence)["metrics"], evidence.usage, evidence.missing()) == ("no_data", (), ())


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ("horizontalpodautoscalers", "autoscalers"),
        ("scaledobjects", "autoscalers"),
        ("resourcequotas", "quotas"),
    ],
)
def test_a_right_that_is_lacking_is_said(shop: Shop, tmp_path: Path, resource: str, kind: str) -> None:
    """Whether there is any cannot be told then, and rules must know."""
    keda = {"scaleTargetRef": {"name": "x"}, "maxReplicaCount": 9}
    shop.sandbox.apply(made("ScaledObject", "keda.sh/v1alpha1", "queue", keda))
    rules = [rule for rule in rules_for().reader if rule.resource != resource]
    reader = connect(shop.sandbox, tmp_path, grant(shop.sandbox, "narrow", rules))
    evidence = shop.collect(reader=reader)
    assert kinds(evidence)[kind] == "forbidden"
    assert evidence.unread(kind)
    assert not evidence.unread("metrics")


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "tier": "front"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
    ],
)
def test_selectors_match_as_the_api_does(selector: JsonObject | None, matches: bool) -> None:
    """An empty selector matches everything, none at all nothing."""
    assert selects(selector, {"app": "web"}) is matches
