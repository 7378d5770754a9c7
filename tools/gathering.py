"""The reads behind the evidence: what is asked of the API about a target, in which order, at most once each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tools import foreign_pods
from tools.cluster import ClusterReader
from tools.dependencies import selector_query, services_named
from tools.errors import TransientError
from tools.facts import claims_of
from tools.job_facts import ended, of_owner
from tools.objects import controller, name, owned_by, selector_of, uid
from tools.reads import Outcome, Reads
from tools.records import ItemStatus, RbacRule, Target
from tools.resources import (
    CLAIMS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    NODES,
    PODS,
    REPLICASETS,
    SERVICES,
    STATEFULSETS,
    JsonObject,
    JsonObjects,
    Resource,
)
from tools.workload_revisions import KINDS, revisions_resource

_READABLE: Mapping[str, Resource] = {
    resource.kind: resource
    for resource in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, REPLICASETS, JOBS, CRONJOBS, PODS, NODES, CLAIMS)
}
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="pods", verbs=("get", "list")),
    RbacRule(group="", resource="pods/log", verbs=("get",)),
    RbacRule(group="", resource="events", verbs=("list",)),
    RbacRule(group="", resource="services", verbs=("list",)),
    RbacRule(group="", resource="nodes", verbs=("get",), cluster=True),
    RbacRule(group="", resource="persistentvolumeclaims", verbs=("get",)),
    RbacRule(group="apps", resource="deployments", verbs=("get",)),
    RbacRule(group="apps", resource="replicasets", verbs=("get", "list")),
    RbacRule(group="apps", resource="controllerrevisions", verbs=("list",)),
    RbacRule(group="apps", resource="statefulsets", verbs=("get",)),
    RbacRule(group="apps", resource="daemonsets", verbs=("get",)),
    RbacRule(group="batch", resource="jobs", verbs=("get", "list")),
    RbacRule(group="batch", resource="cronjobs", verbs=("get",)),
)
NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Found:
    """The objects of one read, or why there are none."""

    query: str
    status: ItemStatus = "no_data"
    values: Sequence[JsonObject] = ()
    why: str = ""
    unreachable: bool = False


@dataclass
class Gathered:
    """All that was read about a target but the logs."""

    workload: Found
    events: Found
    services_read: Found
    revisions: Found = Found(NOT_ASKED)
    """ReplicaSets or ControllerRevisions."""
    pods: Found = Found(NOT_ASKED)
    services: Mapping[str, JsonObject] = field(default_factory=dict)
    """The Services that the workload names, by name."""
    behind: Mapping[str, Found] = field(default_factory=dict)
    """The pods behind them."""
    jobs: Found = Found(NOT_ASKED)
    """The Jobs of a CronJob, oldest first."""
    job: JsonObject | None = None
    """The Job that is asked about: the target, or of the target's Jobs the one that the alerts name."""


@dataclass(frozen=True)
class Ask:
    """One read and how it is shown."""

    query: str
    read: Callable[[], JsonObjects]


def gather(
    cluster: ClusterReader,
    target: Target,
    reads: Reads,
    named_pods: Sequence[str],
    named_jobs: Sequence[str] = (),
) -> Gathered:
    """Two rounds of reads: the workload with its surroundings, then what only the workload tells how to ask.

    Raises TransientError when the API does not answer at all.
    """
    place = target.namespace or "default"
    first = run_asks(
        reads,
        {
            "workload": _ask_workload(cluster, target),
            "events": ask_list(cluster, EVENTS, place),
            "services": ask_list(cluster, SERVICES, place),
        },
    )
    if all(found.unreachable for found in first.values()):
        raise TransientError(f"The Kubernetes API does not answer: {first['workload'].why}")
    gathered = Gathered(_same(first["workload"], target), first["events"], first["services"])
    _second_round(cluster, target, reads, gathered, named_pods)
    if target.kind == JOBS.kind:
        gathered.job = next(iter(gathered.workload.values), None)
    if target.kind == CRONJOBS.kind and gathered.workload.values:
        _runs(cluster, target, reads, gathered, named_jobs)
    gathered.events = _about(gathered, target)
    return gathered


def _second_round(
    cluster: ClusterReader, target: Target, reads: Reads, gathered: Gathered, named_pods: Sequence[str]
) -> None:
    item = gathered.workload.values[0] if gathered.workload.values else {}
    template = (item.get("spec") or {}).get("template") or {}
    named = services_named(template, gathered.services_read.values, target.namespace)
    gathered.services = {name(service): service for service in named}
    found = run_asks(reads, _second_asks(cluster, target, item, gathered.services, named_pods))
    gathered.behind = {
        service: found[f"behind {service}"] for service in gathered.services if f"behind {service}" in found
    }
    gathered.revisions = _owned(found.get("revisions", Found(NOT_ASKED)), {target.uid})
    gathered.pods = _own_pods(target, item, found.get("pods", Found(NOT_ASKED)), gathered.revisions)


def _runs(
    cluster: ClusterReader, target: Target, reads: Reads, gathered: Gathered, named: Sequence[str]
) -> None:
    """The Jobs of a CronJob, and the pods of the one that is asked about."""
    found = run_asks(reads, {"jobs": ask_list(cluster, JOBS, target.namespace)})["jobs"]
    jobs = tuple(of_owner(list(found.values), target.uid))
    gathered.jobs = Found(found.query, found.status, jobs, found.why, found.unreachable)
    asked = [job for job in jobs if name(job) in named] or [job for job in jobs if ended(job) == "failed"]
    if not asked:
        return
    gathered.job = asked[-1]
    selector = f"job-name={name(asked[-1])}"
    pods = run_asks(reads, {"pods": ask_list(cluster, PODS, target.namespace, selector)})["pods"]
    gathered.pods = _owned(pods, {uid(asked[-1])})


