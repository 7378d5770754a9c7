"""What can be read off usage, requests and limits without deciding anything: shares, and what a quota still holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from math import floor

from graph.symptoms import live_pods
from tools.records import ContainerFacts, Evidence, PodFacts, QuotaFacts, UsageFacts, UsageSource

FRESH: Mapping[UsageSource, timedelta] = {
    "metrics.k8s.io": timedelta(seconds=180),
    "Prometheus": timedelta(seconds=300),
}
"""An older sample says nothing about now; the first that tells is believed."""
USE_KINDS = ("metrics", "processor_use", "memory_growth")
"""Kinds of items that tell what pods use."""
_PODS = ("pods", "count/pods", "count/pods.")


def used_cores(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> UsageFacts | None:
    """Who tells now what processor time the container uses: `metrics.k8s.io` first, Prometheus second."""
    return next((u for u in _fresh(pod, container, evidence) if u.cores is not None), None)


def held_memory(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> UsageFacts | None:
    """Who tells now what memory the container holds, in the same order."""
    return next((u for u in _fresh(pod, container, evidence) if u.memory is not None), None)


def cpu_share(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> float | None:
    """What the container uses of its limit, or of its request; None: nobody knows, or there is neither."""
    bound, told = container.cpu_limit or container.cpu_request, used_cores(pod, container, evidence)
    return told.cores / bound if bound and told and told.cores is not None else None


def memory_share(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> float | None:
    """What the container holds of its memory limit; None: nobody knows, or it has none."""
    limit, told = container.memory_limit, held_memory(pod, container, evidence)
    return told.memory / limit if limit and told and told.memory is not None else None


def silent_sources(evidence: Evidence) -> tuple[str, ...]:
    """Why those that could tell what pods use do not, one line each."""
    told = (item.summary for item in evidence.items if item.kind in USE_KINDS and item.status != "found")
    return tuple(dict.fromkeys(told))


def _fresh(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> list[UsageFacts]:
    found = [
        usage
        for usage in evidence.usage
        if (usage.pod, usage.container) == (pod.name, container.name)
        and evidence.collected_at - usage.at <= FRESH[usage.source]
    ]
    return sorted(found, key=lambda usage: list(FRESH).index(usage.source))


def quota_lacks(evidence: Evidence, more: int) -> str:
    """Which quota so many more pods would exceed, or an empty string."""
    for quota in evidence.quotas:
        for key, hard in sorted(quota.hard.items()):
            needed, used = more * per_pod(key, evidence), quota.used.get(key, 0.0)
            if needed > 0 and used + needed > hard * (1 + 1e-9):
                return f"ResourceQuota {quota.name}: {key} {used:g} of {hard:g} used, {needed:g} more needed"
    return ""


def pods_that_fit(evidence: Evidence) -> int | None:
    """How many more pods the quotas hold; None: no quota bounds them."""
    rooms = [room for quota in evidence.quotas for room in _rooms(quota, evidence)]
    return max(0, min(rooms)) if rooms else None


def _rooms(quota: QuotaFacts, evidence: Evidence) -> Iterable[int]:
    for key, hard in quota.hard.items():
        each = per_pod(key, evidence)
        if each > 0:
            yield floor((hard - quota.used.get(key, 0.0)) / each + 1e-9)


def per_pod(key: str, evidence: Evidence) -> float:
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
