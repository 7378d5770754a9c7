"""What controllers read of a pod."""

from __future__ import annotations

from datetime import datetime

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers.progress import condition
from tools.sandbox.store import Store
from tools.sandbox.values import controller_of, parse_instant


def active(pod: JsonObject) -> bool:
    """Neither finished nor being deleted."""
    phase = (pod.get("status") or {}).get("phase")
    return "deletionTimestamp" not in pod["metadata"] and phase not in ("Succeeded", "Failed")


def ready(pod: JsonObject) -> bool:
    """The Ready condition is True."""
    found = condition(pod.get("status") or {}, "Ready")
    return found is not None and found["status"] == "True"


def ready_since(pod: JsonObject) -> datetime:
    """When the Ready condition changed last. Only for pods that have one."""
    found = condition(pod["status"], "Ready")
    assert found is not None
    return parse_instant(found["lastTransitionTime"])


def restarts(pod: JsonObject) -> int:
    """Restarts of the container that restarted most."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return max((int(status.get("restartCount", 0)) for status in statuses), default=0)


def workload_name(store: Store, pod: JsonObject) -> str:
    """Name of the Deployment or CronJob above a pod, or of whatever else controls it; empty for a bare pod."""
    owner = controller_of(pod)
    if owner is None:
        return ""
    between = {"ReplicaSet": kinds.REPLICASET, "Job": kinds.JOB}.get(owner["kind"])
    if between:
        found = store.get(between, pod["metadata"]["namespace"], owner["name"])
        above = controller_of(found) if found else None
        if above:
            return str(above["name"])
    return str(owner["name"])
