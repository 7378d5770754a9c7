"""Containers cannot be made because what their spec refers to is missing or wrong (kubernetes.md 2.1).

Proof: live pods wait in CreateContainerConfigError or its like, or for a mount of a ConfigMap or Secret that is not
there in the kubelet's words, and no other pod crashes. The kubelet tries again by itself, so that neither a restart nor
an eviction helps: what is missing has to be made. A release that brought the mistake is `bad_release`, asked first.
"""

from __future__ import annotations

from graph import counted
from graph.ages import since
from graph.init_waits import missing_mounts, missing_objects, waits_for_mount
from graph.playbooks import Playbook
from graph.release_words import release_fact
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
        facts=(*_waits([p for p, _ in waiting], evidence), *release_fact(evidence), *_others(evidence)),
        ruled_out=("a crash: the containers have not started", "an image error: the image is there"),
        next_step=_next_step(container.waiting_message, pod, evidence),
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
            *_waits(waiting, evidence),
            *(counted.told(event) for event in told[:1]),
            *release_fact(evidence),
            *_others(evidence),
        ),
        ruled_out=(
            "a crash: the containers have not started",
            "a volume: the kubelet speaks of configuration",
        ),
        next_step=_next_step(told[0].message, waiting[0], evidence),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: nothing that can be done to the workload makes what is missing."""
    return []


def _summary(count: int, container: ContainerFacts) -> str:
    part = PARTS.get(container.waiting_reason, "what it needs")
    pods = "1 pod waits" if count == 1 else f"{count} pods wait"
    why = container.waiting_message[:160] or container.waiting_reason
    return f"{pods} for a container that cannot be made for {part}: {why}."


def _waits(pods: list[PodFacts], evidence: Evidence) -> list[str]:
    """Which wait, and the oldest of them since when."""
    first = min(pod.created_at for pod in pods)
    names = ", ".join(pod.name for pod in pods[:3])
    return [f"{names}: not started since {since(first, evidence.collected_at)}"]


def _others(evidence: Evidence) -> list[str]:
    pods = live_pods(evidence)
    if not any(pod.ready for pod in pods):
        return []
    return [
        f"{counted.ready(pods)}; those keep what they read when they started, and may not start again without it"
    ]


def _next_step(said: str, pod: PodFacts, evidence: Evidence) -> str:
    """Where to look for what is missing, and how it comes back; a key's object is described, which prints no value."""
    missing = next(iter(sorted(missing_objects([said]))), "")
    again = "The kubelet tries again by itself."
    if any(each.ready for each in live_pods(evidence)):
        again = "The kubelet tries again by itself; restart none of the pods that are ready before that."
    if not missing:
        return f"kubectl describe pod {pod.name}: mend what the kubelet names, with kubectl edit <workload>. {again}"
    kind, name, *key = missing.split(" ")
    if key:
        return (
            f"kubectl describe {kind.lower()} {name} prints its keys: add {key[-1]} from its source, or correct the "
            f"key with kubectl edit <workload>. {again}"
        )
    return (
        f"kubectl get {kind.lower()}s prints those that are there: if {name} is misspelt, kubectl edit <workload>; if "
        f"it was deleted, make it anew from its source. {again}"
    )


PLAYBOOK = Playbook(problem="configuration_error", rank=70, proves=proves, candidates=candidates)
