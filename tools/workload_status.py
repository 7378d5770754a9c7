"""The numbers of a workload's status under one set of names, whichever of three kinds it is (section 5.1)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tools.objects import condition, desired, instant, metadata
from tools.resources import DAEMONSETS, DEPLOYMENTS, STATEFULSETS, JsonObject

ON_DELETE = "OnDelete"
_OF_OTHERS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
_OF_DAEMONSET = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "updatedNumberScheduled",
    "numberReady",
    "numberAvailable",
)


class Counts(NamedTuple):
    """How many pods are wanted, and what has become of them."""

    desired: int
    replicas: int
    updated: int
    ready: int
    available: int


def kind_of(item: JsonObject) -> str:
    """The kind of an object that was read by its name; items of a list carry none and are not to be asked."""
    return str(item.get("kind") or DEPLOYMENTS.kind)


def counts(item: JsonObject, kind: str) -> Counts:
    """A DaemonSet wants one pod on each node that fits, which only its status tells."""
    status = item.get("status") or {}
    if kind == DAEMONSETS.kind:
        return Counts(*(int(status.get(field) or 0) for field in _OF_DAEMONSET))
    return Counts(desired(item), *(int(status.get(field) or 0) for field in _OF_OTHERS))


def unavailable_since(item: JsonObject) -> datetime | None:
    """When the condition Available became False; None where it is not, and for kinds that have none."""
    available = condition(item, "Available")
    return instant(available.get("lastTransitionTime")) if available.get("status") == "False" else None


def is_observed(item: JsonObject) -> bool:
    """The controller's status is about the present spec."""
    seen = int((item.get("status") or {}).get("observedGeneration") or 0)
    return seen >= max(1, int(metadata(item).get("generation") or 0))


def strategy_of(item: JsonObject, kind: str) -> str:
    """`RollingUpdate`, `Recreate` (Deployment) or `OnDelete` (the other two)."""
    spec = item.get("spec") or {}
    field = "strategy" if kind == DEPLOYMENTS.kind else "updateStrategy"
    return str((spec.get(field) or {}).get("type") or "RollingUpdate")


def partition_of(item: JsonObject, kind: str) -> int:
    """Of a StatefulSet: pods with a smaller ordinal keep the revision that they have."""
    if kind != STATEFULSETS.kind:
        return 0
    strategy = (item.get("spec") or {}).get("updateStrategy") or {}
    return int((strategy.get("rollingUpdate") or {}).get("partition") or 0)


def is_ordered(item: JsonObject, kind: str) -> bool:
    """A StatefulSet that makes and replaces its pods one after another, each when the one before is ready."""
    policy = (item.get("spec") or {}).get("podManagementPolicy") or "OrderedReady"
    return kind == STATEFULSETS.kind and policy == "OrderedReady"
