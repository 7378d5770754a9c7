"""Rules about what else stands around a workload or a node: autoscalers, quotas, budgets, other nodes. Pure.

They have the form of the rules in `graph.policy` and are among them. A guard that could not be read is no guard that
says yes: it refuses.
"""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from math import ceil

from graph.policy_facts import Answer, PolicyFacts, PolicySettings
from tools.records import BudgetFacts, NodePod

DRAIN = "drain_node"
TAKES_AWAY = frozenset({"cordon_node", DRAIN})
"""What takes a node away from new pods."""


def system_priority(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """What the cluster itself needs is never written to (kubernetes.md 7.2)."""
    if facts.guards.priority_class.startswith("system-"):
        return ("refuse", f"its pods have priority class {facts.guards.priority_class}")
    return None


def autoscaled(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Two that set the number of replicas undo each other's work (kubernetes.md 4.4)."""
    if facts.family != "scale":
        return None
    if "autoscalers" in facts.evidence_missing:
        return ("refuse", "it could not be read whether something else scales the workload")
    scaler = next(iter(facts.guards.autoscalers), None)
    return ("refuse", f"{scaler.kind} {scaler.name} sets the number of replicas") if scaler else None


def scale_limit(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """No workload grows beyond the cap, whatever it would need."""
    if facts.family == "scale" and facts.guards.replicas > settings.most_replicas:
        return (
            "refuse",
            f"{facts.guards.replicas} replicas are more than the cap of {settings.most_replicas}",
        )
    return None


def volume_limit(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """No volume grows beyond the cap, however full it is: what has grown never shrinks."""
    if facts.family == "volume" and facts.guards.volume_gib > settings.most_volume_gib:
        size = f"{facts.guards.volume_gib:.0f} Gi"
        return ("refuse", f"{size} are more than the cap of {settings.most_volume_gib} Gi")
    return None


def quota(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """New pods that no quota lets in would help nobody."""
    if facts.family != "scale":
        return None
    if "quotas" in facts.evidence_missing:
        return ("refuse", "the ResourceQuotas could not be read")
    return ("refuse", facts.guards.quota_lacks) if facts.guards.quota_lacks else None


def disruption_budget(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """An eviction needs every budget's yes, and there may be one only; a restart asks where one is not met."""
    budgets = facts.guards.budgets
    if facts.family == "evict":
        if "budgets" in facts.evidence_missing:
            return ("refuse", "the PodDisruptionBudgets could not be read")
        if len(budgets) > 1:
            return ("refuse", f"{len(budgets)} PodDisruptionBudgets cover the pod, which the API refuses")
        return next((("refuse", why) for budget in budgets if (why := _keeps(budget))), None)
    unmet = next((budget for budget in budgets if budget.healthy < budget.needed), None)
    if facts.family == "restart" and facts.ready and unmet:
        return (
            "ask",
            f"PodDisruptionBudget {unmet.name} is not met: {unmet.healthy} of {unmet.needed} healthy",
        )
    return None


def availability_floor(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """At least half of the pods stay ready by construction, and one at the least (kubernetes.md 7.2)."""
    floor = max(1, ceil(facts.desired / 2))
    if facts.family == "evict" and facts.ready < floor:
        return ("refuse", f"only {facts.ready} of {facts.desired} pods are ready, {floor} have to stay")
    return None


def growth_unread(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A leak is told from a jump by how memory grew: a Prometheus that does not answer proves neither."""
    if (
        facts.family == "restart"
        and facts.problem == "out_of_memory"
        and "memory_growth" in facts.evidence_missing
    ):
        return ("refuse", "how its memory grew could not be read")
    return None


def nodes_unread(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Without the other nodes nobody knows whether this is the last one."""
    if facts.action in TAKES_AWAY and "nodes" in facts.evidence_missing:
        return ("refuse", "the nodes could not be read")
    return None


def control_plane_node(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """The cluster's own."""
    node = facts.guards.node
    if facts.action in TAKES_AWAY and node and node.control_plane:
        return ("refuse", "it is a node of the control plane")
    return None


def node_leaving(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """An autoscaler is at work on it."""
    node = facts.guards.node
    if facts.action in TAKES_AWAY and node and node.going_away:
        return ("refuse", "an autoscaler has marked the node for removal")
    return None


def other_node_ill(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """One node at a time: with another one away already, capacity or the cluster itself is the question."""
    if facts.action not in TAKES_AWAY:
        return None
    others = [node for node in facts.guards.other_nodes if not node.takes_pods]
    if not others:
        return None
    state = "cordoned" if others[0].ready == "True" else "NotReady"
    return ("refuse", f"{len(others)} other nodes take no pods: {others[0].name} is {state}")


def last_node(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Never the last that takes pods, of the cluster, its zone or its pool."""
    node = facts.guards.node
    if facts.action not in TAKES_AWAY or node is None:
        return None
    open_ = [n for n in facts.guards.other_nodes if n.takes_pods and not n.control_plane]
    if not open_:
        return ("refuse", "no other node takes pods")
    if node.zone and not any(n.zone == node.zone for n in open_) and _shared(facts, "zone"):
        return ("refuse", f"no other node of zone {node.zone} takes pods")
    if node.pool and not any(n.pool == node.pool for n in open_):
        return ("refuse", f"no other node of pool {node.pool} takes pods")
    return None


def node_pause(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Actions on nodes are half an hour apart."""
    since = facts.now - timedelta(seconds=settings.node_pause_seconds)
    recent = [at for at in facts.guards.node_writes if at >= since]
    if facts.action in TAKES_AWAY and recent:
        return ("refuse", f"another node was cordoned at {max(recent):%H:%M} UTC")
    return None


def drain_unready(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """The pods of a node that does not answer could not be seen to end (kubernetes.md 4.7)."""
    node = facts.guards.node
    if facts.action == DRAIN and (node is None or node.ready != "True"):
        return ("refuse", "the node is not Ready: at most it is cordoned")
    return None


def drained_pods(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A drain writes to every pod that goes: where one may not be written to, the node is not drained at all."""
    if facts.action != DRAIN:
        return None
    if "node_pods" in facts.evidence_missing:
        return ("refuse", "the pods on the node could not be read")
    forbids = [pod for pod in facts.guards.node_pods if pod.fate == "forbids"]
    if forbids:
        return ("refuse", f"{forbids[0].title}: {forbids[0].why}")
    going = [pod for pod in facts.guards.node_pods if pod.fate == "goes"]
    return next((("refuse", f"{pod.title} {why}") for pod in going if (why := _kept(pod, settings))), None)


def drained_workloads(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A workload whose owner has said no keeps its pods, whoever wants their node drained."""
    if facts.action != DRAIN:
        return None
    if "node_workloads" in facts.evidence_missing:
        return ("refuse", "what controls the pods that would go could not be read")
    named = sorted({pod.disabled_by for pod in facts.guards.node_pods if pod.disabled_by})
    return ("refuse", f'annotation sre-agent/disable: "true" on {", ".join(named)}') if named else None


GUARDS = (
    system_priority,
    autoscaled,
    scale_limit,
    volume_limit,
    quota,
    disruption_budget,
    availability_floor,
    growth_unread,
    nodes_unread,
    control_plane_node,
    node_leaving,
    other_node_ill,
    last_node,
    node_pause,
    drain_unready,
    drained_pods,
    drained_workloads,
)


def _kept(pod: NodePod, settings: PolicySettings) -> str:
    """Why a pod may not be written to, or empty."""
    if any(fnmatchcase(pod.namespace, pattern) for pattern in settings.namespace_deny):
        return "is in a namespace on the deny list"
    if settings.namespace_allow and not any(fnmatchcase(pod.namespace, p) for p in settings.namespace_allow):
        return "is in a namespace that is not on the allow list"
    if pod.priority_class.startswith("system-"):
        return f"has priority class {pod.priority_class}"
    return ""


def _keeps(budget: BudgetFacts) -> str:
    """Why a budget would not let a pod go that is not ready, as the API server decides it."""
    if budget.unready_always_go or (budget.needed > 0 and budget.healthy >= budget.needed):
        return ""
    if not budget.observed:
        return f"PodDisruptionBudget {budget.name} has not been counted yet"
    if budget.allowed > 0:
        return ""
    return f"PodDisruptionBudget {budget.name} needs {budget.needed} healthy pods and has {budget.healthy}"


def _shared(facts: PolicyFacts, field: str) -> bool:
    """Zones count only where some zone has more than one node: else every node is the last of its own."""
    nodes = (*facts.guards.other_nodes, *([facts.guards.node] if facts.guards.node else []))
    names = [getattr(node, field) for node in nodes]
    return len(set(names)) < len(names)
