"""Why a pod is not ready, in one line: what its own status says, before anybody looks for more."""

from __future__ import annotations

from datetime import datetime

from graph.ages import lasting, since
from graph.symptoms import life_seconds
from tools.excerpts import message, quote
from tools.records import ContainerFacts, PodFacts

LONGEST = 140


def unready(pod: PodFacts, now: datetime) -> str:
    """`web-1 on node-2: app waits: CrashLoopBackOff "back-off 5m0s …", 14 restarts`."""
    return f"{pod.name} on {pod.node or 'no node'}: {_why(pod, now)}"


def _why(pod: PodFacts, now: datetime) -> str:
    if pod.deleting:
        return "it is being deleted"
    if pod.unschedulable:
        return f"it waits for a node: {quote(message(pod.unschedulable, LONGEST))}"
    if pod.reason:
        return (
            f"{pod.phase}, {pod.reason}: {quote(message(pod.message, LONGEST))}"
            if pod.message
            else pod.reason
        )
    ill = next((each for each in pod.containers if not each.ready and not _is_done(each)), None)
    if ill is None or ill.running_since:
        return _unproved(pod, ill, now)
    return _stopped(ill)


def _is_done(container: ContainerFacts) -> bool:
    return container.init and not container.sidecar and container.exit_code == 0


def _unproved(pod: PodFacts, container: ContainerFacts | None, now: datetime) -> str:
    """It runs: then it is its readiness probe, or a condition that somebody else sets."""
    when = f" since {since(pod.ready_changed_at, now)}" if pod.ready_changed_at else ""
    name = f"container {container.name} runs" if container else "its containers are ready"
    return f"{name}, and the pod has not been Ready{when}"


def _stopped(container: ContainerFacts) -> str:
    loops = container.waiting_reason == "CrashLoopBackOff"
    words = (
        f" {quote(message(container.waiting_message, LONGEST))}"
        if container.waiting_message and not loops
        else ""
    )
    state = (
        f"waits: {container.waiting_reason}{words}"
        if container.waiting_reason
        else f"ended: {container.exit_reason or 'no reason is given'}"
    )
    life = life_seconds(container)
    after = "" if life is None else f" after {lasting(life)}"
    code = "" if container.exit_code is None else f", last exit code {container.exit_code}{after}"
    restarts = f", {container.restart_count} restarts" if container.restart_count > 1 else ""
    return f"container {container.name} {state}{code}{restarts}"


def look(pod: PodFacts, namespace: str) -> str:
    """The commands that show more of it; none for the log of a container that has never started."""
    described = f"kubectl -n {namespace} describe pod {pod.name}"
    ill = next((each for each in pod.containers if not each.ready and not _is_done(each)), None)
    if (
        pod.unschedulable
        or ill is None
        or not (ill.running_since or ill.restart_count or ill.exit_finished_at)
    ):
        return described
    before = " --previous" if ill.restart_count and not ill.running_since else ""
    return f"{described}; kubectl -n {namespace} logs {pod.name} -c {ill.name}{before} --tail=50"
