"""Which alerts are about the control plane itself, so that nothing is written while they fire (kubernetes.md 2.2)."""

from __future__ import annotations

CLUSTER_ALERTS = frozenset(
    {
        "KubeAPIDown",
        "KubeAPIInstanceUnreachable",
        "KubeAPIErrorBudgetBurn",
        "KubeAPITerminatedRequests",
        "KubeClientErrors",
        "KubeProxyDown",
        "KubeletDown",
        "KubeVersionMismatch",
    }
)
CLUSTER_ALERT_FAMILIES = frozenset({"KubeAggregatedAPI", "KubeScheduler", "KubeControllerManager", "etcd"})
"""How the names of others begin."""


def holds(name: str) -> bool:
    """Whether a global hold goes with an alert of this name."""
    return name in CLUSTER_ALERTS or name.startswith(tuple(CLUSTER_ALERT_FAMILIES))
