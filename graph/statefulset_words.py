"""A StatefulSet that does not get on, in words: what its first pod waits for, and how each of its brakes is let go."""

from __future__ import annotations

from collections.abc import Sequence

from graph import counted
from graph.ages import since
from graph.blocked_rollouts import ordinal, state_of
from graph.release_changes import changes
from graph.started_words import last_said, look, probe_lines, unready_container
from graph.symptoms import current_revision
from graph.workload_words import name_in
from tools.excerpts import quote
from tools.records import Evidence, PodFacts, WorkloadFacts

MOST = 4


def held_up(pod: PodFacts, waits: str, evidence: Evidence) -> str:
    """Which pod, what it says, and who waits for it."""
    line = last_said(pod, evidence)
    container = unready_container(pod)
    words = f"; {container.name} says: {quote(line)}" if container and line else ""
    return f"{pod.name} is not ready, and the StatefulSet goes in order (OrderedReady): {waits}{words}."


def held_up_facts(pod: PodFacts, missing: int, evidence: Evidence) -> tuple[str, ...]:
    """Since when, what its probe is answered, and whether its log names members that are made after it only."""
    container = unready_container(pod)
    runs = container is not None and container.running_since is not None
    waited = f", not ready since {since(pod.ready_changed_at or pod.created_at, evidence.collected_at)}"
    lines = [f"{pod.name} on {pod.node or 'no node'}: {state_of(pod)}{waited}"]
    lines += probe_lines(container, evidence) if container and runs else []
    named = _named_members(pod, missing, evidence)
    if named:
        lines.append(
            f"its log names {' and '.join(named)}, which are not made before it is ready: a deadlock"
        )
    return tuple(lines)


def held_up_step(pod: PodFacts, missing: int, evidence: Evidence) -> str:
    """The mend where it waits for members that come after it; else how to see what it waits for."""
    name = name_in(evidence)
    if _named_members(pod, missing, evidence):
        return (
            f"kubectl delete statefulset {name} --cascade=orphan -n <namespace>, then apply its manifest again with "
            "podManagementPolicy: Parallel: that field cannot be changed in place. The pods and their volumes stay; "
            "without --cascade=orphan the pods go too. If peers are found by name, the headless Service needs "
            "publishNotReadyAddresses: true, or the names resolve only once they are ready."
        )
    return (
        f"{look(pod, evidence)}. The others follow by themselves once it is ready. If it needs members that are made "
        "after it, podManagementPolicy has to be Parallel, which cannot be changed in place: kubectl delete "
        f"statefulset {name} --cascade=orphan -n <namespace> (the pods stay), then apply it anew."
    )


def kept_facts(workload: WorkloadFacts, evidence: Evidence) -> tuple[str, ...]:
    """How far it is, what the newest revision changed, and since when it waits."""
    current, changed = current_revision(evidence), changes(evidence)
    lines = [f"{workload.updated} of {workload.desired} pods are of the newest revision, all are ready"]
    if current is not None:
        what = f", changed {changed}" if changed else ""
        lines.append(
            f"revision {current.number}, made {since(current.created_at, evidence.collected_at)}{what}"
        )
    return tuple(lines)


def delete_step(older: Sequence[PodFacts]) -> str:
    """One after the other, from the last on, as the controller itself would."""
    last = max(older, key=ordinal)
    rest = len(older) - 1
    then = f", then the same with the other {counted.times(rest, 'pod')}" if rest else ""
    return (
        f"kubectl delete pod {last.name}, if the change is to reach it: it is made anew from the newest revision, with "
        f"the same volume. kubectl wait --for=condition=Ready pod/{last.name} -n <namespace> --timeout=15m{then}. Ask "
        "first who changed it: OnDelete is chosen where somebody decides when each member goes."
    )


def partition_step(older: Sequence[PodFacts]) -> str:
    """What lowering it does; first who set it."""
    patch = """'{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'"""
    return (
        f"kubectl patch <workload> -n <namespace> --type=merge -p {patch} replaces {counted.times(len(older), 'pod')} "
        "too, from the last on. Ask first who set the partition: it is how a part is tried before the rest."
    )


def _named_members(pod: PodFacts, missing: int, evidence: Evidence) -> list[str]:
    """Members that its log speaks of and that are only made once it is ready."""
    line, base = last_said(pod, evidence), pod.name.rpartition("-")[0]
    desired = evidence.workload.desired if evidence.workload else 0
    later = [f"{base}-{number}" for number in range(desired - missing, desired)] if missing > 0 else []
    return [name for name in later if name in line][:MOST]