def _second_asks(
    cluster: ClusterReader,
    target: Target,
    item: JsonObject,
    services: Mapping[str, JsonObject],
    named_pods: Sequence[str],
) -> dict[str, Ask]:
    place = target.namespace
    asks = {
        f"behind {text}": ask_list(cluster, PODS, place, selector_query(each))
        for text, each in services.items()
        if selector_query(each)
    }
    selector = selector_of(item)
    if selector:
        asks["pods"] = ask_list(cluster, PODS, place, selector)
    elif target.kind not in _READABLE and named_pods:
        asks["pods"] = Ask(foreign_pods.query(target), foreign_pods.reader(cluster, target, named_pods))
    if selector and target.kind in KINDS:
        asks["revisions"] = ask_list(cluster, revisions_resource(target.kind), place, selector)
    return asks


def _ask_workload(cluster: ClusterReader, target: Target) -> Ask:
    resource = _READABLE.get(target.kind)
    if resource is None:
        return Ask(f"GET {target.kind} {target.name}", lambda: [])

    def read() -> JsonObjects:
        return [cluster.get(resource, target.namespace, target.name)]

    return Ask(f"GET {resource.path(target.namespace, target.name)}", read)


def ask_list(cluster: ClusterReader, resource: Resource, namespace: str, selector: str = "") -> Ask:
    """A list of one namespace."""
    query = f"GET {resource.path(namespace)}" + (f"?labelSelector={selector}" if selector else "")
    return Ask(query, lambda: cluster.list(resource, namespace, label_selector=selector))


def run_asks(reads: Reads, asks: Mapping[str, Ask]) -> dict[str, Found]:
    """What became of each, in the order asked for."""
    outcomes = reads.run({key: ask.read for key, ask in asks.items()})
    return {key: _found(asks[key].query, outcome) for key, outcome in outcomes.items()}


def _found(query: str, outcome: Outcome[JsonObjects]) -> Found:
    return Found(query, outcome.status, tuple(outcome.value or ()), outcome.why, outcome.unreachable)


def _same(workload: Found, target: Target) -> Found:
    """The workload, unless another object has taken its name."""
    if not workload.values:
        why = workload.why or f"objects of kind {target.kind} are not read"
        return Found(workload.query, "no_data" if workload.status == "found" else workload.status, (), why)
    other = uid(workload.values[0])
    if other != target.uid:
        why = f"another {target.kind} has this name now: uid {other}, not {target.uid}"
        return Found(workload.query, "no_data", (), why)
    return workload


def _owned(found: Found, owners: set[str]) -> Found:
    kept = tuple(item for item in found.values if any(owned_by(item, owner) for owner in owners))
    return Found(found.query, found.status, kept, found.why, found.unreachable)


def _own_pods(target: Target, item: JsonObject, pods: Found, replicasets: Found) -> Found:
    """Pods by controller uid; by selector alone only while the ReplicaSets could not be read."""
    if target.kind == PODS.kind:
        return Found(
            f"GET {PODS.path(target.namespace, target.name)}",
            "found" if item else "no_data",
            (item,) if item else (),
        )
    if target.kind not in _READABLE:
        return pods
    if target.kind == DEPLOYMENTS.kind and replicasets.status in ("failed", "forbidden"):
        kept = tuple(pod for pod in pods.values if (controller(pod) or {}).get("kind") == REPLICASETS.kind)
        return Found(pods.query, pods.status, kept, pods.why, pods.unreachable)
    return _owned(pods, {target.uid, *(uid(replicaset) for replicaset in replicasets.values)})


def _about(gathered: Gathered, target: Target) -> Found:
    """Events on the target, its revisions and pods; of a Deployment pods that are gone included."""
    owned = [*gathered.revisions.values, *gathered.pods.values, *([gathered.job] if gathered.job else [])]
    uids = {target.uid, *(uid(item) for item in owned)}
    replicasets = gathered.revisions.values if target.kind == DEPLOYMENTS.kind else ()
    prefixes = tuple(f"{name(item)}-" for item in replicasets)
    claims = {claim for pod in gathered.pods.values for claim in claims_of(pod)}
    kept = tuple(
        event
        for event in gathered.events.values
        if _is_about(event, target, uids, prefixes) or _is_about_claim(event, claims)
    )
    events = gathered.events
    return Found(events.query, events.status, kept, events.why, events.unreachable)


def _is_about_claim(event: JsonObject, claims: set[str]) -> bool:
    involved = event.get("involvedObject") or {}
    return involved.get("kind") == CLAIMS.kind and involved.get("name") in claims


def _is_about(event: JsonObject, target: Target, uids: set[str], prefixes: tuple[str, ...]) -> bool:
    involved = event.get("involvedObject") or {}
    text = str(involved.get("name", ""))
    if involved.get("kind") == NODES.kind:
        # The kubelet writes the node's name where the uid belongs.
        return target.kind == NODES.kind and text == target.name
    gone = bool(prefixes) and involved.get("kind") == PODS.kind and text.startswith(prefixes)
    return involved.get("uid") in uids or gone
