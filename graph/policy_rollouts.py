"""Rules about what a rollout does to the pods that serve: none lost, none that cannot start, none for nothing. Pure.

They have the form of the rules in `graph.policy` and are among them (kubernetes.md 4.3, 4.4 and 7.2).
"""

from __future__ import annotations

from math import ceil

from graph.policy_facts import Answer, PolicyFacts, PolicySettings

ROLLING = frozenset({"restart", "rollback", "memory"})
"""Families that replace every pod of a workload."""


def restart_without_effect(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A restart that replaces no pod, or only some, is none (kubernetes.md 4.3)."""
    plan = facts.rollout
    if facts.family != "restart":
        return None
    if plan.strategy == "OnDelete":
        return ("refuse", "updateStrategy OnDelete: the change would replace no pod")
    if plan.partition > 0:
        return ("refuse", f"partition {plan.partition}: only pods from that number on would be replaced")
    return None


def sole_pod(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """The only pod, with a volume or a port of its node: the new one may wait for what the old one holds."""
    plan = facts.rollout
    holds = [*(f"volume claim {name}" for name in plan.claims), *(f"host port {p}" for p in plan.host_ports)]
    if facts.family == "restart" and facts.desired == 1 and holds:
        return ("ask", f"its only pod holds {holds[0]}, so the new one may not start beside it")
    return None


def surge_forbidden(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A rollout that begins with one more pod, in a namespace whose quota lets none in, hangs."""
    plan = facts.rollout
    why = facts.guards.surge_lacks or facts.guards.creation_refused
    if facts.family not in ROLLING or not why or not plan.surge or plan.may_be_missing:
        return None
    return ("refuse" if facts.family == "restart" else "ask", f"the rollout begins with a new pod: {why}")


def rollout_floor(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A rolling update that may take away more than half of the pods, or than a budget lets go (kubernetes.md 7.2)."""
    plan = facts.rollout
    if facts.family not in ROLLING or plan.strategy == "Recreate":
        return None
    needed = max((budget.needed for budget in facts.guards.budgets), default=0)
    floor = min(facts.ready, max(1, ceil(facts.desired / 2), needed))
    keeps = min(facts.ready, facts.desired - plan.may_be_missing)
    if keeps >= floor:
        return None
    return ("ask", f"its rollout may leave {max(keeps, 0)} of {facts.ready} ready pods, {floor} have to stay")


def scale_in_rollout(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """While a rollout moves nobody knows whether the load is that of the old pods or of the new ones."""
    if facts.family == "scale" and facts.rolling_out:
        return ("ask", "a rollout is in progress")
    return None


def restart_at_minimum(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """An autoscaler is at its least and pods are not ready: a restart takes from what little there is."""
    if facts.family != "restart" or not 0 < facts.ready < facts.desired:
        return None
    if "autoscalers" in facts.evidence_missing:
        return ("ask", "it could not be read whether an autoscaler is at its least")
    scaler = next((s for s in facts.guards.autoscalers if facts.desired <= s.least), None)
    if scaler is None:
        return None
    return (
        "ask",
        f"{scaler.kind} {scaler.name} is at its least of {scaler.least}, {facts.ready} pods are ready",
    )


ROLLOUTS = (
    restart_without_effect,
    sole_pod,
    surge_forbidden,
    rollout_floor,
    scale_in_rollout,
    restart_at_minimum,
)
