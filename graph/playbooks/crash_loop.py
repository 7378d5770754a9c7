"""Pods crash and nothing proves why: explained with what was checked, never acted on."""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, dependencies_down, describe_crash, live_pods
from tools.records import ContainerFacts, Evidence, PodFacts, Target

MEANING = {
    126: "the command cannot be executed",
    127: "the command was not found",
    134: "aborted",
    137: "killed (SIGKILL)",
    139: "segmentation fault",
    143: "terminated (SIGTERM): a probe or a drain",
}


def proves(evidence: Evidence) -> Finding | None:
    """Any live pod with a crashed container."""
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p))]
    if not crashed:
        return None
    pod, container = crashed[0]
    return Finding(
        problem="out_of_memory" if container.exit_reason == "OOMKilled" else "crash_loop",
        summary=_summary(crashed, evidence),
        directness=0.6,
        evidence=tuple(evidence.cite("pods") + evidence.cite("previous_logs") + evidence.cite("events")),
        facts=tuple(describe_crash(p, c) for p, c in crashed[:3]) + _meaning(container),
        ruled_out=(
            "a bad release: the newest revision is not proved to have broken it",
            "a cause that is over: nothing that it needs went down and came back",
        ),
        next_step=f"kubectl logs --previous {pod.name} -c {container.name}",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: the kubelet restarts the container already."""
    return []


def _summary(crashed: list[tuple[PodFacts, ContainerFacts]], evidence: Evidence) -> str:
    down = dependencies_down(evidence)
    if down:
        return f"{len(crashed)} pods crash while {down[0].service}, which they need, has no ready pod."
    _, container = crashed[0]
    if container.exit_reason == "OOMKilled":
        return f"{len(crashed)} pods crash: container {container.name} is killed for memory (OOMKilled)."
    return f"{len(crashed)} pods crash; the cause is not proved."


def _meaning(container: ContainerFacts) -> tuple[str, ...]:
    text = MEANING.get(container.exit_code or 0)
    return (f"exit code {container.exit_code}: {text}",) if text else ()


PLAYBOOK = Playbook(problem="crash_loop", rank=80, proves=proves, candidates=candidates)
