"""Containers cannot be made because what their spec refers to is missing or wrong (kubernetes.md 2.1).

Proof: live pods wait in CreateContainerConfigError or its like, or for a mount of a ConfigMap or Secret that is not
there in the kubelet's words, and no other pod crashes. The kubelet tries again by itself, so that neither a restart nor
an eviction helps: what is missing has to be made. A release that brought the mistake is `bad_release`, asked first.
"""

from __future__ import annotations

from graph import counted
from graph.init_waits import missing_mounts, waits_for_mount
from graph.playbooks import Playbook
from graph.shared_cause import missing_object
from graph.state import Finding, Proposal
from graph.symptoms import CONFIG, crashed_container, live_pods, waiting_container
from tools.records import ContainerFacts, Evidence, PodFacts, Target

PARTS = {"CreateContainerConfigError": "its configuration", "RunContainerError": "its command or mounts"}


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, pods = evidence.collected_at, live_pods(evidence)
    waiting = [(p, c) for p in pods if (c := waiting_container(p, CONFIG))]
    if not waiting:
        return _not_mounted(evidence)
    if any(crashed_container(p, now) and not waiting_container(p, CONFIG) for p in pods):
        return None
    pod, container = waiting[0]
    return Finding(
        problem="configuration_error",
        cause=missing_object(container.waiting_message),
        summary=_summary(len(waiting), container),
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events")),
        facts=(*(_line(p, c) for p, c in waiting[:3]), _others(evidence)),
        ruled_out=("a crash: the containers have not started", "an image error: the image is there"),
        next_step=f"kubectl describe pod {pod.name}: make or mend what it names; the kubelet tries again by itself.",
    )


def _not_mounted(evidence: Evidence) -> Finding | None:
    now, pods, told = evidence.collected_at, live_pods(evidence), missing_mounts(evidence)
    waiting = [pod for pod in pods if waits_for_mount(pod)]
    if not waiting or not told or any(crashed_container(pod, now) for pod in pods):
        return None
    return Finding(
        problem="configuration_error",
        cause=missing_object(told[0].message),
        summary=f"{counted.pods(len(waiting), 'waits', 'wait')} for a mount that lacks: {told[0].message[:200]}.",
        directness=1.0,
        evidence=tuple(evidence.cite("events") + evidence.cite("pods")),
        facts=(
            *(f"{event.reason} ({event.count} times): {event.message}" for event in told[:2]),
            _others(evidence),
        ),
        ruled_out=(
            "a crash: the containers have not started",
            "a volume: the kubelet speaks of configuration",
        ),
        next_step=f"kubectl describe pod {waiting[0].name}: make what it names; the kubelet tries again by itself.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: nothing that can be done to the workload makes what is missing."""
    return []


def _summary(count: int, container: ContainerFacts) -> str:
    part = PARTS.get(container.waiting_reason, "what it needs")
    pods = "1 pod waits" if count == 1 else f"{count} pods wait"
    why = container.waiting_message[:160] or container.waiting_reason
    return f"{pods} for a container that cannot be made for {part}: {why}."


def _line(pod: PodFacts, container: ContainerFacts) -> str:
    return f"{pod.name}/{container.name}: {container.waiting_reason}: {container.waiting_message[:200]}"


def _others(evidence: Evidence) -> str:
    ready = sum(pod.ready for pod in live_pods(evidence))
    return (
        f"{ready} of {len(live_pods(evidence))} pods are ready; those keep what they read when they started"
    )


PLAYBOOK = Playbook(problem="configuration_error", rank=70, proves=proves, candidates=candidates)
