"""What an alert is about: from labels to the workload, every hop checked by uid (section 3).

Only labels of the alert itself are believed, and of those only the ones that name Kubernetes objects: `job` and
`instance` never do. "Unresolved" is an answer with its reason, never a guess. A pod that is gone is looked for in
events first and by the shape of its name last; a name alone only ever proposes (R3.5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from tools.cluster import ClusterReader
from tools.errors import Forbidden, Invalid, NotFound
from tools.excerpts import message
from tools.objects import uid
from tools.owners import RULES as OWNER_RULES
from tools.owners import Workload, climb, resource_of
from tools.pods_gone import RULES as GONE_RULES
from tools.pods_gone import SeriesMemory, find_owner
from tools.prometheus import SeriesReader
from tools.records import Alert, RbacRule, Record, Target
from tools.resources import (
    AUTOSCALERS,
    CLAIMS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PODS,
    STATEFULSETS,
    JsonObject,
    Resource,
)

_WORKLOAD_LABELS: Mapping[str, Resource] = {
    "deployment": DEPLOYMENTS,
    "statefulset": STATEFULSETS,
    "daemonset": DAEMONSETS,
    "cronjob": CRONJOBS,
    "job_name": JOBS,
    "horizontalpodautoscaler": AUTOSCALERS,
    "hpa": AUTOSCALERS,
    "persistentvolumeclaim": CLAIMS,
}
ResolvedBy: TypeAlias = Literal["labels", "owner", "prometheus", "events", "name_pattern"]
_GENERATED_SUFFIX = re.compile(
    r"(-[bcdfghjklmnpqrstvwxz2456789]{6,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}\Z|-\d+\Z"
)
_EXPORTER = re.compile(r"kube-state-metrics|node-exporter|prometheus|cadvisor")

RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="pods", verbs=("get",)),
    RbacRule(group="", resource="persistentvolumeclaims", verbs=("get",)),
    RbacRule(group="", resource="nodes", verbs=("get",), cluster=True),
    RbacRule(group="autoscaling", resource="horizontalpodautoscalers", verbs=("get",)),
    *OWNER_RULES,
    *GONE_RULES,
)


class Resolution(Record):
    """What the alerts are about, or why that cannot be told."""

    target: Target | None = None
    reason: str
    """How it was found, or why not; for a person."""
    pod: str = ""
    """The pod that the alert names, if it names one."""
    pod_gone: bool = False
    """The named pod does not exist any more, or another one has its name (R3.6)."""


@dataclass(frozen=True)
class Naming:
    """What one alert's labels name, exporter's own labels taken out (R3.1, R3.2)."""

    namespace: str = ""
    pod: str = ""
    pod_uid: str = ""
    node: str = ""
    workloads: Mapping[Resource, str] = field(default_factory=dict)

    def subject(self) -> tuple[str, str]:
        """What it is about as far as names alone can tell: pods of one workload count as one."""
        names = [*self.workloads.values(), _GENERATED_SUFFIX.sub("", self.pod), self.node]
        return (self.namespace, next((text for text in names if text), ""))


def resolve(
    cluster: ClusterReader,
    alerts: Sequence[Alert],
    *,
    metrics: SeriesReader | None = None,
    now: datetime | None = None,
) -> Resolution:
    """The workload of the first alert that can be resolved, firing ones first. Raises TransientError.

    `metrics`: a Prometheus, which may remember pods that are gone; asked as of `now`.
    """
    ordered = sorted(alerts, key=lambda alert: alert.status != "firing")
    failures: list[Resolution] = []
    for alert in ordered:
        memory = SeriesMemory(metrics, alert.starts_at, now) if metrics and now else None
        found = _resolve_one(cluster, alert, memory)
        if found.target is not None:
            return _with_others(found, len({naming(alert.labels).subject() for alert in alerts}))
        failures.append(found)
    if not failures:
        return Resolution(reason="There is no alert to resolve a target from.")
    return failures[0]


def naming(labels: Mapping[str, str]) -> Naming:
    """The Kubernetes names in an alert's labels. An `exported_` label wins over the exporter's own."""
    exported = "exported_namespace" in labels or "exported_pod" in labels
    pod = labels.get("exported_pod") or ("" if exported else labels.get("pod", ""))
    workloads = {resource: labels[label] for label, resource in _WORKLOAD_LABELS.items() if labels.get(label)}
    for label, resource in _WORKLOAD_LABELS.items():
        if labels.get(f"exported_{label}"):
            workloads[resource] = labels[f"exported_{label}"]
    if not workloads and not pod and labels.get("exported_job"):
        # Beside another name it is only the scrape job that a target had before.
        workloads[JOBS] = labels["exported_job"]
    return Naming(
        namespace=labels.get("exported_namespace") or labels.get("namespace", ""),
        pod="" if _EXPORTER.search(pod) else pod,
        pod_uid=labels.get("uid", ""),
        node=labels.get("exported_node") or labels.get("node", ""),
        workloads=workloads,
    )


def _resolve_one(cluster: ClusterReader, alert: Alert, memory: SeriesMemory | None) -> Resolution:
    named = naming(alert.labels)
    try:
        return _resolve_named(cluster, named, memory)
    except Forbidden as err:
        return Resolution(reason=f"Reading was refused: {err}. Grant the reader role.", pod=named.pod)
    except Invalid as err:
        return Resolution(reason=f"The alert's labels name no object: {err}.", pod=named.pod)


def _resolve_named(cluster: ClusterReader, named: Naming, memory: SeriesMemory | None) -> Resolution:
    if len(named.workloads) > 1:
        kinds = ", ".join(f"{resource.kind} {text}" for resource, text in named.workloads.items())
        return Resolution(reason=f"The alert names several workloads: {message(kinds)}.", pod=named.pod)
    if not named.namespace and (named.workloads or named.pod):
        return Resolution(
            reason="The alert has no namespace label, so its object is not known.", pod=named.pod
        )
    if named.workloads:
        ((resource, text),) = named.workloads.items()
        return _by_label(cluster, resource, named.namespace, text, named.pod)
    if named.pod:
        return _by_pod(cluster, named, memory)
    if named.node:
        return _by_label(cluster, NODES, "", named.node, "")
    return Resolution(reason="The alert's labels name no pod, workload or node.")


def _by_label(cluster: ClusterReader, resource: Resource, namespace: str, text: str, pod: str) -> Resolution:
    try:
        item = cluster.get(resource, namespace, text)
        if resource is AUTOSCALERS:
            resource, item = _scaled(cluster, namespace, item)
    except NotFound as err:
        return Resolution(reason=f"{resource.kind} {message(text)} does not exist: {err}.", pod=pod)
    found = climb(cluster, resource, namespace, item)
    return _resolution(found, namespace, "labels", "the alert's labels name it", pod)


def _scaled(cluster: ClusterReader, namespace: str, autoscaler: JsonObject) -> tuple[Resource, JsonObject]:
    """What an autoscaler scales stands for the autoscaler, where that is a workload that we know."""
    reference = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    scaled = resource_of(reference)
    if scaled is None:
        return AUTOSCALERS, autoscaler
    return scaled, cluster.get(scaled, namespace, str(reference.get("name", "")))


def _by_pod(cluster: ClusterReader, named: Naming, memory: SeriesMemory | None) -> Resolution:
    try:
        pod = cluster.get(PODS, named.namespace, named.pod)
    except NotFound:
        return _by_gone_pod(cluster, named, "is gone", memory)
    if named.pod_uid and named.pod_uid != uid(pod):
        return _by_gone_pod(cluster, named, "was replaced by another of that name", memory)
    found = climb(cluster, PODS, named.namespace, pod)
    return _resolution(found, named.namespace, "owner", f"it controls pod {named.pod}", named.pod)


def _by_gone_pod(cluster: ClusterReader, named: Naming, what: str, memory: SeriesMemory | None) -> Resolution:
    former = find_owner(cluster, named.namespace, named.pod, memory=memory)
    if former is None:
        reason = f"Pod {named.namespace}/{named.pod} {what}, and nothing says whose it was."
        return Resolution(reason=reason, pod=named.pod, pod_gone=True)
    how = f"pod {named.pod} {what}; {former.reason}"
    found = _resolution(former.workload, named.namespace, former.resolved_by, how, named.pod)
    return found.model_copy(update={"pod_gone": True})


def _resolution(found: Workload, namespace: str, resolved_by: ResolvedBy, how: str, pod: str) -> Resolution:
    if found.problem:
        return Resolution(reason=f"{how}, but {found.problem}.", pod=pod)
    target = Target(
        kind=found.kind,
        namespace=namespace,
        name=found.name,
        uid=found.uid,
        resolved_by=resolved_by,
        managed_by=found.managed_by,
    )
    return Resolution(target=target, reason=f"{found.kind} {found.name}: {how}.", pod=pod)


def _with_others(found: Resolution, targets: int) -> Resolution:
    """Say so when the incident's alerts are about several workloads: this one is the first of them."""
    if targets < 2:
        return found
    reason = f"{found.reason} The incident's alerts name {targets} different objects; this is the first."
    return found.model_copy(update={"reason": reason})
