"""What has been changed about an incident's target since it was read, as its object tells it now, and by whom.

Compared are what the evidence kept and what the cluster says. What cannot be compared is unknown, never "nothing".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from tools.claim_sizes import asked_for
from tools.cluster import ClusterReader
from tools.errors import NotFound
from tools.excerpts import message
from tools.objects import desired, instant, metadata, selector_of, uid
from tools.quantities import parse_quantity
from tools.records import Evidence, Record, Target, WorkloadFacts
from tools.resources import AUTOSCALERS, CLAIMS, CRONJOBS, FIELD_MANAGER, NODES, PODS, JsonObject
from tools.templates import RESTARTED_AT, memoryless_digest, template_digest
from tools.workload_revisions import KINDS, template_of

Kind: TypeAlias = Literal[
    "restarted",
    "rolled_back",
    "memory",
    "template",
    "scaled_up",
    "scaled_down",
    "pod_deleted",
    "pods_deleted",
    "deleted",
    "cordoned",
    "uncordoned",
    "maximum_raised",
    "maximum_lowered",
    "suspended",
    "resumed",
    "grown",
]


class Change(Record):
    """One thing that is not as it was."""

    kind: Kind
    name: str = ""
    """What it is about, where that is not the target: a pod, an autoscaler."""
    value: str = ""
    """The template's digest, or from how much to how much."""
    by: str = ""
    """The field manager that wrote it, where the object tells; empty: nobody knows."""


class Incomparable(Exception):
    """What was read then says too little to tell what has changed."""


def changes_since(cluster: ClusterReader, target: Target, then: Evidence) -> tuple[Change, ...]:
    """Everything that somebody else than this agent has changed. Raises ToolError, Incomparable."""
    readers = {
        **dict.fromkeys(KINDS, _of_workload),
        NODES.kind: _of_node,
        CRONJOBS.kind: _of_cron_job,
        CLAIMS.kind: _of_claim,
    }
    read = readers.get(target.kind)
    if read is None:
        raise Incomparable(f"what is changed about a {target.kind} is not looked for")
    try:
        found = read(cluster, target, then)
    except NotFound:
        return (Change(kind="deleted"),)
    return tuple(change for change in found if change.by != FIELD_MANAGER)


def _live(cluster: ClusterReader, target: Target) -> JsonObject:
    """Raises NotFound where another object has taken the name."""
    resources = {**KINDS, NODES.kind: NODES, CRONJOBS.kind: CRONJOBS, CLAIMS.kind: CLAIMS}
    live = cluster.get(resources[target.kind], target.namespace, target.name)
    if target.uid and uid(live) != target.uid:
        raise NotFound(f"{target.kind} {target.name} is another one now")
    return live


def _of_workload(cluster: ClusterReader, target: Target, then: Evidence) -> list[Change]:
    before = then.workload
    if before is None or not before.template_digest:
        raise Incomparable("its workload was not read")
    live = _live(cluster, target)
    written = _template(live, before, then)
    scaled = [] if then.autoscalers else _scaled(live, target, before, then)
    gone = [] if written or scaled else _pods(cluster, live, then)
    return [*written, *scaled, *gone, *_autoscalers(cluster, target, then)]


def _template(live: JsonObject, before: WorkloadFacts, then: Evidence) -> list[Change]:
    template = template_of(live)
    digest = template_digest(template)
    by = _writer(live, ("f:spec", "f:template"), then.collected_at)
    if digest == before.template_digest:
        marked = (template.get("metadata") or {}).get("annotations") or {}
        restarted = instant(marked.get(RESTARTED_AT))
        since = restarted is not None and restarted >= then.collected_at.replace(microsecond=0)
        return [Change(kind="restarted", by=by)] if since else []
    older = [each for each in then.revisions if each.template_digest == digest]
    if older:
        return [Change(kind="rolled_back", name=f"revision {older[0].number}", value=digest, by=by)]
    ours = [each for each in then.revisions if each.template_digest == before.template_digest]
    if ours and ours[0].memoryless_digest == memoryless_digest(template):
        raised = _more_memory(template, ours[0].memory_limits)
        return [Change(kind="memory" if raised else "template", value=digest, by=by)]
    return [Change(kind="template", value=digest, by=by)]


def _more_memory(template: JsonObject, before: Mapping[str, float]) -> bool:
    """Whether some container may have more than it might."""
    containers = (template.get("spec") or {}).get("containers") or []
    limits = {str(each.get("name")): (each.get("resources") or {}).get("limits") or {} for each in containers}
    return any(
        "memory" in limit and parse_quantity(limit["memory"]) > before.get(name, float("inf"))
        for name, limit in limits.items()
    )


