"""Which workload the agent itself is: found from its own pod, so that it is never written to, by uid."""

from __future__ import annotations

from tools.cluster import NODES, PODS, ClusterReader
from tools.errors import PermanentError
from tools.objects import uid
from tools.owners import climb
from tools.resources import JsonObject


def own_uids(cluster: ClusterReader, namespace: str, pod: str) -> tuple[str, ...]:
    """uids of the agent's pod, of the workload above it and of the node below it. Raises ToolError."""
    found = cluster.get(PODS, namespace, pod)
    workload = climb(cluster, PODS, namespace, found)
    return tuple(filter(None, (uid(found), workload.uid, _node_uid(cluster, found))))


def _node_uid(cluster: ClusterReader, pod: JsonObject) -> str:
    """Empty for a node that may not be read: nothing can be written to it then either."""
    name = str((pod.get("spec") or {}).get("nodeName") or "")
    try:
        return uid(cluster.get(NODES, "", name)) if name else ""
    except PermanentError:
        return ""
