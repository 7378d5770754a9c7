"""What bears on load: who scales the workload, what quotas leave, a Service that it waits for, a release of late."""

from __future__ import annotations

from collections.abc import Iterator

from graph import counted
from graph.ages import since
from graph.cpu_words import cores
from graph.load import pods_that_fit
from graph.symptoms import current_revision, dependencies_down, just_released
from tools.quantities import format_quantity
from tools.records import AutoscalerFacts, Evidence, QuotaFacts


def around(evidence: Evidence) -> tuple[str, ...]:
    """One line each, what may be the cause first."""
    return (*_waits_for(evidence), *_release(evidence), *_scaled_by(evidence), *_quotas(evidence))


def scaler_line(scaler: AutoscalerFacts, evidence: Evidence) -> str:
    """`HorizontalPodAutoscaler web: 2 to 6 replicas, 6 now, last changed 05:10:00 UTC (50 min ago)`."""
    at = f", last changed {since(scaler.scaled_at, evidence.collected_at)}" if scaler.scaled_at else ""
    wants = f", {scaler.wanted} wanted" if scaler.wanted not in (0, scaler.current) else ""
    return f"{scaler.kind} {scaler.name}: {scaler.least} to {scaler.most} replicas, {scaler.current} now{wants}{at}"


def quota_line(quota: QuotaFacts) -> str:
    """`ResourceQuota team: limits.cpu 2 of 4, requests.cpu 2 of 2`: what of it is used."""
    used = (
        f"{key} {_amount(key, quota.used.get(key, 0.0))} of {_amount(key, hard)}"
        for key, hard in sorted(quota.hard.items())
    )
    return f"ResourceQuota {quota.name}, used: {', '.join(used)}"


def _amount(key: str, amount: float) -> str:
    if key.endswith("cpu"):
        return cores(amount)
    return format_quantity(amount, key) if key.endswith("memory") else f"{amount:g}"


def _waits_for(evidence: Evidence) -> Iterator[str]:
    for down in dependencies_down(evidence):
        yield f"Service {down.service}, which it needs, has no ready pod: it may be busy with trying again"


def _release(evidence: Evidence) -> Iterator[str]:
    revision = current_revision(evidence)
    if revision is None:
        return
    made = since(revision.created_at, evidence.collected_at)
    young = just_released(evidence)
    yield (
        f"not ruled out: its newest revision, {revision.number}, is of {made} and may be what is busy"
        if young
        else f"no new release: revision {revision.number} is of {made}; more load then, or more work in each request"
    )


def _scaled_by(evidence: Evidence) -> Iterator[str]:
    for scaler in evidence.autoscalers:
        yield scaler_line(scaler, evidence)
    if any(item.kind == "autoscalers" and item.status == "no_data" for item in evidence.items):
        yield f"no autoscaler scales it: {evidence.workload.desired if evidence.workload else 0} replicas"


def _quotas(evidence: Evidence) -> Iterator[str]:
    room = pods_that_fit(evidence)
    fits = "" if room is None else f"; room for {counted.times(room, 'more pod') if room else 'no more pod'}"
    for quota in evidence.quotas[:2]:
        yield f"{quota_line(quota)}{fits}"
