"""Whose owners have said no: the annotation `sre-agent/disable` on what controls the pods of a node.

Followed by names upwards, each object once. Only built-in kinds can be read; a workload that an operator owns is one
all the same, so that the last one that can be read is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.cluster import ClusterReader
from tools.errors import NotFound
from tools.objects import controller, metadata
from tools.owners import MAX_DEPTH, RULES, resource_of
from tools.records import NodePod
from tools.resources import JsonObject

__all__ = ["DISABLE", "RULES", "Owners", "is_disabled", "marked", "unread"]
DISABLE = "sre-agent/disable"


def is_disabled(item: JsonObject) -> bool:
    """Its owner has said no."""
    return (metadata(item).get("annotations") or {}).get(DISABLE) == "true"


@dataclass(frozen=True)
class Owner:
    """What an object is controlled by."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Owners:
    """Reads each controller once."""

    def __init__(self, cluster: ClusterReader) -> None:
        self._cluster = cluster
        self._read: dict[Owner, JsonObject | None] = {}

    def disabled_by(self, pod: NodePod) -> str:
        """The workload of this pod, where it says no; else empty. Raises ToolError: then nobody knows.

        Only what stands at the top counts: a ReplicaSet keeps annotations that its Deployment has lost.
        """
        owner = _of_pod(pod)
        for _ in range(MAX_DEPTH):
            item = self._get(owner) if owner else None
            if owner is None or item is None:
                return ""
            above = _above(owner.namespace, item)
            if above is None or resource_of({"apiVersion": above.api_version, "kind": above.kind}) is None:
                return str(owner) if is_disabled(item) else ""
            owner = above
        return ""

    def _get(self, owner: Owner) -> JsonObject | None:
        if owner not in self._read:
            self._read[owner] = self._look(owner)
        return self._read[owner]

    def _look(self, owner: Owner) -> JsonObject | None:
        """None: it is gone, or of a kind that is not read here."""
        resource = resource_of({"apiVersion": owner.api_version, "kind": owner.kind})
        if resource is None:
            return None
        try:
            return self._cluster.get(resource, owner.namespace, owner.name)
        except NotFound:
            return None


def marked(cluster: ClusterReader, pods: Sequence[NodePod]) -> tuple[NodePod, ...]:
    """The pods, each that would go with the workload that says no to it. Raises ToolError."""
    owners = Owners(cluster)
    return tuple(
        pod.model_copy(update={"disabled_by": owners.disabled_by(pod)}) if pod.fate == "goes" else pod
        for pod in pods
    )


def unread(pod: NodePod) -> str:
    """The controller of another kind, whose owner cannot be asked here; empty: it is of a built-in one."""
    reference = {"apiVersion": pod.owner_api, "kind": pod.owner_kind}
    if not pod.owner_kind or resource_of(reference):
        return ""
    return f"{pod.owner_kind} {pod.namespace}/{pod.owner_name}"


def _of_pod(pod: NodePod) -> Owner | None:
    return Owner(pod.owner_api, pod.owner_kind, pod.namespace, pod.owner_name) if pod.owner_kind else None


def _above(namespace: str, item: JsonObject) -> Owner | None:
    reference = controller(item)
    if reference is None:
        return None
    api, kind, name = (str(reference.get(key, "")) for key in ("apiVersion", "kind", "name"))
    return Owner(api, kind, namespace, name)
