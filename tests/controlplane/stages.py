"""What the fake kubelets do to pods and nodes: kwok stages that keep to the states a real kubelet reports.

A healthy pod goes ContainerCreating -> Running and Ready. A pod whose label `sim/fault` is one of `FAULTS` misbehaves
with its first container; the others stay well. The label may be in the pod template (a bad release) or be put on, or
taken off, a running pod (an outage that a restart mends). Each stage's conditions exclude those of every other stage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.controlplane import templates

Condition = tuple[str, str, list[str]]
Stage = dict[str, Any]

FAULTS = {
    "crashloop": "runs and is ready for 1.5 s, exits with 1, again and again with CrashLoopBackOff between",
    "crashdead": "like crashloop, but is never ready",
    "oom": "like crashloop, but killed by the kernel (137, OOMKilled)",
    "imagepull": "ErrImagePull, then ImagePullBackOff",
    "configerror": "CreateContainerConfigError",
    "notready": "Running, never Ready, no restart",
    "slowstart": "Ready six seconds after it runs",
}
CRASHING = ["crashloop", "crashdead", "oom"]
NEVER_STARTING = ["imagepull", "configerror"]

FAULT = '.metadata.labels["sim/fault"]'
LONG_BACK_OFF = "sim/long-back-off"
"""Annotation of a pod whose container is not tried again while a test may wait for it: back-offs last up to 300 s."""
DELETED = ".metadata.deletionTimestamp"
STARTED = ".status.startTime"
OWNER = ".metadata.ownerReferences.[].kind"
READY = '.status.conditions.[] | select( .type == "Ready" ) | .status'
RUNNING = ".status.containerStatuses[0].state.running.startedAt"
ENDED = ".status.containerStatuses[0].state.terminated.finishedAt"
ENDED_BEFORE = ".status.containerStatuses[0].lastState.terminated.finishedAt"
WAITING = ".status.containerStatuses[0].state.waiting.reason"
ALIVE: Condition = (DELETED, "DoesNotExist", [])
RUNS: Condition = (RUNNING, "Exists", [])


def write(path: Path) -> Path:
    """Write every stage into one kwok configuration file."""
    path.write_text(yaml.safe_dump_all([*pod_stages(), node_ready()], sort_keys=False, width=1000))
    return path


def pod_stages() -> list[Stage]:
    return [*_ordinary_life(), *_crashes(), *_never_starting(), *_readiness()]


def node_ready() -> Stage:
    """Ready again whenever kwok manages the node (label commands.MANAGED) and it is not Ready."""
    return _stage("node-ready", [(READY, "NotIn", ["True"])], templates.NODE_STATUS, kind="Node")


def _ordinary_life() -> list[Stage]:
    creating: Condition = (WAITING, "In", ["ContainerCreating"])
    starts: Condition = (FAULT, "NotIn", [*NEVER_STARTING, "notready"])
    job, well = (OWNER, "In", ["Job"]), (FAULT, "NotIn", CRASHING)
    started = _event("Normal", "Started", "Container started")
    return [
        _stage("pod-create", [ALIVE, (STARTED, "DoesNotExist", [])], templates.CREATING),
        _pod("pod-run", [creating, starts], templates.STARTS, after=400, event=started),
        _pod("pod-complete", [RUNS, job, well], templates.COMPLETES, phase="Succeeded", after=1000),
        _stage("pod-delete", [(DELETED, "Exists", [])], None, after=300),
    ]


def _crashes() -> list[Stage]:
    crashing: Condition = (FAULT, "In", CRASHING)
    first: Condition = (ENDED_BEFORE, "DoesNotExist", [])
    again: Condition = (ENDED_BEFORE, "Exists", [])
    ended: Condition = (ENDED, "Exists", [])
    waits: Condition = (WAITING, "In", ["CrashLoopBackOff"])
    shortly: Condition = (f'.metadata.annotations["{LONG_BACK_OFF}"]', "DoesNotExist", [])
    back_off = _event("Warning", "BackOff", "Back-off restarting failed container")
    job, others = (OWNER, "In", ["Job"]), (OWNER, "NotIn", ["Job"])
    return [
        _pod("job-fails", [crashing, RUNS, job], templates.FAILS, phase="Failed", after=1500),
        _pod("crash-first", [crashing, RUNS, first, others], templates.ENDS, after=1500),
        _pod("crash-restart", [crashing, ended, others], templates.RESTARTS, after=300),
        _pod("crash-again", [crashing, RUNS, again], templates.BACKS_OFF, after=1500, event=back_off),
        _pod("crash-retry", [waits, shortly], templates.RESTARTS, after=4000),
    ]


def _never_starting() -> list[Stage]:
    creating, failed = (WAITING, "In", ["ContainerCreating"]), (WAITING, "In", ["ErrImagePull"])
    pull, config = (FAULT, "In", ["imagepull"]), (FAULT, "In", ["configerror"])
    no_image = templates.waits("ErrImagePull", "failed to pull and unpack image: not found")
    back_off = templates.waits("ImagePullBackOff", "Back-off pulling image")
    no_config = templates.waits("CreateContainerConfigError", 'configmap "settings" not found')
    pulling = _event("Warning", "Failed", "Failed to pull image: not found")
    backing_off = _event("Warning", "BackOff", "Back-off pulling image")
    missing = _event("Warning", "Failed", 'Error: configmap "settings" not found')
    return [
        _pod("image-fails", [pull, creating], no_image, phase="Pending", after=500, event=pulling),
        _pod("image-waits", [pull, failed], back_off, phase="Pending", after=1000, event=backing_off),
        _pod("config-fails", [config, creating], no_config, phase="Pending", after=500, event=missing),
    ]


def _readiness() -> list[Stage]:
    ready, unready = (READY, "In", ["True"]), (READY, "In", ["False"])
    creating = (WAITING, "In", ["ContainerCreating"])
    slow, never = (FAULT, "In", ["slowstart"]), (FAULT, "In", ["notready"])
    well: Condition = (FAULT, "NotIn", templates.UNREADY)
    passes, fails = templates.keeps("true"), templates.keeps("false")
    probe = _event("Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    return [
        _pod("probe-never-passes", [never, creating], templates.STARTS, after=400, event=probe),
        _pod("probe-fails", [never, RUNS, ready], fails, after=500, event=probe),
        _pod("probe-passes", [well, RUNS, unready], passes, after=500),
        _pod("slow-ready", [slow, RUNS, unready], passes, after=6000),
    ]


def _pod(
    name: str,
    when: list[Condition],
    fragment: dict[str, str],
    *,
    after: int,
    phase: str = "Running",
    event: Stage | None = None,
) -> Stage:
    return _stage(name, [ALIVE, *when], templates.status(fragment, phase), after=after, event=event)


def _stage(
    name: str,
    when: list[Condition],
    status: str | None,
    *,
    kind: str = "Pod",
    after: int = 0,
    event: Stage | None = None,
) -> Stage:
    following: Stage = (
        {"statusTemplate": status} if status else {"finalizers": {"empty": True}, "delete": True}
    )
    if event:
        following["event"] = event
    matching = [{"key": k, "operator": op} | ({"values": v} if v else {}) for k, op, v in when]
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": matching},
            "delay": {"durationMilliseconds": after},
            "next": following,
        },
    }


def _event(kind: str, reason: str, message: str) -> Stage:
    return {"type": kind, "reason": reason, "message": message}
