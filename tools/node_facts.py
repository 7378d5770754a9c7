"""Facts out of Node objects: pure, tolerant of absent fields."""

from __future__ import annotations

from datetime import datetime

from tools.cordoning import cordoned_by, is_control_plane, is_cordoned
from tools.excerpts import message
from tools.notes import notes
from tools.objects import condition, instant, metadata, name, uid
from tools.records import NodeFacts
from tools.resources import JsonObject, JsonObjects
from tools.usage import quantity

ZONE = "topology.kubernetes.io/zone"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
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
    taints = {str(taint.get("key")) for taint in _taints(node)}
    pods = quantity((status.get("allocatable") or {}).get("pods"))
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
        allocatable_cores=quantity((status.get("allocatable") or {}).get("cpu")),
        allocatable_pods=None if pods is None else int(pods),
        cordoned_at=_cordoned_at(node),
        pressure_words=_pressure_words(status),
        notes=notes(metadata(node).get("annotations") or {}),
        kubelet_version=message(str((status.get("nodeInfo") or {}).get("kubeletVersion") or "")),
    )


def _taints(node: JsonObject) -> JsonObjects:
    return list((node.get("spec") or {}).get("taints") or [])


def _cordoned_at(node: JsonObject) -> datetime | None:
    marks = [taint for taint in _taints(node) if taint.get("key") == UNSCHEDULABLE]
    return instant(marks[0].get("timeAdded")) if marks else None


def _pressures(status: JsonObject) -> tuple[str, ...]:
    return tuple(sorted({str(each.get("type")) for each in _true(status)}))


def _pressure_words(status: JsonObject) -> tuple[str, ...]:
    ordered = sorted(_true(status), key=lambda each: str(each.get("type")))
    return tuple(
        message(
            f"{each.get('type')} since {each.get('lastTransitionTime')}: {each.get('message') or 'no words'}"
        )
        for each in ordered
    )


def _true(status: JsonObject) -> JsonObjects:
    conditions = status.get("conditions") or []
    return [each for each in conditions if each.get("type") != "Ready" and each.get("status") == "True"]
