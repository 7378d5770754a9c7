"""Which pods of a node go, which stay and which forbid it: kubectl's filters, without its ways around them (4.7).

Never are the flags for pods with an emptyDir or without a controller taken: such a pod forbids the drain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.cluster import ClusterReader
from tools.errors import NotFound
from tools.excerpts import message
from tools.kept_workloads import DISABLE, marked
from tools.objects import controller, metadata, name, uid
from tools.records import Fate, NodePod, RbacRule
from tools.resources import DAEMONSETS, PODS, JsonObject

MIRROR = "kubernetes.io/config.mirror"
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="pods", verbs=("list",), cluster=True),
    RbacRule(group="apps", resource="daemonsets", verbs=("get",)),
)


@dataclass(frozen=True)
class Plan:
    """The pods of a node, each with its fate, by namespace and name."""

    pods: tuple[NodePod, ...]

    def of(self, *fates: str) -> list[NodePod]:
        """Those with one of these fates."""
        return [pod for pod in self.pods if pod.fate in fates]

    @property
    def forbids(self) -> str:
        """Why the node is not drained, or empty."""
        return "; ".join(
            [*(f"{pod.title}: {pod.why}" for pod in self.of("forbids")[:5]), *said_no(self.pods)]
        )


def plan(cluster: ClusterReader, node: str) -> Plan:
    """What a drain of this node would do. Raises ToolError."""
    found = cluster.list(PODS, field_selector=f"spec.nodeName={node}")
    return Plan(fates(found, lambda pod: _daemonset_is_there(cluster, pod)))


def whole_plan(cluster: ClusterReader, node: str) -> Plan:
    """The same, with what the owners of all workloads say whose pods go. Raises ToolError."""
    return Plan(marked(cluster, plan(cluster, node).pods))


def said_no(pods: Sequence[NodePod]) -> list[str]:
    """Each workload once whose owner forbids that its pods are touched."""
    names = dict.fromkeys(pod.disabled_by for pod in pods if pod.disabled_by)
    return [f"{name} has annotation {DISABLE}" for name in names]


def fates(
    pods: Sequence[JsonObject], daemonset_is_there: Callable[[JsonObject], bool] = lambda pod: True
) -> tuple[NodePod, ...]:
    """Each pod with its fate, in the order in which they go."""
    ordered = sorted(pods, key=lambda pod: (str(metadata(pod).get("namespace")), name(pod)))
    return tuple(_node_pod(pod, daemonset_is_there) for pod in ordered)


def _node_pod(pod: JsonObject, daemonset_is_there: Callable[[JsonObject], bool]) -> NodePod:
    fate, why = _fate(pod, daemonset_is_there)
    owner = controller(pod) or {}
    return NodePod(
        namespace=str(metadata(pod).get("namespace", "")),
        name=name(pod),
        uid=uid(pod),
        fate=fate,
        why=why,
        owner_kind=str(owner.get("kind", "")),
        owner_name=str(owner.get("name", "")),
        owner_api=str(owner.get("apiVersion", "")),
        priority_class=str((pod.get("spec") or {}).get("priorityClassName") or ""),
        finished=_finished(pod),
        evicted=_evicted(pod),
    )


def _finished(pod: JsonObject) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _evicted(pod: JsonObject) -> str:
    status = pod.get("status") or {}
    return message(str(status.get("message") or "no words")) if status.get("reason") == "Evicted" else ""


def _fate(pod: JsonObject, daemonset_is_there: Callable[[JsonObject], bool]) -> tuple[Fate, str]:
    """In kubectl's order: what a filter forbids is forbidden though another one would let it go."""
    finished = _finished(pod)
    owner = controller(pod)
    if owner and owner.get("kind") == DAEMONSETS.kind and not finished:
        if daemonset_is_there(pod):
            return "stays", f"DaemonSet {owner.get('name')} keeps it there"
        return "forbids", f"its DaemonSet {owner.get('name')} does not exist any more"
    if MIRROR in (metadata(pod).get("annotations") or {}):
        return "stays", "a mirror pod: its node runs it by itself"
    if "deletionTimestamp" in metadata(pod):
        return "leaves", "it is being deleted already"
    if finished:
        return "goes", "it has finished"
    if any("emptyDir" in volume for volume in (pod.get("spec") or {}).get("volumes") or []):
        return "forbids", "what it holds in an emptyDir would be lost"
    if owner is None:
        return "forbids", "nothing controls it, so nothing would make another one"
    return "goes", ""


def _daemonset_is_there(cluster: ClusterReader, pod: JsonObject) -> bool:
    owner = controller(pod) or {}
    try:
        cluster.get(DAEMONSETS, str(metadata(pod).get("namespace", "")), str(owner.get("name", "")))
    except NotFound:
        return False
    return True
