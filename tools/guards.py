"""What would guard an action: usage, autoscalers, budgets, quotas, limits, nodes; read only where one may be needed.

Which of them depends on the pods alone: where all are ready the question is load; where some are ready, which of them
may go; where one was killed for memory, how much more it may have. So a storm of crashing pods costs nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.autoscalers import autoscaler_facts
from tools.cluster import ClusterReader
from tools.draining import fates
from tools.errors import NotFound
from tools.gathering import Ask, Found, ask_list, run_asks
from tools.kept_workloads import marked
from tools.node_facts import node_facts
from tools.objects import metadata, name, selector_of, selects
from tools.reads import Reads
from tools.records import (
    AutoscalerFacts,
    BudgetFacts,
    LimitFacts,
    NodeFacts,
    NodePod,
    PodFacts,
    QuotaFacts,
    RbacRule,
    Target,
    UsageFacts,
)
from tools.resources import (
    AUTOSCALERS,
    BUDGETS,
    DEPLOYMENTS,
    LIMIT_RANGES,
    NODES,
    POD_METRICS,
    PODS,
    QUOTAS,
    SCALED_OBJECTS,
    VERTICAL_SCALERS,
    JsonObject,
    Resource,
)
from tools.usage import quantity, usage_facts
from tools.workload_revisions import KINDS

MOST_NODES = 3
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="metrics.k8s.io", resource="pods", verbs=("list",)),
    RbacRule(group="autoscaling", resource="horizontalpodautoscalers", verbs=("list",)),
    RbacRule(group="keda.sh", resource="scaledobjects", verbs=("list",)),
    RbacRule(group="autoscaling.k8s.io", resource="verticalpodautoscalers", verbs=("list",)),
    RbacRule(group="policy", resource="poddisruptionbudgets", verbs=("list",)),
    RbacRule(group="", resource="resourcequotas", verbs=("list",)),
    RbacRule(group="", resource="limitranges", verbs=("list",)),
    RbacRule(group="", resource="nodes", verbs=("get", "list"), cluster=True),
)
_LISTS: Mapping[str, Resource] = {
    "metrics": POD_METRICS,
    "autoscalers": AUTOSCALERS,
    "scaled_objects": SCALED_OBJECTS,
    "budgets": BUDGETS,
    "quotas": QUOTAS,
    "limit_ranges": LIMIT_RANGES,
    "vertical_scalers": VERTICAL_SCALERS,
}


@dataclass(frozen=True)
class Guards:
    """What was read, by kind, and the facts of it."""

    found: Mapping[str, Found] = field(default_factory=dict)
    usage: tuple[UsageFacts, ...] = ()
    autoscalers: tuple[AutoscalerFacts, ...] = ()
    budgets: tuple[BudgetFacts, ...] = ()
    quotas: tuple[QuotaFacts, ...] = ()
    limits: tuple[LimitFacts, ...] = ()
    vertical_scalers: tuple[AutoscalerFacts, ...] = ()
    nodes: tuple[NodeFacts, ...] = ()
    node_pods: tuple[NodePod, ...] = ()


def wanted(pods: Sequence[PodFacts]) -> tuple[str, ...]:
    """Which kinds are worth reading for a Deployment with these pods, in a stable order."""
    living = [pod for pod in pods if not pod.deleting and pod.phase not in ("Succeeded", "Failed")]
    ready = sum(pod.ready for pod in living)
    kinds: set[str] = set()
    if living and ready == len(living):
        kinds |= {"metrics", "autoscalers", "scaled_objects", "quotas"}
    if any(container.exit_reason == "OOMKilled" for pod in living for container in pod.containers):
        kinds |= {"metrics", "quotas", "limit_ranges", "vertical_scalers", "nodes"}
    if len(living) < len(pods):
        kinds |= {"nodes"}  # what goes, or was ended by its node, is explained by it
    if 0 < ready < len(living):
        kinds |= {"budgets", "nodes", "autoscalers"}
    return tuple(kind for kind in (*_LISTS, "nodes") if kind in kinds)


def read_guards(
    cluster: ClusterReader,
    target: Target,
    workload: JsonObject,
    raw_pods: Sequence[JsonObject],
    pods: Sequence[PodFacts],
    reads: Reads,
    *,
    every: bool = False,
) -> Guards:
    """What guards actions on a workload that has revisions. `every`: whatever the pods are like."""
    if target.kind not in KINDS or not workload:
        return Guards()
    kinds = tuple(dict.fromkeys((*_LISTS, *wanted(pods)))) if every else wanted(pods)
    selector = selector_of(workload)
    asks: dict[str, Ask] = {
        kind: ask_list(cluster, _LISTS[kind], target.namespace, selector if kind == "metrics" else "")
        for kind in kinds
        if kind in _LISTS
    }
    if (every or "nodes" in kinds) and (names := _nodes_of(pods, every=every)):
        asks["nodes"] = _ask_nodes(cluster, names)
    found = run_asks(reads, asks)
    return _facts(found, target, raw_pods)


def read_nodes(cluster: ClusterReader, target: Target, reads: Reads, *, every: bool = False) -> Guards:
    """All nodes, and the pods of the one that the incident is about; `every`: with what their workloads' owners say."""
    on_it = f"spec.nodeName={target.name}"
    asks = {
        "nodes": ask_list(cluster, NODES, ""),
        "node_pods": Ask(
            f"GET {PODS.path()}?fieldSelector={on_it}", lambda: cluster.list(PODS, field_selector=on_it)
        ),
    }
    found = run_asks(reads, asks)
    nodes = tuple(node_facts(node) for node in found["nodes"].values)
    pods = fates(found["node_pods"].values)
    if every and pods:
        pods = _ask_owners(cluster, pods, reads, found)
    return Guards(found, nodes=nodes, node_pods=pods)


