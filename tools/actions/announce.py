"""Leave a Kubernetes Event on what was written to, so that people and other tools see it (R4.9)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tools.cluster import Cluster
from tools.errors import Conflict
from tools.excerpts import message as redacted
from tools.records import RbacRule, Target
from tools.resources import EVENTS, FIELD_MANAGER, JsonObject

RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="events", verbs=("create",)),)
MESSAGE_LIMIT = 1000
_API_VERSIONS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}


def announce(cluster: Cluster, target: Target, reason: str, message: str, at: datetime) -> None:
    """One Event of type Normal; `reason` in CamelCase, e.g. `SreAgentRestarted`. The same one twice is one.

    Raises ToolError, which the caller logs: an event that could not be left undoes nothing.
    """
    try:
        cluster.create(EVENTS, target.namespace or "default", event(target, reason, message, at))
    except Conflict:
        return


def event(target: Target, reason: str, message: str, at: datetime) -> JsonObject:
    """The Event as sent; its name follows from its content, so that a repetition collides with itself."""
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha256(f"{target.uid} {reason} {moment}".encode()).hexdigest()[:16]
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": f"{target.name[:200]}.{digest}", "namespace": target.namespace or "default"},
        "involvedObject": {
            "apiVersion": _API_VERSIONS.get(target.kind, "v1"),
            "kind": target.kind,
            "namespace": target.namespace,
            "name": target.name,
            "uid": target.uid,
        },
        "type": "Normal",
        "reason": reason,
        "message": redacted(message, MESSAGE_LIMIT),
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "reportingInstance": FIELD_MANAGER,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }
