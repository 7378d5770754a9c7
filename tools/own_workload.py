"""Which workload the agent itself is: found from its own pod, so that it is never written to, by uid."""

from __future__ import annotations

from tools.cluster import PODS, ClusterReader
from tools.objects import uid
from tools.owners import climb


def own_uids(cluster: ClusterReader, namespace: str, pod: str) -> tuple[str, ...]:
    """uids of the agent's pod and of the workload above it. Raises ToolError."""
    found = cluster.get(PODS, namespace, pod)
    workload = climb(cluster, PODS, namespace, found)
    return tuple(filter(None, (uid(found), workload.uid)))
