"""What can be read off usage, requests and limits without deciding anything: shares, and what a quota still holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import floor

from graph.symptoms import live_pods
from tools.records import ContainerFacts, Evidence, PodFacts, QuotaFacts, UsageFacts

FRESH = timedelta(seconds=180)
"""An older sample says nothing about now."""
_PODS = ("pods", "count/pods", "count/pods.")


def usage_of(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> UsageFacts | None:
    """The fresh sample of one container."""
    found = (u for u in evidence.usage if (u.pod, u.container) == (pod.name, container.name))
    return next((u for u in found if evidence.collected_at - u.at <= FRESH), None)


def cpu_share(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> float | None:
    """What the container uses of its limit, or of its request where it has no limit; None: nobody knows."""
    bound = container.cpu_limit or container.cpu_request
    usage = usage_of(pod, container, evidence)
    return usage.cores / bound if bound and usage else None


def memory_share(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> float | None:
    """What the container holds of its memory limit; None: nobody knows, or it has none."""
    usage = usage_of(pod, container, evidence)
    return usage.memory / container.memory_limit if container.memory_limit and usage else None


def quota_lacks(evidence: Evidence, more: int) -> str:
    """Which quota so many more pods would exceed, or an empty string."""
    for quota in evidence.quotas:
        for key, hard in sorted(quota.hard.items()):
            needed, used = more * _per_pod(key, evidence), quota.used.get(key, 0.0)
            if needed > 0 and used + needed > hard * (1 + 1e-9):
                return f"ResourceQuota {quota.name}: {key} {used:g} of {hard:g} used, {needed:g} more needed"
    return ""


def pods_that_fit(evidence: Evidence) -> int | None:
    """How many more pods the quotas hold; None: no quota bounds them."""
    rooms = [room for quota in evidence.quotas for room in _rooms(quota, evidence)]
    return max(0, min(rooms)) if rooms else None


def _rooms(quota: QuotaFacts, evidence: Evidence) -> Iterable[int]:
    for key, hard in quota.hard.items():
        each = _per_pod(key, evidence)
        if each > 0:
            yield floor((hard - quota.used.get(key, 0.0)) / each + 1e-9)


def _per_pod(key: str, evidence: Evidence) -> float:
    """What one pod takes of a quota's resource, told from the pod that asks for most."""
    if key in _PODS:
        return 1.0
    kind, _, resource = key.rpartition(".")
    field = f"{resource}_{'limit' if kind == 'limits' else 'request'}"
    if kind not in ("", "requests", "limits") or resource not in ("cpu", "memory"):
        return 0.0
    return max((_asked(pod, field) for pod in live_pods(evidence)), default=0.0)


def _asked(pod: PodFacts, field: str) -> float:
    return sum(getattr(c, field) or 0.0 for c in pod.containers if not c.init)
