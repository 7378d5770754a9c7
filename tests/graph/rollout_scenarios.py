"""Facts in which one rule about rollouts alone decides."""

from __future__ import annotations

from typing import Any

from graph.policy import GuardFacts, PolicyFacts, PolicySettings
from tests.graph.evidence_builders import policy_facts
from tests.graph.guard_scenarios import HPA, scale
from tools.records import RolloutPlan

AUTO = PolicySettings(mode="auto")
FULL = "ResourceQuota all: pods 3 of 3 used, 1 more needed"


def rolls(plan: dict[str, Any], **more: Any) -> PolicyFacts:
    """A restart of a workload with this plan; one surge pod and none missing unless told."""
    return policy_facts(rollout=RolloutPlan(**{"surge": 1, **plan}), **more)


SCENARIOS = {
    "restart_without_effect": (rolls({"strategy": "OnDelete"}), AUTO, "refuse"),
    "sole_pod": (rolls({"claims": ("data",)}, desired=1), AUTO, "ask"),
    "surge_forbidden": (rolls({}, guards=GuardFacts(surge_lacks=FULL)), AUTO, "refuse"),
    "rollout_floor": (rolls({"may_be_missing": 3}, ready=1), AUTO, "ask"),
    "scale_in_rollout": (scale(rolling_out=True), AUTO, "ask"),
    "restart_at_minimum": (
        policy_facts(ready=1, desired=2, guards=GuardFacts(autoscalers=(HPA,))),
        AUTO,
        "ask",
    ),
}
"""One for each rule in `graph.policy_rollouts`, in their order."""
