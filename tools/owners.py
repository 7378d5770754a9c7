"""From an object up its controllers, each hop checked by uid, to the workload (section 3.2).

Only the ownerReference with `controller: true` is followed, and its API group is compared, not the kind alone: a
`Deployment` of some other group is not ours to write to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tools.cluster import ClusterReader
from tools.errors import NotFound
from tools.objects import controller, metadata, name, uid
from tools.records import RbacRule
from tools.resources import (
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    REPLICASETS,
    STATEFULSETS,
    JsonObject,
    Resource,
)

MAX_DEPTH = 5
ENDS = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, CRONJOBS)
"""Kinds that nothing of Kubernetes itself owns; what owns one of these is an operator."""
KNOWN: Mapping[tuple[str, str], Resource] = {
    (resource.group, resource.kind): resource for resource in (REPLICASETS, JOBS, *ENDS)
}
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="apps", resource="replicasets", verbs=("get",)),
    RbacRule(group="apps", resource="deployments", verbs=("get",)),
    RbacRule(group="apps", resource="statefulsets", verbs=("get",)),
    RbacRule(group="apps", resource="daemonsets", verbs=("get",)),
    RbacRule(group="batch", resource="jobs", verbs=("get",)),
    RbacRule(group="batch", resource="cronjobs", verbs=("get",)),
)
_MANAGERS = {
    "argocd-controller": "argocd",
    "argocd-application-controller": "argocd",
    "kustomize-controller": "flux",
    "helm-controller": "flux",
}


_KEEPERS = ("kapp.k14s.io/", "objectset.rio.cattle.io/", "configmanagement.gke.io/", "config.k8s.io/owning-")
"""Labels and annotations of other tools that put back what they declared: kapp, Rancher Fleet, Config Sync."""
_ADDON_MODE = "addonmanager.kubernetes.io/mode"
_OPERATOR = re.compile(r"(?:operator|controller)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Workload:
    """Where a chain of controllers ends, or why it leads nowhere."""

    kind: str = ""
    """Kind; of a group that is not built in, with the group: `Rollout.argoproj.io`."""
    name: str = ""
    uid: str = ""
    managed_by: str = ""
    problem: str = ""
    """Not empty: the chain is broken, and the rest here is empty."""


def climb(cluster: ClusterReader, resource: Resource, namespace: str, item: JsonObject) -> Workload:
    """Follow the controllers of `item` upwards. Raises Forbidden, TransientError."""
    for _ in range(MAX_DEPTH):
        reference = controller(item)
        if reference is None or resource in ENDS or _is(reference, "", "Node"):
            return _workload(resource, item, operated=resource in ENDS and reference is not None)
        above = resource_of(reference)
        if above is None:
            return _foreign(reference)
        try:
            owner = cluster.get(above, namespace, str(reference.get("name", "")))
        except NotFound:
            return Workload(problem=f"its controller {_title(reference)} does not exist any more")
        if uid(owner) != reference.get("uid"):
            return Workload(
                problem=f"its controller {_title(reference)} was replaced by another of that name"
            )
        resource, item = above, owner
    return Workload(problem=f"its chain of controllers is longer than {MAX_DEPTH}")


def resource_of(reference: JsonObject) -> Resource | None:
    """The built-in workload kind that an owner or involved object names, or None."""
    group, _, _ = str(reference.get("apiVersion", "")).rpartition("/")
    return KNOWN.get((group, str(reference.get("kind", ""))))


def managed_by(item: JsonObject, *, operated: bool = False) -> str:
    """Who keeps this object as declared elsewhere: `argocd`, `flux`, `operator`, `helm` or empty (4.9)."""
    labels = metadata(item).get("labels") or {}
    annotations = metadata(item).get("annotations") or {}
    managers = {
        _MANAGERS.get(str(entry.get("manager"))) for entry in metadata(item).get("managedFields") or []
    }
    if "argocd.argoproj.io/tracking-id" in annotations or "argocd.argoproj.io/instance" in labels:
        return "argocd"
    if any(key.startswith(("kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/")) for key in labels):
        return "flux"
    if operated or "olm.owner" in labels or _is_kept(labels, annotations):
        return "operator"
    if "argocd" in managers or "flux" in managers:
        return "argocd" if "argocd" in managers else "flux"
    helm = labels.get("app.kubernetes.io/managed-by") == "Helm" or "meta.helm.sh/release-name" in annotations
    return "helm" if helm else ""


def _is_kept(labels: JsonObject, annotations: JsonObject) -> bool:
    """By something that reverts changes without owning the object: across namespaces no owner can be named."""
    if labels.get(_ADDON_MODE) == "Reconcile":
        return True
    if any(key.startswith(_KEEPERS) for key in (*labels, *annotations)):
        return True
    return bool(_OPERATOR.search(str(labels.get("app.kubernetes.io/managed-by", ""))))


def _workload(resource: Resource, item: JsonObject, *, operated: bool) -> Workload:
    return Workload(resource.kind, name(item), uid(item), managed_by(item, operated=operated))


def _foreign(reference: JsonObject) -> Workload:
    group, _, _ = str(reference.get("apiVersion", "")).rpartition("/")
    kind = f"{reference.get('kind', '')}.{group}" if group else str(reference.get("kind", ""))
    return Workload(kind, str(reference.get("name", "")), str(reference.get("uid", "")))


def _is(reference: JsonObject, group: str, kind: str) -> bool:
    found, _, _ = str(reference.get("apiVersion", "")).rpartition("/")
    return (found, reference.get("kind")) == (group, kind)


def _title(reference: JsonObject) -> str:
    return f"{reference.get('kind')} {reference.get('name')}"
