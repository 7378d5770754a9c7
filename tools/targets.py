"""What an alert is about: from labels to the workload, every hop checked by uid (section 3).

Only labels of the alert itself are believed, and of those only the ones that name Kubernetes objects: `job` and
`instance` never do. "Unresolved" is an answer with its reason, never a guess. A pod that is gone is looked for in
events first and by the shape of its name last; a name alone only ever proposes (R3.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from tools.cluster import ClusterReader
from tools.errors import Forbidden, Invalid, NotFound
from tools.excerpts import message
from tools.naming import Naming, naming
from tools.objects import uid
from tools.owners import RULES as OWNER_RULES
from tools.owners import Workload, climb, resource_of
from tools.pods_gone import RULES as GONE_RULES
from tools.pods_gone import SeriesMemory, find_owner, schedule_of_run
from tools.prometheus import SeriesReader
from tools.records import Alert, RbacRule, Record, Target
from tools.resources import (
    AUTOSCALERS,
    JOBS,
    NODES,
    PODS,
    JsonObject,
    Resource,
)
from tools.targets_by_service import RULES as SERVICE_RULES
from tools.targets_by_service import find_behind

ResolvedBy: TypeAlias = Literal["labels", "owner", "prometheus", "events", "name_pattern", "service"]
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="pods", verbs=("get",)),
    RbacRule(group="", resource="persistentvolumeclaims", verbs=("get",)),
    RbacRule(group="", resource="nodes", verbs=("get",), cluster=True),
    RbacRule(group="autoscaling", resource="horizontalpodautoscalers", verbs=("get",)),
    *OWNER_RULES,
    *GONE_RULES,
    *SERVICE_RULES,
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
    objects: int = 1
    """How many different objects the alerts of the incident name."""

    @property
    def worth_telling(self) -> bool:
        """It was not simply named: a person should know how it was found before they believe it (R3.5)."""
        found = self.target
        return found is not None and (found.resolved_by not in ("labels", "owner") or self.objects > 1)


def resolve(
    cluster: ClusterReader,
    alerts: Sequence[Alert],
    *,
    metrics: SeriesReader | None = None,
    now: datetime | None = None,
) -> Resolution:
    """The workload of the first alert that can be resolved, firing ones first, of them those that name only a Service
    last. Raises TransientError.

    `metrics`: a Prometheus, which may remember pods that are gone; asked as of `now`.
    """
    ordered = sorted(alerts, key=_weight)
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


def _weight(alert: Alert) -> tuple[bool, bool]:
    named = naming(alert.labels)
    return (alert.status != "firing", bool(named.service or named.destination))


def _resolve_one(cluster: ClusterReader, alert: Alert, memory: SeriesMemory | None) -> Resolution:
    named = naming(alert.labels)
    try:
        return _resolve_named(cluster, named, memory)
    except Forbidden as err:
        return Resolution(reason=f"Reading was refused: {err}. Grant the reader role.", pod=named.pod)
    except Invalid as err:
        return Resolution(reason=f"The alert's labels name no object: {message(str(err))}.", pod=named.pod)


def _resolve_named(cluster: ClusterReader, named: Naming, memory: SeriesMemory | None) -> Resolution:
    if not named.namespace and (named.workloads or named.pod or named.service or named.destination):
        return Resolution(
            reason="The alert has no namespace label, so its object is not known.", pod=named.pod
        )
    if named.workloads:
        return _by_labels(cluster, named)
    if named.pod:
        return _by_pod(cluster, named, memory)
    if named.node:
        return _by_label(cluster, NODES, "", named.node, "")
    if named.service or named.destination:
        return _by_service(cluster, named)
    return Resolution(
        reason="The alert's labels name no pod, workload or node, and no Service that was asked."
    )


def _by_labels(cluster: ClusterReader, named: Naming) -> Resolution:
    """What they name, where that is one thing: a Job beside its CronJob is, two Deployments are not (R3.3)."""
    found = [
        _by_label(cluster, resource, named.namespace, text, named.pod)
        for resource, text in named.workloads.items()
    ]
    targets = {each.target.uid if each.target else "" for each in found}
    if len(found) > 1 and (len(targets) > 1 or "" in targets):
        kinds = ", ".join(f"{resource.kind} {text}" for resource, text in named.workloads.items())
        return Resolution(reason=f"The alert names several workloads: {message(kinds)}.", pod=named.pod)
    return found[0]


def _by_label(cluster: ClusterReader, resource: Resource, namespace: str, text: str, pod: str) -> Resolution:
    try:
        item = cluster.get(resource, namespace, text)
        if resource is AUTOSCALERS:
            resource, item = _scaled(cluster, namespace, item)
    except NotFound as err:
        former = schedule_of_run(cluster, namespace, text) if resource is JOBS else None
        if former:
            how = f"Job {text} is gone; {former.reason}"
            return _resolution(former.workload, namespace, former.resolved_by, how, pod)
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


def _by_service(cluster: ClusterReader, named: Naming) -> Resolution:
    behind = find_behind(cluster, named)
    if behind.workload is None:
        return Resolution(reason=behind.reason)
    return _resolution(behind.workload, named.namespace, "service", behind.reason, "")


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
    return found.model_copy(update={"reason": reason, "objects": targets})
