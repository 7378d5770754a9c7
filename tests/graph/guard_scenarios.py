"""Facts around scaling, evicting and cordoning in which nothing stands in the way, and one change for each guard."""

from __future__ import annotations

from typing import Any

from graph.policy import GuardFacts, PolicyFacts, PolicySettings
from tests.graph.evidence_builders import ago, policy_facts
from tools.records import AutoscalerFacts, BudgetFacts, NodeFacts, NodePod, Target

AUTO = PolicySettings(mode="auto")
NODE = Target(kind="Node", namespace="", name="node-2", uid="uid-node-2")


def scale(*, guards: dict[str, Any] | None = None, **more: Any) -> PolicyFacts:
    """From three ready replicas to four."""
    base = {"action": "scale_deployment", "family": "scale", "problem": "high_cpu", "ready": 3}
    return policy_facts(**{**base, "guards": GuardFacts(**{"replicas": 4, **(guards or {})}), **more})


def expand(*, guards: dict[str, Any] | None = None, **more: Any) -> PolicyFacts:
    """A claim that asks for a fifth more; its risk is taken as medium, so that a guard alone decides."""
    target = Target(kind="PersistentVolumeClaim", namespace="shop", name="data", uid="uid-data")
    base = {"action": "expand_pvc", "family": "volume", "problem": "volume_filling", "target": target}
    return policy_facts(**{**base, "guards": GuardFacts(**{"volume_gib": 12.0, **(guards or {})}), **more})


def evict(*budgets: BudgetFacts, **more: Any) -> PolicyFacts:
    """One stuck pod of three."""
    base = {"action": "delete_pod", "family": "evict", "problem": "stuck_pod", "ready": 2}
    return policy_facts(**{**base, "guards": GuardFacts(budgets=budgets), **more})


def node(name: str, **more: Any) -> NodeFacts:
    """A node that is well."""
    return NodeFacts(**{"name": name, "uid": f"uid-{name}", "ready": "True", **more})


def cordon(*others: NodeFacts, guards: dict[str, Any] | None = None, **more: Any) -> PolicyFacts:
    """A node that is not Ready, among others; its risk is taken as medium, so that a guard alone decides."""
    ill = node("node-2", **{"ready": "Unknown", **more.pop("node", {})})
    around = {"node": ill, "other_nodes": others or (node("node-1"), node("node-3")), **(guards or {})}
    base = {
        "action": "cordon_node",
        "family": "node",
        "problem": "node_not_ready",
        "target": NODE,
        "desired": 1,
        "guards": GuardFacts(**around),
    }
    return policy_facts(**{**base, **more})


def pod(**more: Any) -> NodePod:
    """A pod of a Deployment on the node that is drained."""
    return NodePod(**{"namespace": "shop", "name": "web-1", "uid": "uid-web-1", "fate": "goes", **more})


def drain(*pods: NodePod, **more: Any) -> PolicyFacts:
    """A node that is Ready, with these pods; its risk is taken as medium, as for a cordon."""
    around = {**more.pop("guards", {}), "node_pods": pods}
    state = {"ready": "True", **more.pop("node", {})}
    return cordon(action="drain_node", problem="requested_by_nobody", node=state, guards=around, **more)


def budget(**more: Any) -> BudgetFacts:
    """Two healthy pods of the two that are needed."""
    return BudgetFacts(**{"name": "web", "healthy": 2, "needed": 2, **more})


HPA = AutoscalerFacts(kind="HorizontalPodAutoscaler", name="web", least=2, most=5)
SCENARIOS = {
    "system_priority": (scale(guards={"priority_class": "system-node-critical"}), AUTO, "refuse"),
    "autoscaled": (scale(guards={"autoscalers": (HPA,)}), AUTO, "refuse"),
    "scale_limit": (scale(guards={"replicas": 51}), AUTO, "refuse"),
    "volume_limit": (expand(guards={"volume_gib": 1025.0}), AUTO, "refuse"),
    "quota": (scale(guards={"quota_lacks": "ResourceQuota all: pods 3 of 3 used"}), AUTO, "refuse"),
    "disruption_budget": (evict(budget(healthy=1)), AUTO, "refuse"),
    "availability_floor": (evict(ready=1), AUTO, "refuse"),
    "growth_unread": (
        policy_facts(problem="out_of_memory", evidence_missing=("memory_growth",)),
        AUTO,
        "refuse",
    ),
    "nodes_unread": (cordon(evidence_missing=("nodes",)), AUTO, "refuse"),
    "control_plane_node": (cordon(node={"control_plane": True}), AUTO, "refuse"),
    "node_leaving": (cordon(node={"going_away": True}), AUTO, "refuse"),
    "other_node_ill": (cordon(node("node-1", schedulable=False), node("node-3")), AUTO, "refuse"),
    "last_node": (cordon(node("node-1", control_plane=True)), AUTO, "refuse"),
    "node_pause": (cordon(guards={"node_writes": (ago(1700),)}), AUTO, "refuse"),
    "drain_unready": (drain(node={"ready": "False"}), AUTO, "refuse"),
    "drained_pods": (drain(pod(fate="forbids")), AUTO, "refuse"),
    "drained_workloads": (drain(pod(disabled_by="Deployment shop/web")), AUTO, "refuse"),
}
"""One for each rule in `graph.policy_guards`, in their order, in which this rule alone decides."""
HOLD_SCENARIOS = {
    "kill_switch_unread": (policy_facts(pause_unread="forbidden"), AUTO, "ask"),
    "global_hold": (policy_facts(holds=("5 workloads fell ill within 5 min",)), AUTO, "ask"),
    "silenced": (policy_facts(quiet="KubePodCrashLooping is silenced"), AUTO, "ask"),
}
"""The same for each rule in `graph.policy_hold`."""
