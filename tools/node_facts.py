"""Facts out of Node objects: pure, tolerant of absent fields."""

from __future__ import annotations

from tools.cordoning import cordoned_by, is_control_plane, is_cordoned
from tools.excerpts import message
from tools.objects import condition, instant, metadata, name, uid
from tools.records import NodeFacts
from tools.resources import JsonObject
from tools.usage import quantity

ZONE = "topology.kubernetes.io/zone"
POOLS = (
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
    "node.openshift.io/machine-pool",
)
GOING_AWAY = (
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",
)
"""Taints by which an autoscaler marks a node that it is about to remove."""


def node_facts(node: JsonObject) -> NodeFacts:
    """What rules read of a node."""
    ready = condition(node, "Ready")
    labels, status = metadata(node).get("labels") or {}, node.get("status") or {}
    taints = {str(taint.get("key")) for taint in (node.get("spec") or {}).get("taints") or []}
    return NodeFacts(
        name=name(node),
        uid=uid(node),
        ready=str(ready.get("status") or "Unknown"),
        ready_changed_at=instant(ready.get("lastTransitionTime")),
        reason=message(f"{ready.get('reason') or ''} {ready.get('message') or ''}".strip()),
        schedulable=not is_cordoned(node),
        cordoned_by=cordoned_by(node),
        control_plane=is_control_plane(node),
        zone=str(labels.get(ZONE, "")),
        pool=next((str(labels[key]) for key in POOLS if key in labels), ""),
        going_away=not taints.isdisjoint(GOING_AWAY),
        pressures=_pressures(status),
        allocatable_memory=quantity((status.get("allocatable") or {}).get("memory")),
    )


def _pressures(status: JsonObject) -> tuple[str, ...]:
    conditions = status.get("conditions") or []
    found = {str(c.get("type")) for c in conditions if c.get("type") != "Ready" and c.get("status") == "True"}
    return tuple(sorted(found))
