"""Whose a pod was that does not exist any more: Prometheus and events remember it, its name only suggests it (section
3.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tools.cluster import ClusterReader
from tools.errors import Forbidden, NotFound
from tools.objects import controller, created, desired, metadata, name, uid
from tools.owners import Workload, climb, resource_of
from tools.pods_remembered import remembered_owner
from tools.prometheus import SeriesReader
from tools.records import RbacRule
from tools.resources import (
    CRONJOBS,
    DAEMONSETS,
    EVENTS,
    JOBS,
    REPLICASETS,
    STATEFULSETS,
    JsonObject,
    Resource,
)
from tools.templates import HASH_LABEL

RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="events", verbs=("list",)),
    RbacRule(group="apps", resource="replicasets", verbs=("get", "list")),
    RbacRule(group="batch", resource="jobs", verbs=("get", "list")),
    RbacRule(group="batch", resource="cronjobs", verbs=("get",)),
)
_MADE = re.compile(
    r"(?:created|deleted) pod: (\S+)|(?:create|delete) pod (\S+) in statefulset", re.IGNORECASE
)
_GENERATED = re.compile(r"(?P<base>.+)-[bcdfghjklmnpqrstvwxz2456789]{5}\Z")
_ORDINAL = re.compile(r"(?P<base>.+)-(?P<ordinal>\d{1,9})\Z")
_INDEXED = re.compile(r"(?P<base>.+)-\d{1,6}-[bcdfghjklmnpqrstvwxz2456789]{5}\Z")
_SCHEDULED = re.compile(r"(?P<base>.+)-(?P<minute>\d{8})\Z")
"""A CronJob's run is named after the minute for which it was meant, counted since 1970."""
GENERATED_LENGTH = 63
"""Generated names are cut to this, base and all; then the base is no longer the owner's name."""


@dataclass(frozen=True)
class SeriesMemory:
    """A Prometheus, and the times between which it is asked."""

    reader: SeriesReader
    fired: datetime
    """What is younger than the alert cannot have controlled its pod."""
    now: datetime


@dataclass(frozen=True)
class Former:
    """The workload of a pod that is gone, and what says so."""

    workload: Workload
    resolved_by: Literal["prometheus", "events", "name_pattern"]
    reason: str


def find_owner(
    cluster: ClusterReader, namespace: str, pod: str, *, memory: SeriesMemory | None = None
) -> Former | None:
    """The workload that made the pod, or None. `memory`: a Prometheus, asked first.

    Raises Forbidden, TransientError.
    """
    remembered = _from_series(cluster, namespace, pod, memory) if memory else None
    return remembered or _from_events(cluster, namespace, pod) or _from_name(cluster, namespace, pod)


def _from_series(cluster: ClusterReader, namespace: str, pod: str, memory: SeriesMemory) -> Former | None:
    found = remembered_owner(memory.reader, cluster, namespace, pod, fired=memory.fired, now=memory.now)
    if found is None:
        return None
    return Former(
        found, "prometheus", f"Prometheus remembers that {found.kind} {found.name} controlled pod {pod}"
    )


def _from_events(cluster: ClusterReader, namespace: str, pod: str) -> Former | None:
    """Events of the controllers that made or deleted it carry the controller's uid."""
    try:
        events = cluster.list(EVENTS, namespace)
    except Forbidden:
        return None
    for event in events:
        made = _MADE.search(str(event.get("message") or ""))
        if made is None or pod not in made.groups():
            continue
        workload = _verified(cluster, namespace, event.get("involvedObject") or {})
        if workload is not None:
            return Former(
                workload, "events", f"an event says that {workload.kind} {workload.name} made pod {pod}"
            )
    return None


def _verified(cluster: ClusterReader, namespace: str, involved: JsonObject) -> Workload | None:
    resource = resource_of(involved)
    if resource is None:
        return None
    item = _get(cluster, resource, namespace, str(involved.get("name", "")))
    if item is None or uid(item) != involved.get("uid"):
        return None
    workload = climb(cluster, resource, namespace, item)
    return None if workload.problem else workload


