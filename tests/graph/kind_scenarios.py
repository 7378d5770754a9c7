"""For each rule about a kind of workload one scenario in which it alone decides."""

from __future__ import annotations

from typing import Any

from graph.policy import GuardFacts, PolicyFacts, PolicySettings
from tests.graph.evidence_builders import TARGET, policy_facts
from tools.records import RolloutPlan, Target

AUTO = PolicySettings(mode="auto")


def of_kind(kind: str) -> Target:
    """The same workload of another kind."""
    return TARGET.model_copy(update={"kind": kind})


def scale(kind: str) -> PolicyFacts:
    """From three ready replicas to four."""
    base: dict[str, Any] = {
        "action": "scale_deployment",
        "family": "scale",
        "problem": "high_cpu",
        "ready": 3,
    }
    return policy_facts(target=of_kind(kind), guards=GuardFacts(replicas=4), **base)


KIND_SCENARIOS = {
    "rollback_without_effect": (
        policy_facts(
            target=of_kind("DaemonSet"),
            action="rollback_deployment",
            family="rollback",
            rollout=RolloutPlan(strategy="OnDelete", may_be_missing=1),
        ),
        PolicySettings(mode="auto", require_approval_for=()),
        "refuse",
    ),
    "second_steps": (policy_facts(target=of_kind("StatefulSet"), steps=1), AUTO, "ask"),
    "scaled_by_kind": (scale("StatefulSet"), AUTO, "ask"),
}
