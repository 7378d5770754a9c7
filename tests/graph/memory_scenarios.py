"""Facts around a memory limit in which nothing stands in the way, and one change for each rule about it."""

from __future__ import annotations

from typing import Any

from graph.memory_limits import MemoryAsk
from graph.policy import GuardFacts, PolicyFacts, PolicySettings
from tests.graph.evidence_builders import ago, policy_facts
from tools.records import AutoscalerFacts, LimitFacts

AUTO = PolicySettings(mode="auto")
GIB = 2.0**30


def raise_memory(
    *, memory: dict[str, Any] | None = None, guards: dict[str, Any] | None = None, **more: Any
) -> PolicyFacts:
    """From 1 to 1.5 GiB on nodes of 16; its risk is taken as medium, so that a guard alone decides."""
    ask = MemoryAsk(**{"limit": 1.5 * GIB, "pod_limit": 2 * GIB, "node": 16 * GIB, **(memory or {})})
    around = GuardFacts(**{"memory": ask, **(guards or {})})
    base = {"action": "set_memory_limit", "family": "memory", "problem": "out_of_memory", "guards": around}
    return policy_facts(**{**base, **more})


VPA = AutoscalerFacts(kind="VerticalPodAutoscaler", name="web")
RANGE = LimitFacts(name="small", most_memory=1.25 * GIB)
SCENARIOS = {
    "memory_unread": (raise_memory(evidence_missing=("limit_ranges",)), AUTO, "refuse"),
    "vertically_scaled": (raise_memory(guards={"vertical_scalers": (VPA,)}), AUTO, "refuse"),
    "memory_cap": (raise_memory(memory={"limit": 17 * GIB, "node": 64 * GIB}), AUTO, "refuse"),
    "memory_range": (raise_memory(guards={"limits": (RANGE,)}), AUTO, "refuse"),
    "memory_quota": (raise_memory(memory={"quota_lacks": "ResourceQuota all: no room"}), AUTO, "refuse"),
    "memory_node": (raise_memory(memory={"node": 2 * GIB}), AUTO, "refuse"),
    "memory_once": (raise_memory(guards={"memory_writes": (ago(86000),)}), AUTO, "refuse"),
    "memory_in_rollout": (raise_memory(rolling_out=True), AUTO, "refuse"),
}
"""One for each rule in `graph.policy_memory`, in their order."""
