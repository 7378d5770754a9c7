"""Remember which revision of every workload was seen healthy: a few cheap lists, every so often (R4.12).

After a fully bad rollout nothing in the cluster remembers that the older revision was healthy.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.clock import Clock
from tools.cluster import ClusterReader
from tools.objects import condition, owned_by, revision_number, uid
from tools.records import RbacRule
from tools.resources import CONTROLLER_REVISIONS, DEPLOYMENTS, STATEFULSETS, JsonObject
from tools.revisions import RevisionLedger
from tools.templates import template_digest
from tools.workload_revisions import KINDS, current_revision, newest_first, number_of, template_of
from tools.workload_status import counts, is_observed, partition_of

RULES: tuple[RbacRule, ...] = (
    RbacRule(group="apps", resource="deployments", verbs=("list",)),
    RbacRule(group="apps", resource="statefulsets", verbs=("list",)),
    RbacRule(group="apps", resource="daemonsets", verbs=("list",)),
    RbacRule(group="apps", resource="controllerrevisions", verbs=("list",)),
)


def look(
    cluster: ClusterReader, revisions: RevisionLedger, clock: Clock, namespaces: Sequence[str] = ()
) -> int:
    """Record one sighting of each workload's current revision; returns how many. Raises ToolError.

    `namespaces` empty: all of them, in one list of each kind. Lists of workloads suffice: their status counts the pods
    of the current revision apart from older ones. Only ControllerRevisions are listed beside them, for their numbers.
    """
    count = 0
    for namespace in namespaces or ("",):
        for kind, resource in KINDS.items():
            found = cluster.list(resource, namespace)
            numbered = (
                cluster.list(CONTROLLER_REVISIONS, namespace) if found and kind != DEPLOYMENTS.kind else []
            )
            for workload in found:
                own = [item for item in numbered if owned_by(item, uid(workload))]
                record(workload, revisions, clock, kind, own)
                count += 1
    return count


def record(
    workload: JsonObject,
    revisions: RevisionLedger,
    clock: Clock,
    kind: str = DEPLOYMENTS.kind,
    numbered: Sequence[JsonObject] = (),
) -> None:
    """One sighting of the workload's current revision; its number is of one of `numbered`, where it names none."""
    current = current_revision(workload, newest_first(numbered))
    revisions.record(
        uid(workload),
        template_digest(template_of(workload)),
        number_of(current) if current else revision_number(workload),
        healthy=health(workload, kind),
        at=clock.now(),
    )


def health(workload: JsonObject, kind: str = DEPLOYMENTS.kind) -> bool | None:
    """True: all pods are of the current revision and ready. False: it is failing. None: neither can be said.

    Neither: rolling out, scaled to zero, paused, a status that is older than the spec, a partition that keeps some on
    another revision, or some but not most of its pods not ready (a node being drained looks the same).
    """
    known = counts(workload, kind)
    held = (workload.get("spec") or {}).get("paused") or partition_of(workload, kind) > 0
    if not is_observed(workload) or known.desired == 0 or held:
        return None
    progressing = condition(workload, "Progressing")
    if progressing.get("status") == "False":
        return False
    if known.updated < known.desired or known.replicas > known.updated or _on_its_way(workload, kind):
        return None
    if known.ready >= known.desired:
        return True
    done = kind != DEPLOYMENTS.kind or progressing.get("reason") == "NewReplicaSetAvailable"
    return False if done and known.ready * 2 < known.desired else None


def _on_its_way(workload: JsonObject, kind: str) -> bool:
    """A StatefulSet's status names two revisions until the rollout is over."""
    status = workload.get("status") or {}
    return kind == STATEFULSETS.kind and status.get("updateRevision") != status.get("currentRevision")
