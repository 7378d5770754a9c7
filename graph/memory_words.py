"""What is said of containers that are killed for memory: limit, use, how often, and what siblings may expect."""

from __future__ import annotations

from collections.abc import Sequence

from graph import counted
from graph.ages import lasting, old, since
from graph.growth import growth_of, held_by
from graph.limit_too_small import Killed
from graph.load import held_memory, memory_share, silent_sources
from graph.memory_limits import room_for, spelled
from graph.returns import way_back
from graph.symptoms import container_named, current_revision, is_injected, life_seconds, live_pods
from graph.workload_words import replaces_none, restarts_all
from tools.measure_words import growth_line
from tools.records import ContainerFacts, Evidence, PodFacts

QUICK_SECONDS = 60.0
"""Killed so soon after its start it never had enough."""


def summary(killed: Sequence[Killed], evidence: Evidence, *, leak: bool, began: bool) -> str:
    """Which container exceeds which limit, when after its start, and what began it."""
    head, life = _head(killed), life_seconds(killed[0][1])
    if leak:
        since_release = ", since this release" if began else ""
        return f"{head} after slow growth, and all its siblings are near theirs: a leak{since_release}."
    if began:
        return f"{head}, since this release{_release(evidence)}."
    if life is None:
        return f"{head}."
    if life < QUICK_SECONDS:
        return f"{head} within {lasting(life)} of its start: it needs more than it has."
    return f"{head}, after a life of {lasting(life)}."


def facts(killed: Sequence[Killed], evidence: Evidence) -> list[str]:
    """How often, how much the others hold, and how that grew; or why nobody tells."""
    told = [*_siblings(killed, evidence), *_grown(killed[0][1], evidence)]
    return [_often(killed, evidence), *told, *([] if evidence.growth else _silent(evidence, bool(told)))]


def next_step(killed: Sequence[Killed], evidence: Evidence) -> str:
    """The command that raises the limit within all bounds, and what it restarts."""
    pod, container = killed[0]
    if is_injected(container, evidence):
        return (
            f"kubectl get pod {pod.name} -o yaml: container {container.name} was injected. Raise its limit where "
            "that is configured, often by an annotation of the pod template."
        )
    room = room_for(container, evidence)
    if room is None:
        return _without_limit(pod, container, evidence)
    if not room.enough:
        return (
            f"kubectl top pod {pod.name} --containers: find out what holds the memory. Its limit of "
            f"{spelled(container.memory_limit or 0)} cannot be raised: {room.bound} bounds it."
        )
    then = (
        f"kubectl delete pod {pod.name} lets this one have it. If it is killed again, that is not enough: kubectl get "
        f"pod {pod.name} -w"
        if replaces_none(evidence)
        else "If the first new pod is killed too, that is not enough: kubectl rollout status <workload>"
    )
    both = f"--limits=memory={spelled(room.limit)} --requests=memory={spelled(room.request)}"
    return (
        f"kubectl set resources <workload> -c {container.name} {both} raises its limit (bounded by {room.bound}); "
        f"{restarts_all(evidence)}. {then}"
    )


def _release(evidence: Evidence) -> str:
    current = current_revision(evidence)
    return (
        f" (revision {current.number}, {old(current.created_at, evidence.collected_at)} old)"
        if current
        else ""
    )


def _head(killed: Sequence[Killed]) -> str:
    container = killed[0][1]
    are = counted.pods(len(killed), "is", "are")
    if not container.memory_limit:
        return f"{are} killed for memory: container {container.name} has no limit, its node ran short"
    limit = spelled(container.memory_limit)
    return f"{are} killed for memory: container {container.name} exceeds its limit of {limit}"


def _without_limit(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> str:
    look = f"kubectl describe node {pod.node}" if pod.node else f"kubectl describe pod {pod.name}"
    return (
        f"{look}: what else runs there? Then give container {container.name} a memory request and limit of what it "
        f"holds in ordinary times, with kubectl edit <workload> ({restarts_all(evidence)})."
    )


def _often(killed: Sequence[Killed], evidence: Evidence) -> str:
    """Restarts of all of them, and the newest kill."""
    restarts = sum(container.restart_count for _, container in killed)
    ends = [c.exit_finished_at for _, c in killed if c.exit_finished_at]
    last = f", the last kill at {since(max(ends), evidence.collected_at)}" if ends else ""
    names = ", ".join(pod.name for pod, _ in killed[:3])
    more = f" and {len(killed) - 3} more" if len(killed) > 3 else ""
    in_all = " in all" if len(killed) > 1 else ""
    return f"{names}{more}: OOMKilled, {counted.times(restarts, 'restart')}{in_all}{last}"


def _siblings(killed: Sequence[Killed], evidence: Evidence) -> list[str]:
    """What they hold; and that those that have run since before may meet the same when they start again."""
    _, container = killed[0]
    ill = {pod.uid for pod, _ in killed}
    pods = live_pods(evidence)
    others = [(p, c) for p in pods if p.uid not in ill and (c := container_named(p, container.name))]
    used = [line for pod, c in others if (line := _use(pod, c, evidence))]
    lines = [f"memory in use, of the limit: {', '.join(used[:4])}"] if used else []
    life = life_seconds(container)
    if others and life is not None and life < QUICK_SECONDS:
        run = counted.pods(len(others), "runs since before", "run since before")
        lines.append(
            f"{run} with the same limit, and may be killed at the next start: do not restart without more"
        )
    return lines


def _silent(evidence: Evidence, told: bool) -> list[str]:
    """Why nobody tells what they hold, or how that grew."""
    why = "; ".join(silent_sources(evidence))
    if told:
        return [f"how its memory grew is not known: {why}"] if why else []
    return [f"no metrics of its memory{f': {why}' if why else ''}"]


def _use(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> str:
    told, share = held_memory(pod, container, evidence), memory_share(pod, container, evidence)
    if told is None or told.memory is None or share is None:
        return ""
    return f"{pod.name} {share:.0%} ({spelled(told.memory)})"


def _grown(container: ContainerFacts, evidence: Evidence) -> list[str]:
    """How its memory grew, of the pods that are there and of those of the revision before."""
    told = [growth_of(pod, container.name, evidence) for pod in live_pods(evidence)]
    lines = [growth_line(grown) for grown in told if grown][:2]
    back = way_back(evidence)
    before = held_by(back.revision, container, evidence) if back else ()
    return [*lines, *(growth_line(grown) for grown in before[:1])]
