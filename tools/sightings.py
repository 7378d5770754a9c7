"""Remember which revision of every Deployment was seen healthy: one cheap list, every so often (R4.12).

After a fully bad rollout nothing in the cluster remembers that the older revision was healthy.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.clock import Clock
from tools.cluster import ClusterReader
from tools.objects import condition, desired, metadata, revision_number, uid
from tools.records import RbacRule
from tools.resources import DEPLOYMENTS, JsonObject
from tools.revisions import RevisionLedger
from tools.templates import template_digest

RULES: tuple[RbacRule, ...] = (RbacRule(group="apps", resource="deployments", verbs=("list",)),)


def look(
    cluster: ClusterReader, revisions: RevisionLedger, clock: Clock, namespaces: Sequence[str] = ()
) -> int:
    """Record one sighting of each Deployment's current revision; returns how many. Raises ToolError.

    `namespaces` empty: all of them, in one list. Lists of Deployments suffice: their status counts the pods of
    the current revision apart from older ones.
    """
    count = 0
    for namespace in namespaces or ("",):
        for deployment in cluster.list(DEPLOYMENTS, namespace):
            record(deployment, revisions, clock)
            count += 1
    return count


def record(deployment: JsonObject, revisions: RevisionLedger, clock: Clock) -> None:
    """One sighting of the Deployment's current revision."""
    template = (deployment.get("spec") or {}).get("template") or {}
    revisions.record(
        uid(deployment),
        template_digest(template),
        revision_number(deployment),
        healthy=health(deployment),
        at=clock.now(),
    )


def health(deployment: JsonObject) -> bool | None:
    """True: all pods are of the current revision and ready. False: it is failing. None: neither can be said.

    Neither: rolling out, scaled to zero, paused, a status that is older than the spec, or some but not most of
    its pods not ready (a node being drained looks the same).
    """
    status = deployment.get("status") or {}
    wanted = desired(deployment)
    stale = int(status.get("observedGeneration") or 0) < int(metadata(deployment).get("generation") or 0)
    if stale or wanted == 0 or (deployment.get("spec") or {}).get("paused"):
        return None
    updated, ready = int(status.get("updatedReplicas") or 0), int(status.get("readyReplicas") or 0)
    progressing = condition(deployment, "Progressing")
    if progressing.get("status") == "False":
        return False
    if updated < wanted or int(status.get("replicas") or 0) > updated:
        return None
    if ready >= wanted:
        return True
    done = progressing.get("reason") == "NewReplicaSetAvailable"
    return False if done and ready * 2 < wanted else None