def _from_name(cluster: ClusterReader, namespace: str, pod: str) -> Former | None:
    found = {workload.uid: workload for workload in _candidates(cluster, namespace, pod)}
    if len(found) != 1:
        return None
    (workload,) = found.values()
    return Former(
        workload, "name_pattern", f"resolved by name pattern: {pod} looks like a pod of {workload.name}"
    )


def schedule_of_run(cluster: ClusterReader, namespace: str, job: str) -> Former | None:
    """The CronJob that a Job's name points to which is gone: of that name, and there before the run was due."""
    match = _SCHEDULED.match(job)
    item = _get(cluster, CRONJOBS, namespace, match["base"]) if match else None
    if match is None or item is None:
        return None
    due = datetime.fromtimestamp(60 * int(match["minute"]), UTC)
    workload = climb(cluster, CRONJOBS, namespace, item)
    if workload.problem or due < created(item):
        return None
    return Former(
        workload, "name_pattern", f"resolved by name pattern: {job} looks like a run of {workload.name}"
    )


def _candidates(cluster: ClusterReader, namespace: str, pod: str) -> Iterator[Workload]:
    for resource, item in _shapes(cluster, namespace, pod):
        workload = climb(cluster, resource, namespace, item)
        if not workload.problem:
            yield workload
    run = schedule_of_run(cluster, namespace, match["base"]) if (match := _GENERATED.match(pod)) else None
    if run:
        yield run.workload


def _shapes(cluster: ClusterReader, namespace: str, pod: str) -> Iterator[tuple[Resource, JsonObject]]:
    """Objects that could have given a pod this name and that fit in more than their name."""
    if match := _ORDINAL.match(pod):
        item = _get(cluster, STATEFULSETS, namespace, match["base"])
        if item is not None and _holds(item, int(match["ordinal"])):
            yield STATEFULSETS, item
    if match := _GENERATED.match(pod):
        item = _get(cluster, REPLICASETS, namespace, match["base"])
        if item is not None and _is_revision(item):
            yield REPLICASETS, item
        for resource in (JOBS, DAEMONSETS):
            item = _get(cluster, resource, namespace, match["base"])
            if item is not None:
                yield resource, item
    if match := _INDEXED.match(pod):
        item = _get(cluster, JOBS, namespace, match["base"])
        if item is not None and (item.get("spec") or {}).get("completionMode") == "Indexed":
            yield JOBS, item
    if len(pod) == GENERATED_LENGTH:
        yield from _cut_names(cluster, namespace, pod)


def _cut_names(cluster: ClusterReader, namespace: str, pod: str) -> Iterator[tuple[Resource, JsonObject]]:
    base = pod[: GENERATED_LENGTH - 5]
    for resource in (REPLICASETS, JOBS):
        for item in cluster.list(resource, namespace):
            fits = f"{name(item)}-"[: len(base)] == base
            if fits and (resource is JOBS or _is_revision(item)):
                yield resource, item


def _is_revision(replicaset: JsonObject) -> bool:
    """A ReplicaSet of a Deployment: its name ends with its template's hash, and a Deployment controls it."""
    owner = controller(replicaset)
    label = (metadata(replicaset).get("labels") or {}).get(HASH_LABEL)
    return owner is not None and owner.get("kind") == "Deployment" and name(replicaset).endswith(f"-{label}")


def _holds(statefulset: JsonObject, ordinal: int) -> bool:
    start = int(((statefulset.get("spec") or {}).get("ordinals") or {}).get("start") or 0)
    return start <= ordinal < start + desired(statefulset)


def _get(cluster: ClusterReader, resource: Resource, namespace: str, text: str) -> JsonObject | None:
    try:
        return cluster.get(resource, namespace, text)
    except NotFound:
        return None
