"""Whose a pod was that does not exist any more, by what Prometheus has kept of kube-state-metrics (section 3.3).

A recorded fact, not a guess: the series says which controller the pod had. It still has to end in an object that
exists, that is older than the alert, and above which every owner is followed by uid.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tools.cluster import ClusterReader
from tools.errors import NotFound, ToolError
from tools.objects import created
from tools.owners import Workload, climb
from tools.prometheus import SeriesReader
from tools.promql import owner_of_pod, owner_of_replicaset
from tools.resources import DAEMONSETS, DEPLOYMENTS, JOBS, REPLICASETS, STATEFULSETS, Resource

_OWNERS: Mapping[str, Resource] = {
    resource.kind: resource for resource in (REPLICASETS, STATEFULSETS, DAEMONSETS, JOBS, DEPLOYMENTS)
}


def remembered_owner(
    reader: SeriesReader, cluster: ClusterReader, namespace: str, pod: str, *, fired: datetime, now: datetime
) -> Workload | None:
    """The workload that controlled the pod; None where the series tell nothing, several things, or of an object that
    is younger than the alert. A Prometheus that does not answer tells nothing. Raises Forbidden, TransientError.
    """
    owner = _told(reader, owner_of_pod(namespace, pod), now)
    if owner is None:
        return None
    found = _existing(cluster, namespace, owner, fired)
    if found is None and owner[0] is REPLICASETS:
        above = _told(reader, owner_of_replicaset(namespace, owner[1]), now)
        found = _existing(cluster, namespace, above, fired) if above else None
    return found


def _told(reader: SeriesReader, query: str, now: datetime) -> tuple[Resource, str] | None:
    try:
        series = reader.instant(query, now).series
    except ToolError:
        return None
    owners = {(each.labels.get("owner_kind", ""), each.labels.get("owner_name", "")) for each in series}
    if len(owners) != 1:
        return None
    ((kind, name),) = owners
    return (_OWNERS[kind], name) if kind in _OWNERS and name else None


def _existing(
    cluster: ClusterReader, namespace: str, owner: tuple[Resource, str], fired: datetime
) -> Workload | None:
    resource, name = owner
    try:
        item = cluster.get(resource, namespace, name)
    except NotFound:
        return None
    if created(item) >= fired:
        return None
    workload = climb(cluster, resource, namespace, item)
    return None if workload.problem else workload
