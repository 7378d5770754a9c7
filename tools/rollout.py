"""One look at a workload and the pods of its current revision, for writes and for verdicts (section 5).

Pods are selected by the uid of the current ReplicaSet, or by the workload's uid and the mark of its current
ControllerRevision, never by label alone: pods of the revision that a write replaces must not speak for the one that
it made.
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
    began,
    condition,
    container_statuses,
    event_time,
    instant,
    metadata,
    name,
    owned_by,
    uid,
)
from tools.records import ContainerObservation, Observation, PodObservation, RbacRule, Receipt
from tools.resources import EVENTS, STAMP, JsonObject, JsonObjects
from tools.templates import restarted_at, template_digest
from tools.usage import busiest_share, cpu_bounds
from tools.workload_revisions import RULES as REVISION_RULES
from tools.workload_revisions import (
    current_revision,
    living_pods,
    mark_of,
    pods_of,
    resource_of_kind,
    revisions_of,
    template_of,
)
from tools.workload_status import ON_DELETE, counts, kind_of, partition_of, strategy_of

NOTHING_USED: Mapping[str, Mapping[str, float]] = MappingProxyType({})
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="apps", resource="deployments", verbs=("get",)),
    RbacRule(group="apps", resource="statefulsets", verbs=("get",)),
    RbacRule(group="apps", resource="daemonsets", verbs=("get",)),
    RbacRule(group="", resource="events", verbs=("list",)),
    *REVISION_RULES,
)


class Named(Protocol):
    """What every action's arguments hold: which object is meant."""

    @property
    def namespace(self) -> str: ...

    @property
    def name(self) -> str: ...


class NamedWorkload(Named, Protocol):
    """As the arguments of an action on a Deployment, a StatefulSet or a DaemonSet name it."""

    @property
    def kind(self) -> str: ...


def observe(
    cluster: ClusterReader, args: NamedWorkload, receipt: Receipt | None, at: datetime
) -> Observation:
    """What a verdict reads, at one instant. A read that fails is an observation with `error`, never an exception."""
    try:
        return look(cluster, args, at, since=receipt.sent_at if receipt else None)
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
    cluster: ClusterReader, args: NamedWorkload, at: datetime, *, since: datetime | None = None
) -> Observation:
    """As `observe`, but raises ToolError. Events are read only with `since`, the time of the write."""
    return look_at(cluster, live(cluster, args), at, since=since)


def live(cluster: ClusterReader, args: NamedWorkload) -> JsonObject:
    """The workload as it is now. Raises ToolError."""
    return cluster.get(resource_of_kind(args.kind), args.namespace, args.name)


def look_at(
    cluster: ClusterReader,
    workload: JsonObject,
    at: datetime,
    *,
    since: datetime | None = None,
    cores: Mapping[str, Mapping[str, float]] = NOTHING_USED,
) -> Observation:
    """As `look`, at a workload that was just read; `cores` by pod and container, where somebody told them."""
    namespace = str(metadata(workload).get("namespace", ""))
    pods = speaking_pods(cluster, workload)
    warnings = _warnings(cluster, namespace, pods, since) if since and pods else ()
    return _observation(workload, pods, warnings, at, cores)


def speaking_pods(cluster: ClusterReader, workload: JsonObject) -> JsonObjects:
    """The living pods that say how the workload is: those of its current revision. Raises ToolError.

    With OnDelete a revision says nothing about pods, so that all of them speak (5.1); below the partition of a
    StatefulSet those of the revision before it do, as its status names it.
    """
    kind = kind_of(workload)
    pods = living_pods(cluster, workload)
    if strategy_of(workload, kind) == ON_DELETE:
        return [pod for pod in pods if owned_by(pod, uid(workload))]
    current = pods_of(pods, workload, current_revision(workload, revisions_of(cluster, workload)))
    if not partition_of(workload, kind):
        return current
    kept = str((workload.get("status") or {}).get("currentRevision") or "")
    before = [pod for pod in pods if owned_by(pod, uid(workload)) and mark_of(pod) == kept]
    return [*current, *(pod for pod in before if pod not in current)]


def _observation(
    workload: JsonObject,
    pods: Sequence[JsonObject],
    warnings: tuple[str, ...],
    at: datetime,
    cores: Mapping[str, Mapping[str, float]],
) -> Observation:
    spec, status, kind = workload.get("spec") or {}, workload.get("status") or {}, kind_of(workload)
    return Observation(
        at=at,
        uid=uid(workload),
        generation=int(metadata(workload).get("generation") or 0),
        observed_generation=int(status.get("observedGeneration") or 0),
        template_digest=template_digest(template_of(workload)),
        restarted_at=restarted_at(template_of(workload)),
        stamp=stamp_of(workload),
        paused=bool(spec.get("paused")),
        **counts(workload, kind)._asdict(),
        min_ready_seconds=int(spec.get("minReadySeconds") or 0),
        deadline_exceeded=condition(workload, "Progressing").get("reason") == "ProgressDeadlineExceeded",
        kind=kind,
        strategy=strategy_of(workload, kind),
        partition=partition_of(workload, kind),
        update_revision=str(status.get("updateRevision") or ""),
        current_revision=str(status.get("currentRevision") or ""),
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
    started, finished = began(ended), instant(ended.get("finishedAt"))
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
