"""Pods crash and nothing proves why: explained with what was checked, never acted on."""

from __future__ import annotations

from graph import counted
from graph.log_words import hint
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import could_not_read, crashed_container, describe_crash, live_pods
from tools.records import ContainerFacts, Evidence, Target

WORDS = {
    "certificate": "an expired certificate",
    "permission": "a permission that lacks",
    "disk": "a disk that is full",
}
MEANING = {
    0: "it completed, and a container of a Deployment is not meant to end",
    126: "the command cannot be executed",
    127: "the command was not found",
    134: "aborted",
    137: "killed (SIGKILL)",
    139: "segmentation fault",
    143: "terminated (SIGTERM): a probe or a drain",
}


def proves(evidence: Evidence) -> Finding | None:
    """Any live pod with a crashed container."""
    now = evidence.collected_at
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    if not crashed:
        return None
    pod, container = next((entry for entry in crashed if entry[1].exit_reason != "OOMKilled"), crashed[0])
    return Finding(
        problem="crash_loop",
        summary=f"{len(crashed)} {'pods crash' if len(crashed) > 1 else 'pod crashes'}; the cause is not proved.",
        directness=0.6,
        evidence=tuple(evidence.cite("pods") + evidence.cite("previous_logs") + evidence.cite("events")),
        facts=tuple(describe_crash(p, c) for p, c in crashed[:3])
        + _meaning(container)
        + _back(evidence)
        + _hint(evidence),
        ruled_out=_ruled_out(evidence),
        next_step=f"kubectl logs --previous {pod.name} -c {container.name}",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: the kubelet restarts the container already."""
    return []


def _hint(evidence: Evidence) -> tuple[str, ...]:
    found = hint(evidence)
    return (
        (f'its log speaks of {WORDS[found.topic]}, which is a hint and no proof: "{found.line}"',)
        if found
        else ()
    )


def _back(evidence: Evidence) -> tuple[str, ...]:
    return tuple(
        f"Service {d.service}: {counted.all_pods(d.pods, 'is', 'are').lower()} ready "
        f"since {d.recovered_at:%H:%M:%S} UTC"
        for d in evidence.dependencies
        if d.recovered_at
    )


def _ruled_out(evidence: Evidence) -> tuple[str, ...]:
    """Only what could be looked at."""
    lines = []
    if evidence.workload and not (
        could_not_read(evidence, "revisions") or could_not_read(evidence, "dependencies")
    ):
        lines.append("a bad release: nothing proves that the newest revision broke it")
    if not could_not_read(evidence, "dependencies"):
        lines.append("a cause that is over: nothing proves that what it needs went down and came back")
    return tuple(lines)


def _meaning(container: ContainerFacts) -> tuple[str, ...]:
    text = MEANING.get(container.exit_code or 0)
    return (f"exit code {container.exit_code}: {text}",) if text else ()


PLAYBOOK = Playbook(problem="crash_loop", rank=80, proves=proves, candidates=candidates)
