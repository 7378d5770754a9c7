"""May this run here, now, without a person. Pure: one function per rule, each named in `blocked_by`."""

from __future__ import annotations

from typing import Literal

from tools.records import Record

DENIED_NAMESPACES = (
    "kube-*",
    "monitoring",
    "prometheus",
    "observability",
    "grafana",
    "ingress-nginx",
    "ingress",
    "traefik",
    "cert-manager",
    "istio-system",
    "linkerd",
    "argocd",
    "flux-system",
    "gatekeeper-system",
    "kyverno",
)


class PolicySettings(Record):
    """The limits in force, as configured. Names and defaults: product.md section 2."""

    mode: Literal["shadow", "approve", "auto"] = "approve"
    confidence_threshold: float = 0.8
    settle_seconds: float = 30.0
    namespace_allow: tuple[str, ...] = ()
    """Glob patterns; empty allows all that is not denied."""
    namespace_deny: tuple[str, ...] = DENIED_NAMESPACES
    target_namespace: str = ""
    target_deployment: str = ""
    require_approval_for: tuple[str, ...] = ("rollback", "delete_deployment")
    own_uids: tuple[str, ...] = ()
    """uids of the agent's own workloads (and its store's): never written to."""
    enabled_actions: tuple[str, ...] = ()
    """Actions off by default that were enabled by name."""
    approval_ttl_seconds: float = 3600.0
    attempt_window_seconds: float = 6 * 3600.0
    """One attempt per workload and problem class in this time."""
    cluster_writes_per_hour: int = 6
    cluster_writes_per_day: int = 20
    verify_delay_seconds: float = 30.0
    verify_window_seconds: float = 120.0
    verify_poll_seconds: float = 10.0
    verify_timeout_seconds: float = 900.0
    """From the write until INCONCLUSIVE."""
    test_cluster: bool = False
    """Short windows are allowed, and every message says so."""
