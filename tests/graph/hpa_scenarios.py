"""Facts around an autoscaler's maximum in which nothing stands in the way, and one change for each rule about it."""

from __future__ import annotations

from typing import Any

from graph.policy import GuardFacts, PolicyFacts, PolicySettings
from tests.graph.evidence_builders import ago, policy_facts
from tools.records import AutoscalerFacts

AUTO = PolicySettings(mode="auto")


def scaler(**more: Any) -> AutoscalerFacts:
    """At its maximum of six for an hour, with metrics at a quarter above their target."""
    return AutoscalerFacts(
        **{
            "kind": "HorizontalPodAutoscaler",
            "name": "web",
            "uid": "uid-hpa",
            "least": 2,
            "most": 6,
            "current": 6,
            "wanted": 6,
            "limited": "TooManyReplicas",
            "limited_since": ago(3600),
            "over": 1.25,
            **more,
        }
    )


def raise_maximum(
    *scalers: AutoscalerFacts, guards: dict[str, Any] | None = None, **more: Any
) -> PolicyFacts:
    """From six to nine; its risk is taken as medium, so that a guard alone decides."""
    around = {"autoscalers": scalers or (scaler(),), "scaler_uid": "uid-hpa", "replicas": 9, **(guards or {})}
    base = {"action": "set_hpa_maximum", "family": "autoscaler", "problem": "hpa_at_maximum"}
    return policy_facts(**{**base, "ready": 6, "desired": 6, "guards": GuardFacts(**around), **more})


SCENARIOS = {
    "hpa_unread": (raise_maximum(evidence_missing=("quotas",)), AUTO, "refuse"),
    "hpa_contested": (raise_maximum(scaler(), scaler(uid="uid-other")), AUTO, "refuse"),
    "hpa_managed": (raise_maximum(scaler(managed_by="operator")), AUTO, "refuse"),
    "hpa_limit": (raise_maximum(guards={"replicas": 51}), AUTO, "refuse"),
    "hpa_quota": (raise_maximum(guards={"quota_lacks": "ResourceQuota all: no room"}), AUTO, "refuse"),
}
"""One for each rule in `graph.policy_hpa`, in their order."""