def _ask_owners(
    cluster: ClusterReader, pods: tuple[NodePod, ...], reads: Reads, found: dict[str, Found]
) -> tuple[NodePod, ...]:
    """The pods with what their owners say; what became of the read stands in `found`."""
    said: list[tuple[NodePod, ...]] = []

    def read() -> list[JsonObject]:
        said.append(marked(cluster, pods))
        return [{"workload": pod.disabled_by} for pod in said[0] if pod.disabled_by]

    found |= run_asks(reads, {"node_workloads": Ask("GET what controls the pods that would go", read)})
    return said[0] if said else pods


def _nodes_of(pods: Sequence[PodFacts], *, every: bool = False) -> list[str]:
    """Nodes under pods that are not well, or under any, each once, at most a few."""
    ill = [
        p
        for p in pods
        if p.node and (every or not p.ready or any(c.exit_reason == "OOMKilled" for c in p.containers))
    ]
    return list(dict.fromkeys(sorted(pod.node for pod in ill)))[:MOST_NODES]


def _ask_nodes(cluster: ClusterReader, names: Sequence[str]) -> Ask:
    def read() -> list[JsonObject]:
        found = []
        for text in names:
            try:
                found.append(cluster.get(NODES, "", text))
            except NotFound:
                continue
        return found

    return Ask(f"GET {NODES.path()}/{','.join(names)}", read)


def _facts(found: Mapping[str, Found], target: Target, pods: Sequence[JsonObject]) -> Guards:
    def values(kind: str) -> Sequence[JsonObject]:
        return found[kind].values if kind in found else ()

    scalers = [*values("autoscalers"), *values("scaled_objects")]
    return Guards(
        found=found,
        usage=usage_facts(values("metrics")),
        autoscalers=tuple(autoscaler_facts(item) for item in scalers if _scales(item, target)),
        budgets=tuple(budget_facts(item) for item in values("budgets") if _covers(item, pods)),
        quotas=tuple(quota_facts(item) for item in values("quotas")),
        limits=tuple(_limit(item) for item in values("limit_ranges")),
        vertical_scalers=tuple(
            AutoscalerFacts(kind=VERTICAL_SCALERS.kind, name=name(item))
            for item in values("vertical_scalers")
            if _scales(item, target, "targetRef")
        ),
        nodes=tuple(node_facts(item) for item in values("nodes")),
    )


def _scales(item: JsonObject, target: Target, field: str = "scaleTargetRef") -> bool:
    """KEDA's reference may leave the kind out: a Deployment is meant then."""
    reference = (item.get("spec") or {}).get(field) or {}
    group, _, _ = str(reference.get("apiVersion") or "apps/v1").rpartition("/")
    kind = reference.get("kind") or DEPLOYMENTS.kind
    return (group, kind, reference.get("name")) == (DEPLOYMENTS.group, target.kind, target.name)


def _covers(item: JsonObject, pods: Sequence[JsonObject]) -> bool:
    selector = (item.get("spec") or {}).get("selector")
    return any(selects(selector, metadata(pod).get("labels") or {}) for pod in pods)


def budget_facts(item: JsonObject) -> BudgetFacts:
    """As its controller last counted."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    observed = int(status.get("observedGeneration") or 0) >= int(metadata(item).get("generation") or 0)
    return BudgetFacts(
        name=name(item),
        allowed=int(status.get("disruptionsAllowed") or 0),
        healthy=int(status.get("currentHealthy") or 0),
        needed=int(status.get("desiredHealthy") or 0),
        observed=bool(status) and observed,
        unready_always_go=spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow",
    )


def quota_facts(item: JsonObject) -> QuotaFacts:
    """The status holds both; before the controller has looked, the spec holds what is granted."""
    status = item.get("status") or {}
    hard = status.get("hard") or (item.get("spec") or {}).get("hard") or {}
    return QuotaFacts(name=name(item), hard=_amounts(hard), used=_amounts(status.get("used") or {}))


def _amounts(amounts: JsonObject) -> dict[str, float]:
    parsed = {str(key): quantity(value) for key, value in amounts.items()}
    return {key: value for key, value in parsed.items() if value is not None}


def _limit(item: JsonObject) -> LimitFacts:
    return LimitFacts(
        name=name(item),
        most_memory=_most(item, "Container", "memory"),
        most_cores=_most(item, "Container", "cpu"),
        most_pod_memory=_most(item, "Pod", "memory"),
    )


def _most(item: JsonObject, kind: str, resource: str) -> float | None:
    limits = (item.get("spec") or {}).get("limits") or []
    most = [(entry.get("max") or {}) for entry in limits if entry.get("type") == kind]
    return min((v for entry in most if (v := quantity(entry.get(resource))) is not None), default=None)
