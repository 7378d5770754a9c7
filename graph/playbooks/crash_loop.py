"""Pods crash and nothing proves why: explained with what they say of themselves, never acted on."""

from __future__ import annotations

from graph import counted
from graph.crash_words import ending, never_began
from graph.log_words import hint
from graph.playbooks import Playbook
from graph.release_words import new_release, no_release
from graph.said import quoted, said, silent
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, live_pods
from graph.workload_words import spec_command
from tools.excerpts import quote
from tools.records import ContainerFacts, Evidence, PodFacts, Target

AGAIN = "The kubelet starts it again already, so that a restart mends nothing."
WORDS = {
    "certificate": "an expired certificate",
    "permission": "a permission that lacks",
    "disk": "a disk that is full",
}


def proves(evidence: Evidence) -> Finding | None:
    """Any live pod with a crashed container."""
    now = evidence.collected_at
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    if not crashed:
        return None
    pod, container = _told_of(crashed, evidence)
    return Finding(
        problem="crash_loop",
        summary=_summary(len(crashed), pod, container, evidence),
        directness=0.6,
        evidence=tuple(evidence.cite("pods") + evidence.cite("previous_logs") + evidence.cite("events")),
        facts=_facts(crashed, evidence),
        next_step=_next_step(pod, container, evidence),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: the kubelet restarts the container already."""
    return []


def _told_of(
    crashed: list[tuple[PodFacts, ContainerFacts]], evidence: Evidence
) -> tuple[PodFacts, ContainerFacts]:
    """One that was not killed for memory, which has its own class; of these one whose log says something."""
    others = [entry for entry in crashed if entry[1].exit_reason != "OOMKilled"] or crashed
    return next((entry for entry in others if said(evidence, entry[0].name, entry[1].name)), others[0])


def _summary(count: int, pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> str:
    of = len(live_pods(evidence))
    pods = f"{count} of {of} pods crash{'es' if count == 1 else ''}"
    if count == of == 1:
        pods = "Its only pod crashes"
    words = quoted(evidence, pod.name, container.name)
    if not words and not never_began(container):
        words = f"; {silent(evidence, pod.name, container.name) or 'its log says no reason'}, so that why is not known"
    release = new_release(evidence)
    return f"{pods}: container {container.name} {ending(container)}{words}.{f' {release}' if release else ''}"


def _facts(crashed: list[tuple[PodFacts, ContainerFacts]], evidence: Evidence) -> tuple[str, ...]:
    release = no_release(evidence)
    return (
        *(describe_crash(pod, container) for pod, container in crashed[:2]),
        *([release] if release else []),
        *_back(evidence),
        *_hint(evidence),
    )


def _hint(evidence: Evidence) -> tuple[str, ...]:
    found = hint(evidence)
    return (
        (f"its log speaks of {WORDS[found.topic]}, which is a hint and no proof: {quote(found.line)}",)
        if found
        else ()
    )


def _back(evidence: Evidence) -> tuple[str, ...]:
    return tuple(
        f"Service {d.service}, which it names: {counted.all_pods(d.pods, 'is', 'are').lower()} ready "
        f"since {d.recovered_at:%H:%M:%S} UTC"
        for d in evidence.dependencies
        if d.recovered_at
    )


def _next_step(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> str:
    """Its log; what it starts with, where nothing was said; and that a restart is no mend."""
    template = spec_command(pod, container, evidence)
    if never_began(container):
        return (
            f"{template} prints its command, args and mounts: correct what the runtime names. There is no log, since "
            "it never started."
        )
    if container.exit_code == 0:
        return f"{template} prints what it runs: that ends by itself. Let it run on, or make it a Job."
    ended_once = pod.finishes and not container.restart_count
    log = f"kubectl logs {'' if ended_once else '--previous '}{pod.name} -c {container.name} --tail=100"
    if said(evidence, pod.name, container.name):
        return (
            f"{log}: what stands before that line? Then what it was started with: kubectl set env <workload> --list. "
            f"{_ended_once(pod) if ended_once else AGAIN}"
        )
    return f"{log}; if that says nothing: kubectl describe pod {pod.name}, and kubectl set env <workload> --list."


def _ended_once(pod: PodFacts) -> str:
    """With restartPolicy Never; a pod has failed only when all its containers have ended (PodPhase)."""
    running = [c.name for c in pod.containers if not c.init and c.running_since is not None]
    held = f", and its Job does not see that it failed while {' and '.join(running)} runs" if running else ""
    return f"Nothing starts it again in this pod{held}."


PLAYBOOK = Playbook(problem="crash_loop", rank=80, proves=proves, candidates=candidates)
