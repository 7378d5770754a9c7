"""The status of a pod as its kubelet writes it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tools.cluster import JsonObject
from tools.sandbox.controllers.containers import Container, Termination
from tools.sandbox.controllers.progress import condition
from tools.sandbox.values import instant


def pod_status(
    pod: JsonObject, containers: list[Container], ready: dict[str, bool], now: datetime, ip: str
) -> JsonObject:
    """The whole status, conditions' times carried over from the one before."""
    before = pod.get("status") or {}
    waiting = [c for c in containers if c.runs == 0]
    begun = any(c.reason != "ContainerCreating" or c.runs for c in containers)
    all_ready = all(ready.values())
    status: JsonObject = {
        "phase": "Pending" if waiting else _phase(pod, containers),
        "qosClass": before.get("qosClass", "BestEffort"),
        "hostIP": "127.0.0.1",
        "startTime": before.get("startTime") or instant(now),
    }
    if begun:
        status |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    init = pod["spec"].get("initContainers") or []
    if init:
        status["initContainerStatuses"] = [_init_status(spec, pod, now, before, begun) for spec in init]
    status["containerStatuses"] = [container_status(c, ready[c.name]) for c in containers]
    unready = [n for n, r in ready.items() if not r]
    why = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(status["phase"], "ContainersNotReady")
    status["conditions"] = _conditions(before, begun, all_ready, unready, why, now)
    return status


def container_status(container: Container, ready: bool) -> JsonObject:
    """One entry of containerStatuses."""
    status: JsonObject = {
        "name": container.name,
        "image": container.image,
        "imageID": _image_id(container.image) if container.runs else "",
        "ready": ready,
        "started": container.state == "running",
        "restartCount": container.restarts,
        "state": _state(container),
        "lastState": {},
    }
    last = container.ended if container.state == "waiting" else container.last
    if last:
        status["lastState"] = {"terminated": _terminated(last)}
    if container.container_id:
        status["containerID"] = container.container_id
    return status


def _image_id(image: str) -> str:
    return f"{image.partition('@')[0]}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _phase(pod: JsonObject, containers: list[Container]) -> str:
    if all(c.finished for c in containers):
        failed = any(c.ended and c.ended.exit_code for c in containers)
        return "Failed" if failed else "Succeeded"
    return "Running"


def _state(container: Container) -> JsonObject:
    if container.state == "running":
        assert container.started_at
        return {"running": {"startedAt": instant(container.started_at)}}
    if container.state == "terminated":
        assert container.ended
        return {"terminated": _terminated(container.ended)}
    waiting = {"reason": container.reason, "message": container.message}
    return {"waiting": {key: value for key, value in waiting.items() if value}}


def _terminated(ended: Termination) -> JsonObject:
    return {
        "exitCode": ended.exit_code,
        "reason": ended.reason,
        "startedAt": instant(ended.started_at),
        "finishedAt": instant(ended.finished_at),
        "containerID": ended.container_id,
    }


def _init_status(
    spec: JsonObject, pod: JsonObject, now: datetime, before: JsonObject, begun: bool
) -> JsonObject:
    for known in before.get("initContainerStatuses") or []:
        if known["name"] == spec["name"] and "terminated" in known["state"]:
            return dict(known)
    status: JsonObject = {"name": spec["name"], "image": spec["image"], "imageID": "", "restartCount": 0}
    status |= {"ready": begun, "lastState": {}, "started": False}
    if not begun:
        return status | {"state": {"waiting": {"reason": "PodInitializing"}}}
    container_id = f"containerd://{pod['metadata']['uid']}-{spec['name']}"
    ended = Termination(container_id, 0, "Completed", now, now)
    return status | {"state": {"terminated": _terminated(ended)}, "containerID": container_id}


def _conditions(
    before: JsonObject, begun: bool, ready: bool, unready: list[str], why: str, now: datetime
) -> list[JsonObject]:
    lacking = {
        "reason": why,
        "message": f"containers with unready status: [{' '.join(unready)}]",
    }
    wanted: list[tuple[str, bool, JsonObject]] = [
        ("PodReadyToStartContainers", begun, {}),
        ("Initialized", True, {}),
        ("Ready", ready, lacking),
        ("ContainersReady", ready, lacking),
    ]
    conditions = [_condition(before, type_, holds, lack, now) for type_, holds, lack in wanted]
    scheduled = condition(before, "PodScheduled")
    return [*conditions, scheduled] if scheduled else conditions


def _condition(before: JsonObject, type_: str, holds: bool, why: dict[str, str], now: datetime) -> JsonObject:
    value = "True" if holds else "False"
    known = condition(before, type_)
    moved = known["lastTransitionTime"] if known and known["status"] == value else instant(now)
    found: JsonObject = {"type": type_, "status": value, "lastProbeTime": None, "lastTransitionTime": moved}
    return found if holds else found | why
