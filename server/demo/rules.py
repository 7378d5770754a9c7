"""The alerting rules of the demo: what they look at, and the labels of the alerts that they make.

They are those that kube-prometheus ships, as far as the sandbox has what they need, with shorter waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tools.quantities import parse_quantity
from tools.sandbox import Sandbox

Labels = dict[str, str]

IMAGE_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
NOT_READY_FOR = timedelta(seconds=300)
"""A pod that runs and is not ready for shorter may still be on its way."""
BUSY = 0.9
"""Share of its processor limit from which on a container is too busy."""


def conditions(sandbox: Sandbox, now: datetime) -> Iterator[Labels]:
    """Labels of everything that is wrong now."""
    pods = {(pod["metadata"]["namespace"], pod["metadata"]["name"]): pod for pod in sandbox.list("Pod")}
    for pod in pods.values():
        yield from _of_containers(pod)
        if _is_stuck(pod, now):
            yield _labels(pod, "KubePodNotReady", "not ready")
    for usage in sandbox.usage():
        used_by = pods.get((usage["metadata"]["namespace"], usage["metadata"]["name"]))
        if used_by and _is_busy(used_by, usage):
            yield _labels(used_by, "HighCPUUsage", "high processor use")
    for node in sandbox.list("Node"):
        if _condition(node, "Ready").get("status") != "True":
            name = node["metadata"]["name"]
            labels = {"alertname": "KubeNodeNotReady", "severity": "warning", "node": name}
            yield labels | {"uid": node["metadata"]["uid"], "reason": "not Ready"}


def subject(labels: Labels) -> str:
    """What an alert is about, for its summary."""
    return labels.get("node") or f"{labels['namespace']}/{labels['pod']}"


def _of_containers(pod: dict[str, Any]) -> Iterator[Labels]:
    for status in _statuses(pod):
        reason = status.get("state", {}).get("waiting", {}).get("reason", "")
        killed = status.get("lastState", {}).get("terminated", {}).get("reason") == "OOMKilled"
        if reason in IMAGE_REASONS:
            yield _labels(pod, "ImagePullBackOff", "ImagePullBackOff", status["name"])
        elif reason == "CrashLoopBackOff" and killed:
            yield _labels(pod, "PodOOMKilled", "OOMKilled", status["name"])
        elif reason == "CrashLoopBackOff":
            yield _labels(pod, "KubePodCrashLooping", reason, status["name"])


def _is_stuck(pod: dict[str, Any], now: datetime) -> bool:
    """It runs, nothing of it waits, and it has not been ready for long."""
    statuses, ready = _statuses(pod), _condition(pod, "Ready")
    if "deletionTimestamp" in pod["metadata"] or ready.get("status") != "False":
        return False
    if not statuses or not all("running" in status.get("state", {}) for status in statuses):
        return False
    return now - datetime.fromisoformat(ready["lastTransitionTime"]) >= NOT_READY_FOR


def _is_busy(pod: dict[str, Any], usage: dict[str, Any]) -> bool:
    used = {c["name"]: parse_quantity(c["usage"]["cpu"]) for c in usage["containers"]}
    for container in pod["spec"]["containers"]:
        limit = container.get("resources", {}).get("limits", {}).get("cpu")
        if limit and used.get(container["name"], 0.0) >= BUSY * parse_quantity(limit):
            return True
    return False


def _statuses(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return list(pod.get("status", {}).get("containerStatuses", []))


def _condition(thing: dict[str, Any], kind: str) -> dict[str, Any]:
    found = thing.get("status", {}).get("conditions", [])
    return next((condition for condition in found if condition["type"] == kind), {})


def _labels(pod: dict[str, Any], alert: str, reason: str, container: str = "") -> Labels:
    metadata = pod["metadata"]
    labels = {
        "alertname": alert,
        "severity": "warning",
        "namespace": metadata["namespace"],
        "pod": metadata["name"],
        "uid": metadata["uid"],
        "container": container,
        "reason": reason,
        "job": "kube-state-metrics",
    }
    return {name: value for name, value in labels.items() if value}
