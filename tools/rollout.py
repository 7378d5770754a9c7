"""One look at a Deployment and the pods of its current revision, for writes and for verdicts (section 5).

Pods are selected by the uid of the current ReplicaSet, never by label alone: pods of the revision that a write
replaces must not speak for the one that it made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from tools.cluster import ClusterReader
from tools.errors import NotFound, ToolError
from tools.excerpts import message
from tools.objects import (
    condition,
    container_statuses,
    created,
    desired,
    event_time,
    instant,
    metadata,
    name,
    owned_by,
    revision_number,
    selector_of,
    uid,
)
from tools.records import ContainerObservation, Observation, PodObservation, RbacRule, Receipt
from tools.resources import DEPLOYMENTS, EVENTS, PODS, REPLICASETS, STAMP, JsonObject, JsonObjects
from tools.templates import exact_digest, template_digest
from tools.usage import busiest_share, cpu_bounds

NOTHING_USED: Mapping[str, Mapping[str, float]] = MappingProxyType({})
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="apps", resource="deployments", verbs=("get",)),
    RbacRule(group="apps", resource="replicasets", verbs=("list",)),
    RbacRule(group="", resource="pods", verbs=("list",)),
    RbacRule(group="", resource="events", verbs=("list",)),
)


class Named(Protocol):
    """What every action's arguments hold: which object is meant."""

    @property
    def namespace(self) -> str: ...

    @property
    def name(self) -> str: ...


def observe(cluster: ClusterReader, args: Named, receipt: Receipt | None, at: datetime) -> Observation:
    """What a verdict reads, at one instant. A read that fails is an observation with `error`, never an exception."""
    try:
        return look(cluster, args.namespace, args.name, at, since=receipt.sent_at if receipt else None)
    except ToolError as err:
        return unseen(err, receipt, at)


def unseen(error: ToolError, receipt: Receipt | None, at: datetime) -> Observation:
    """What a look has found that could not read its object.

    After a write an object that does not exist any more has been taken away by somebody, and that is known for
    certain: an observation without a uid, which supersedes the write. Before a write it is a failed look.
    """
    if receipt and isinstance(error, NotFound):
        return Observation(at=at)
    return Observation(at=at, error=message(str(error)))


def look(
    cluster: ClusterReader, namespace: str, workload: str, at: datetime, *, since: datetime | None = None
) -> Observation:
    """As `observe`, but raises ToolError. Events are read only with `since`, the time of the write."""
    return look_at(cluster, cluster.get(DEPLOYMENTS, namespace, workload), at, since=since)


def look_at(
    cluster: ClusterReader,
    deployment: JsonObject,
    at: datetime,
    *,
    since: datetime | None = None,
    cores: Mapping[str, Mapping[str, float]] = NOTHING_USED,
) -> Observation:
    """As `look`, at a Deployment that was just read; `cores` by pod and container, where somebody told them."""
    namespace = str(metadata(deployment).get("namespace", ""))
    current = current_replicaset(deployment, replicasets_of(cluster, deployment))
    pods = pods_of(cluster, deployment, current)
    warnings = _warnings(cluster, namespace, pods, since) if since and pods else ()
    return _observation(deployment, pods, warnings, at, cores)


def replicasets_of(cluster: ClusterReader, deployment: JsonObject) -> JsonObjects:
    """ReplicaSets that this very Deployment controls, newest revision first. Raises ToolError."""
    namespace = str(metadata(deployment).get("namespace", ""))
    found = cluster.list(REPLICASETS, namespace, label_selector=selector_of(deployment))
    owned = [item for item in found if owned_by(item, uid(deployment))]
    return sorted(owned, key=lambda item: (revision_number(item), created(item)), reverse=True)


def current_replicaset(deployment: JsonObject, replicasets: Sequence[JsonObject]) -> JsonObject | None:
    """The ReplicaSet that holds the Deployment's present template, or None while the controller has none yet.

    A restart makes a revision of its own here, as it does for the controller.
    """
    digest = exact_digest(_template(deployment))
    return next((item for item in replicasets if exact_digest(_template(item)) == digest), None)


def replicaset_with(digest: str, replicasets: Sequence[JsonObject]) -> JsonObject | None:
    """The newest ReplicaSet with that template digest, restarts left out of the comparison."""
    return next((item for item in replicasets if template_digest(_template(item)) == digest), None)


def pods_of(cluster: ClusterReader, deployment: JsonObject, replicaset: JsonObject | None) -> JsonObjects:
    """Pods that the ReplicaSet controls and that are not being deleted. Raises ToolError."""
    if replicaset is None:
        return []
    namespace = str(metadata(deployment).get("namespace", ""))
    found = cluster.list(PODS, namespace, label_selector=selector_of(deployment))
    living = [pod for pod in found if "deletionTimestamp" not in metadata(pod)]
    return [pod for pod in living if owned_by(pod, uid(replicaset))]


def _template(item: JsonObject) -> JsonObject:
    return (item.get("spec") or {}).get("template") or {}


def _observation(
    deployment: JsonObject,
    pods: Sequence[JsonObject],
    warnings: tuple[str, ...],
    at: datetime,
    cores: Mapping[str, Mapping[str, float]],
) -> Observation:
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    progressing = condition(deployment, "Progressing")
    return Observation(
        at=at,
        uid=uid(deployment),
        generation=int(metadata(deployment).get("generation") or 0),
        observed_generation=int(status.get("observedGeneration") or 0),
        template_digest=template_digest(_template(deployment)),
        stamp=stamp_of(deployment),
        paused=bool(spec.get("paused")),
        desired=desired(deployment),
        replicas=int(status.get("replicas") or 0),
        updated=int(status.get("updatedReplicas") or 0),
        ready=int(status.get("readyReplicas") or 0),
        available=int(status.get("availableReplicas") or 0),
        min_ready_seconds=int(spec.get("minReadySeconds") or 0),
        deadline_exceeded=progressing.get("reason") == "ProgressDeadlineExceeded",
        pods=tuple(_pod(pod, cores.get(name(pod), {})) for pod in sorted(pods, key=name)),
        warnings=warnings,
    )


def stamp_of(item: JsonObject) -> str:
    """The ledger key of our last write on the object, or empty."""
    return str((metadata(item).get("annotations") or {}).get(STAMP, ""))


def _pod(pod: JsonObject, cores: Mapping[str, float]) -> PodObservation:
    bounds = cpu_bounds(pod)
    return PodObservation(
        name=name(pod),
        uid=uid(pod),
        ready=condition(pod, "Ready").get("status") == "True",
        pending=(pod.get("status") or {}).get("phase") == "Pending",
        containers=tuple(_container(entry, init) for entry, init in container_statuses(pod)),
        cpu_share=busiest_share(bounds, cores),
        cpu_bounds=bounds,
    )


def _container(entry: JsonObject, init: bool) -> ContainerObservation:
    state = entry.get("state") or {}
    ended = _failure(entry, init)
    started, finished = instant(ended.get("startedAt")), instant(ended.get("finishedAt"))
    return ContainerObservation(
        name=str(entry.get("name", "")),
        ready=bool(entry.get("ready")),
        restart_count=int(entry.get("restartCount") or 0),
        waiting_reason=str((state.get("waiting") or {}).get("reason") or ""),
        last_finished_at=finished,
        life_seconds=(finished - started).total_seconds() if started and finished else None,
    )


def _failure(entry: JsonObject, init: bool) -> JsonObject:
    """The newest termination; an init container that has done its work has not failed."""
    present: JsonObject = (entry.get("state") or {}).get("terminated") or {}
    if present and not (init and present.get("exitCode") == 0):
        return present
    return (entry.get("lastState") or {}).get("terminated") or {}


def _warnings(
    cluster: ClusterReader, namespace: str, pods: Sequence[JsonObject], since: datetime
) -> tuple[str, ...]:
    uids = {uid(pod) for pod in pods}
    found: dict[str, None] = {}
    for event in cluster.list(EVENTS, namespace, field_selector="type=Warning"):
        at = event_time(event)
        if at is None or at <= since or (event.get("involvedObject") or {}).get("uid") not in uids:
            continue
        found[message(f"{event.get('reason')}: {event.get('message')}")] = None
    return tuple(found)
