"""The pods of a workload of a kind that is not read: an Argo Rollout's, an operator's own (section 3.2).

Found from below, by the uid of their controller, over ReplicaSets where a Rollout owns those; siblings tell one bad pod
or one bad revision from a bad whole, whoever runs them. What cannot be found so is at least the pods that alerts name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tools.cluster import ClusterReader
from tools.objects import controller, name, owned_by, uid
from tools.records import Target
from tools.resources import PODS, REPLICASETS, JsonObject, JsonObjects

MOST_NAMED = 2


def reader(cluster: ClusterReader, target: Target, named: Sequence[str]) -> Callable[[], JsonObjects]:
    """Reads them. Raises ToolError."""

    def read() -> JsonObjects:
        pods = cluster.list(PODS, target.namespace)
        own = _owned(pods, {target.uid})
        if not own and any(_of_replicaset(pod, named) for pod in pods):
            sets = _owned(cluster.list(REPLICASETS, target.namespace), {target.uid})
            own = _owned(pods, {uid(item) for item in sets})
        return own or [pod for pod in pods if name(pod) in named[:MOST_NAMED]]

    return read


def query(target: Target) -> str:
    """What is asked, readable."""
    return f"GET {PODS.path(target.namespace)}, those that {target.kind} {target.name} controls"


def _of_replicaset(pod: JsonObject, named: Sequence[str]) -> bool:
    return name(pod) in named and (controller(pod) or {}).get("kind") == REPLICASETS.kind


def _owned(items: JsonObjects, owners: set[str]) -> JsonObjects:
    return [item for item in items if any(owned_by(item, owner) for owner in owners)]
