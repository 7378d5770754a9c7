"""Items of evidence about what guards an action, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tools.draining import said_no
from tools.gathering import Found
from tools.guards import Guards
from tools.items import Items, when
from tools.objects import condition, metadata
from tools.records import AutoscalerFacts, BudgetFacts, ItemStatus, NodeFacts, QuotaFacts
from tools.resources import JsonObject

SHOWN = 20
Words = tuple[str, str]


def add_guard_items(items: Items, guards: Guards) -> None:
    """One item for each kind that was read, in a stable order; KEDA's objects count as autoscalers."""
    found = _joined(guards.found)
    for kind, read in found.items():
        if read.status in ("failed", "forbidden"):
            items.add(kind, read.status, read.query, read.why)
            continue
        said = _WORDS[kind](guards, read)
        status: ItemStatus = "found" if said else "no_data"
        summary, excerpt = said or (_NOTHING[kind], "")
        items.add(kind, status, read.query, summary, excerpt)


def _joined(found: Mapping[str, Found]) -> dict[str, Found]:
    """Whether something scales the workload is one question: it is answered when both reads were."""
    keda = found.get("scaled_objects")
    joined = {kind: read for kind, read in found.items() if kind != "scaled_objects"}
    if keda and keda.status in ("failed", "forbidden"):
        joined["autoscalers"] = keda
    return joined


def _metrics(guards: Guards, read: Found) -> Words | None:
    if not guards.usage:
        return None
    lines = [
        f"{u.pod}/{u.container}: {(u.cores or 0.0) * 1000:.0f}m processor, {(u.memory or 0.0) / 2**20:.0f}Mi memory"
        for u in guards.usage
    ]
    newest = max(u.at for u in guards.usage)
    pods = len({u.pod for u in guards.usage})
    return f"usage of {pods} pods, newest sample {when(newest)}", "\n".join(_cut(lines))


def _autoscalers(guards: Guards, read: Found) -> Words | None:
    lines = [f"{a.kind} {a.name}: {a.least} to {a.most} replicas{_state(a)}" for a in guards.autoscalers]
    return (f"scaled by {lines[0]}", "\n".join(lines)) if lines else None


def _state(scaler: AutoscalerFacts) -> str:
    """What its own status says; nothing before there is one."""
    if not scaler.current:
        return ""
    over = "" if scaler.over is None else f", metrics at {scaler.over:.0%} of their target"
    decides = f", decides nothing: {scaler.inactive}" if scaler.inactive else over
    return f", {scaler.current} now{f', {scaler.limited}' if scaler.limited else ''}{decides}"


def _budgets(guards: Guards, read: Found) -> Words | None:
    lines = [_budget_line(budget) for budget in guards.budgets]
    return (f"{len(lines)} PodDisruptionBudgets cover its pods", "\n".join(lines)) if lines else None


def _budget_line(budget: BudgetFacts) -> str:
    stale = "" if budget.observed else " (its status is not about the present spec)"
    counts = f"{budget.healthy} healthy of {budget.needed} needed, {budget.allowed} disruptions allowed"
    return f"{budget.name}: {counts}{stale}"


def _quotas(guards: Guards, read: Found) -> Words | None:
    lines = [line for quota in guards.quotas for line in _quota_lines(quota)]
    return (
        (f"{len(guards.quotas)} ResourceQuotas in the namespace", "\n".join(_cut(lines))) if lines else None
    )


def _quota_lines(quota: QuotaFacts) -> list[str]:
    return [
        f"{quota.name} {key}: {quota.used.get(key, 0):g} of {hard:g}"
        for key, hard in sorted(quota.hard.items())
    ]


def _limits(guards: Guards, read: Found) -> Words | None:
    bounded = [
        limit for limit in guards.limits if limit.most_memory or limit.most_cores or limit.most_pod_memory
    ]
    told = [(limit.name, limit.most_memory, "container") for limit in bounded]
    told += [(limit.name, limit.most_pod_memory, "pod") for limit in bounded]
    lines = [f"{name}: at most {most / 2**20:.0f}Mi memory a {of}" for name, most, of in told if most]
    return (f"{len(bounded)} LimitRanges bound a container", "\n".join(lines)) if bounded else None


def _vertical_scalers(guards: Guards, read: Found) -> Words | None:
    lines = [f"{scaler.kind} {scaler.name}" for scaler in guards.vertical_scalers]
    return (f"{lines[0]} sets what its pods request", "\n".join(lines)) if lines else None


def _nodes(guards: Guards, read: Found) -> Words | None:
    if not guards.nodes:
        return None
    ready = sum(node.ready == "True" for node in guards.nodes)
    cordoned = sum(not node.schedulable for node in guards.nodes)
    ill_first = sorted(guards.nodes, key=lambda node: (node.takes_pods, node.name))
    summary = f"{len(guards.nodes)} nodes, {ready} ready, {cordoned} cordoned"
    return summary, "\n".join(_cut([_node_line(node) for node in ill_first]))


def _node_line(node: NodeFacts) -> str:
    state = f"Ready={node.ready} since {when(node.ready_changed_at)}"
    marks = [
        "" if node.schedulable else "cordoned by this agent" if node.cordoned_by else "cordoned",
        "control plane" if node.control_plane else "",
        "marked for removal" if node.going_away else "",
        *node.pressures,
        f"zone {node.zone}" if node.zone else "",
    ]
    told = ", ".join(mark for mark in marks if mark)
    reason = f": {node.reason}" if node.ready != "True" else ""
    return f"{node.name}: {state}{f', {told}' if told else ''}{reason}"


def _node_pods(guards: Guards, read: Found) -> Words | None:
    if not read.values:
        return None
    total = Counter(str(metadata(pod).get("namespace")) for pod in read.values)
    ready = Counter(str(metadata(pod).get("namespace")) for pod in read.values if _is_ready(pod))
    lines = [f"namespace {space}: {ready[space]} of {count} ready" for space, count in sorted(total.items())]
    return f"{len(read.values)} pods on the node, {sum(ready.values())} ready", "\n".join(_cut(lines))


def _node_workloads(guards: Guards, read: Found) -> Words | None:
    lines = said_no(guards.node_pods)
    return (lines[0], "\n".join(_cut(lines))) if lines else None


def _is_ready(pod: JsonObject) -> bool:
    return bool(condition(pod, "Ready").get("status") == "True")


def _cut(lines: Sequence[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"[... {more} lines omitted]"] if more > 0 else [])]


_WORDS: Mapping[str, Callable[[Guards, Found], Words | None]] = {
    "metrics": _metrics,
    "autoscalers": _autoscalers,
    "budgets": _budgets,
    "quotas": _quotas,
    "limit_ranges": _limits,
    "vertical_scalers": _vertical_scalers,
    "nodes": _nodes,
    "node_pods": _node_pods,
    "node_workloads": _node_workloads,
}
_NOTHING: Mapping[str, str] = {
    "metrics": "metrics.k8s.io tells nothing about its pods: no metrics server, or no sample yet",
    "autoscalers": "nothing scales it: neither a HorizontalPodAutoscaler nor a ScaledObject",
    "budgets": "no PodDisruptionBudget covers its pods",
    "quotas": "no ResourceQuota in the namespace",
    "limit_ranges": "no LimitRange bounds a container",
    "vertical_scalers": "no VerticalPodAutoscaler sets what its pods request",
    "nodes": "the nodes are not there any more",
    "node_pods": "no pods on the node",
    "node_workloads": "no owner of a workload whose pods would go forbids it",
}
