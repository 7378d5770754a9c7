"""Which Kubernetes objects an alert's labels name, the exporter's own labels taken out (kubernetes.md 3.1).

Labels come in the forms in which Prometheus and the common rules write them: kube-state-metrics' own, `exported_…`
where a scrape renamed them, `workload` beside `workload_type` as the recording rules of kubernetes-mixin make them,
`kubernetes_…` as the documented relabelling of scraped pods does, `pod_name` of old kubelets, and an owner that a rule
joined in. `job` and `instance` never name anything: they say who was scraped. So does `service`, unless nothing of a
scrape stands beside it (`tools.naming_services`); a Service counts only where nothing else is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.naming_services import Asked, asked_of
from tools.resources import (
    AUTOSCALERS,
    CLAIMS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    REPLICASETS,
    SERVICES,
    STATEFULSETS,
    Resource,
)

WORKLOAD_LABELS: Mapping[str, Resource] = {
    "deployment": DEPLOYMENTS,
    "statefulset": STATEFULSETS,
    "daemonset": DAEMONSETS,
    "replicaset": REPLICASETS,
    "cronjob": CRONJOBS,
    "job_name": JOBS,
    "horizontalpodautoscaler": AUTOSCALERS,
    "hpa": AUTOSCALERS,
    "persistentvolumeclaim": CLAIMS,
}
_KINDS: Mapping[str, Resource] = {
    resource.kind.lower(): resource
    for resource in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, REPLICASETS, CRONJOBS, JOBS)
}
_OWNERS = (("owner_kind", "owner_name"), ("created_by_kind", "created_by_name"))
_GENERATED_SUFFIX = re.compile(
    r"(-[bcdfghjklmnpqrstvwxz2456789]{6,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}\Z|-\d+\Z"
)
_EXPORTER = re.compile(r"kube-state-metrics|node-exporter|prometheus|cadvisor")


@dataclass(frozen=True)
class Naming:
    """What one alert's labels name (R3.1, R3.2)."""

    namespace: str = ""
    pod: str = ""
    pod_uid: str = ""
    container: str = ""
    node: str = ""
    workloads: Mapping[Resource, str] = field(default_factory=dict)
    service: str = ""
    """A Service that was asked; empty where a workload, pod or node is named."""
    destination: str = ""
    """A workload whose kind a mesh does not tell; empty as `service` is."""

    def subject(self) -> tuple[str, str]:
        """What it is about as far as names alone can tell: pods of one workload count as one."""
        asked = self.destination or (f"{SERVICES.kind} {self.service}" if self.service else "")
        names = [*self.workloads.values(), _GENERATED_SUFFIX.sub("", self.pod), self.node, asked]
        return (self.namespace, next((text for text in names if text), ""))


def naming(labels: Mapping[str, str]) -> Naming:
    """The Kubernetes names in an alert's labels. An `exported_` label wins over the exporter's own."""
    exported = "exported_namespace" in labels or "exported_pod" in labels
    namespace, pod = place_of(labels)
    container = labels.get("exported_container") or (
        "" if exported else labels.get("container") or labels.get("container_name", "")
    )
    node = labels.get("exported_node") or labels.get("node", "")
    workloads = workloads_of(labels, pod)
    asked = Asked() if workloads or pod or node else asked_of(labels)
    return Naming(
        namespace=asked.namespace if asked.service or asked.destination else namespace,
        pod=pod,
        pod_uid=labels.get("uid", ""),
        container="" if container == "POD" or _EXPORTER.search(container) else container,
        node=node,
        workloads=workloads,
        service=asked.service,
        destination=asked.destination,
    )


def place_of(labels: Mapping[str, str]) -> tuple[str, str]:
    """Namespace and pod. What a scrape tells of the scraped pod (`kubernetes_…`) is believed as a pair only."""
    exported = "exported_namespace" in labels or "exported_pod" in labels
    namespace = labels.get("exported_namespace") or labels.get("namespace", "")
    pod = labels.get("exported_pod") or ("" if exported else labels.get("pod") or labels.get("pod_name", ""))
    scraped = labels.get("kubernetes_namespace", "")
    if not exported and not pod and scraped and namespace in ("", scraped):
        pod = labels.get("kubernetes_pod_name", "")
    namespace = namespace or scraped
    return namespace, "" if _is_exporter(labels, pod) else pod


def workloads_of(labels: Mapping[str, str], pod: str) -> dict[Resource, str]:
    """The workloads that are named, by kind; an owner and a renamed `job` only where nothing else is named."""
    found = {resource: labels[label] for label, resource in WORKLOAD_LABELS.items() if labels.get(label)}
    for label, resource in WORKLOAD_LABELS.items():
        if labels.get(f"exported_{label}"):
            found[resource] = labels[f"exported_{label}"]
    typed = _KINDS.get(labels.get("workload_type", "").lower())
    if not found and typed and labels.get("workload"):
        found[typed] = labels["workload"]
    if not found and not pod:
        found.update(_owner(labels))
    if not found and not pod and labels.get("exported_job"):
        # Beside another name it is only the scrape job that a target had before.
        found[JOBS] = labels["exported_job"]
    return found


def _owner(labels: Mapping[str, str]) -> dict[Resource, str]:
    """What kube-state-metrics calls the controller, where a rule kept that and dropped the pod."""
    for kind, named in _OWNERS:
        resource = _KINDS.get(labels.get(kind, "").lower())
        if resource and labels.get(named) and labels.get("owner_is_controller") != "false":
            return {resource: labels[named]}
    return {}


def _is_exporter(labels: Mapping[str, str], pod: str) -> bool:
    """The pod that told of it. One with a uid is meant: only series about pods have that, and nothing renamed it."""
    meant = bool(labels.get("uid")) and "exported_namespace" not in labels
    return bool(_EXPORTER.search(pod)) and not meant
