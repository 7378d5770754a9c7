"""The revisions of a workload and their pods: ReplicaSets of a Deployment, ControllerRevisions of the others (4.6).

A pod is of a revision by its controller's uid and, where that is the workload itself, by the mark that the workload's
controller has put on it; never by the workload's own labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from tools.cluster import ClusterReader
from tools.errors import Refused
from tools.objects import created, metadata, name, owned_by, revision_number, selector_of, uid
from tools.records import Argument, RbacRule
from tools.resources import (
    CONTROLLER_REVISIONS,
    DAEMONSETS,
    DEPLOYMENTS,
    PODS,
    REPLICASETS,
    STATEFULSETS,
    JsonObject,
    JsonObjects,
    Resource,
)
from tools.templates import exact_digest, template_digest
from tools.workload_status import kind_of

WorkloadKind: TypeAlias = Literal["Deployment", "StatefulSet", "DaemonSet"]
KINDS: Mapping[str, Resource] = {
    resource.kind: resource for resource in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS)
}
"""What has revisions."""
REVISION_LABEL = "controller-revision-hash"
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="apps", resource="replicasets", verbs=("list",)),
    RbacRule(group="apps", resource="controllerrevisions", verbs=("list",)),
    RbacRule(group="", resource="pods", verbs=("list",)),
)


def resource_of_kind(kind: str) -> Resource:
    """How a workload of this kind is addressed. Raises Refused for what has no revisions."""
    found = KINDS.get(kind)
    if found is None:
        raise Refused(f"{kind} is none of {', '.join(KINDS)}")
    return found


def kind_args(kind: str) -> dict[str, Argument]:
    """What a call says of the kind of its workload: nothing of a Deployment, so that older calls stay equal to it."""
    return {} if kind == DEPLOYMENTS.kind else {"kind": kind}


def revisions_resource(kind: str) -> Resource:
    """What holds the revisions of a workload of this kind."""
    return REPLICASETS if kind == DEPLOYMENTS.kind else CONTROLLER_REVISIONS


def revisions_of(cluster: ClusterReader, workload: JsonObject) -> JsonObjects:
    """Revisions that this very workload controls, newest first. Raises ToolError."""
    namespace = str(metadata(workload).get("namespace", ""))
    resource = revisions_resource(kind_of(workload))
    found = cluster.list(resource, namespace, label_selector=selector_of(workload))
    return newest_first([item for item in found if owned_by(item, uid(workload))])


def newest_first(revisions: Sequence[JsonObject]) -> JsonObjects:
    """In the order in which they became current, the last one first."""
    return sorted(revisions, key=lambda item: (number_of(item), created(item)), reverse=True)


def number_of(revision: JsonObject) -> int:
    """A ControllerRevision carries its number itself, a ReplicaSet in an annotation."""
    number = revision.get("revision")
    return int(number) if number is not None else revision_number(revision)


def template_of(item: JsonObject) -> JsonObject:
    """The pod template of a workload or of one of its revisions.

    A ControllerRevision holds it as a patch, whose directive is no part of the template.
    """
    spec = item.get("spec") or (item.get("data") or {}).get("spec") or {}
    template: JsonObject = spec.get("template") or {}
    return {key: value for key, value in template.items() if key != "$patch"}


def current_revision(workload: JsonObject, revisions: Sequence[JsonObject]) -> JsonObject | None:
    """The revision that holds the workload's present template, or None while its controller has none yet.

    A restart makes a revision of its own here, as it does for the controller. `revisions`: newest first.
    """
    digest = exact_digest(template_of(workload))
    return next((item for item in revisions if exact_digest(template_of(item)) == digest), None)


def revision_with(digest: str, revisions: Sequence[JsonObject]) -> JsonObject | None:
    """The newest revision with that template digest, restarts left out of the comparison."""
    return next((item for item in revisions if template_digest(template_of(item)) == digest), None)


def living_pods(cluster: ClusterReader, workload: JsonObject) -> JsonObjects:
    """Pods that the workload selects and that are not being deleted, whoever controls them. Raises ToolError."""
    namespace = str(metadata(workload).get("namespace", ""))
    found = cluster.list(PODS, namespace, label_selector=selector_of(workload))
    return [pod for pod in found if "deletionTimestamp" not in metadata(pod)]


def pods_of(pods: Sequence[JsonObject], workload: JsonObject, revision: JsonObject | None) -> JsonObjects:
    """Those of `pods` that are of this revision of this workload."""
    return [pod for pod in pods if revision is not None and is_of(pod, uid(workload), revision)]


def is_of(pod: JsonObject, workload_uid: str, revision: JsonObject) -> bool:
    """Whether the pod is of the revision: by the ReplicaSet's uid, or by the workload's uid and the mark."""
    if not is_controller_revision(revision):
        return owned_by(pod, uid(revision))
    return owned_by(pod, workload_uid) and mark_of(pod) in _marks(revision)


def is_controller_revision(revision: JsonObject) -> bool:
    """Whether it is no ReplicaSet; items of a list carry no kind."""
    return "data" in revision


def mark_of(pod: JsonObject) -> str:
    """The mark of the revision that a pod was made of; empty for a pod of a Deployment."""
    return str((metadata(pod).get("labels") or {}).get(REVISION_LABEL, ""))


def _marks(revision: JsonObject) -> set[str]:
    """A StatefulSet marks its pods with the revision's name, a DaemonSet with its hash."""
    hashed = str((metadata(revision).get("labels") or {}).get(REVISION_LABEL, ""))
    return {name(revision), hashed} - {""}