def _scaled(live: JsonObject, target: Target, before: WorkloadFacts, then: Evidence) -> list[Change]:
    """A DaemonSet has as many pods as there are nodes for it: nobody scales it."""
    wanted = desired(live)
    if target.kind == "DaemonSet" or wanted == before.desired:
        return []
    by = _writer(live, ("f:spec", "f:replicas"), then.collected_at)
    kind: Kind = "scaled_up" if wanted > before.desired else "scaled_down"
    return [Change(kind=kind, value=f"{before.desired} to {wanted}", by=by)]


def _pods(cluster: ClusterReader, live: JsonObject, then: Evidence) -> list[Change]:
    """Pods that were not ready and are gone, on nodes that were: their controller replaces none that is only ill."""
    namespace = str(metadata(live).get("namespace", ""))
    there = {uid(pod) for pod in cluster.list(PODS, namespace, label_selector=selector_of(live))}
    lost = {node.name for node in then.nodes if node.ready != "True"}
    known = [pod for pod in then.pods if not pod.deleting and pod.node not in lost]
    gone = [pod for pod in known if pod.uid not in there]
    if len(gone) == len(known) > 1:
        return [Change(kind="pods_deleted", value=str(len(gone)))]
    return [Change(kind="pod_deleted", name=pod.name) for pod in gone if not pod.ready]


def _autoscalers(cluster: ClusterReader, target: Target, then: Evidence) -> list[Change]:
    changes = []
    for before in then.autoscalers:
        if before.kind != AUTOSCALERS.kind:
            continue
        live = cluster.get(AUTOSCALERS, target.namespace, before.name)
        most = int((live.get("spec") or {}).get("maxReplicas") or 0)
        if most != before.most:
            kind: Kind = "maximum_raised" if most > before.most else "maximum_lowered"
            by = _writer(live, ("f:spec", "f:maxReplicas"), then.collected_at)
            changes.append(Change(kind=kind, name=before.name, value=f"{before.most} to {most}", by=by))
    return changes


def _of_node(cluster: ClusterReader, target: Target, then: Evidence) -> list[Change]:
    before = then.node
    if before is None:
        raise Incomparable("the node was not read")
    live = _live(cluster, target)
    schedulable = not (live.get("spec") or {}).get("unschedulable")
    if schedulable == before.schedulable:
        return []
    by = _writer(live, ("f:spec", "f:unschedulable"), then.collected_at)
    return [Change(kind="uncordoned" if schedulable else "cordoned", by=by)]


def _of_cron_job(cluster: ClusterReader, target: Target, then: Evidence) -> list[Change]:
    """Jobs that are gone tell nothing: history limits and time limits delete them too."""
    before = then.cron_job
    if before is None:
        raise Incomparable("the CronJob was not read")
    live = _live(cluster, target)
    suspended = bool((live.get("spec") or {}).get("suspend"))
    if suspended == before.suspended:
        return []
    by = _writer(live, ("f:spec", "f:suspend"), then.collected_at)
    return [Change(kind="suspended" if suspended else "resumed", by=by)]


def _of_claim(cluster: ClusterReader, target: Target, then: Evidence) -> list[Change]:
    before = then.volume
    if before is None or before.asked is None:
        raise Incomparable("what the claim asked for was not read")
    live = _live(cluster, target)
    asked = asked_for(live)
    if asked is None:
        raise Incomparable("what the claim asks for cannot be read")
    by = _writer(live, ("f:spec", "f:resources"), then.collected_at)
    return [Change(kind="grown", by=by)] if asked > before.asked else []


def _writer(live: JsonObject, path: Sequence[str], since: datetime) -> str:
    """Who wrote this changed field last since then, as `managedFields` have it; they count whole seconds.

    What was written through `scale` carries no time on the real API server: its entry counts where no other one does.
    """
    entries = [
        (instant(entry.get("time")), str(entry.get("manager", "")))
        for entry in metadata(live).get("managedFields") or []
        if entry.get("subresource", "") != "status" and _holds(entry, path)
    ]
    timed = [(at, manager) for at, manager in entries if at and at >= since.replace(microsecond=0)]
    untimed = [manager for at, manager in entries if at is None]
    found = max(timed)[1] if timed else (untimed or [""])[0]
    return message(found, 80)


def _holds(entry: JsonObject, path: Iterable[str]) -> bool:
    """An entry that names no fields may hold any, but for a controller's: those write all sorts of things."""
    fields = entry.get("fieldsV1") or {}
    if not fields:
        return "controller" not in str(entry.get("manager", ""))
    for step in path:
        fields = fields.get(step)
        if fields is None:
            return False
    return True
