"""The kubelet kills a container because its liveness probe fails: the program runs, and too slowly or not at all.

Proof: crashed containers ended by a signal (exit code 137 or 143) and not for memory, and the kubelet's events say that
the liveness or startup probe failed. A probe that is too strict kills a busy program again and again; a restart is what
the kubelet does already.
"""

from __future__ import annotations

import re

from graph import counted
from graph.not_ready_words import often
from graph.patience import longer, longest_told
from graph.playbooks import Playbook
from graph.probe_words import got, numbers, patience_seconds, probe_of
from graph.release_words import release_fact
from graph.said import said
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, live_pods
from graph.workload_words import restarts_all
from tools.excerpts import quote
from tools.records import ContainerFacts, EventFacts, Evidence, PodFacts, ProbeFacts, Target

BY_SIGNAL = frozenset({137, 143})
FAILED = re.compile(r"\b(liveness|startup) probe failed", re.IGNORECASE)


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    told = [event for event in evidence.events if FAILED.search(event.message)]
    if not crashed or not told or not all(_killed(c) for _, c in crashed):
        return None
    pod, container = next((entry for entry in crashed if said(evidence, entry[0].name)), crashed[0])
    return _finding(pod, container, [each for each, _ in crashed], told, evidence)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: what kills it now would kill the next one."""
    return []


def _killed(container: ContainerFacts) -> bool:
    return container.exit_code in BY_SIGNAL and container.exit_reason != "OOMKilled"


def _probe(event: EventFacts) -> str:
    found = FAILED.search(event.message)
    return found.group(1).lower() if found else ""


def _finding(
    pod: PodFacts,
    container: ContainerFacts,
    killed: list[PodFacts],
    told: list[EventFacts],
    evidence: Evidence,
) -> Finding:
    kind = _probe(told[0])
    probe = probe_of(evidence, container.name, kind)
    of = counted.times(len(live_pods(evidence)), "pod")
    busy = longest_told(evidence, pod.name, container.name)
    told_of = probe is not None and busy.seconds > probe.timeout_seconds
    words = busy.line if told_of else said(evidence, pod.name, container.name)
    return Finding(
        problem="liveness_kills",
        summary=f"The kubelet kills container {container.name} in {len(killed)} of {of}: its {kind} probe"
        f"{numbers(probe)} fails{got(told[0].message, probe)}"
        + (f"; its log before that: {quote(words)}." if words else "."),
        directness=0.8,
        evidence=tuple(evidence.cite("events") + evidence.cite("pods") + evidence.cite("previous_logs")),
        facts=(
            *([f"so it may be silent for {patience_seconds(probe)} s, then it is killed"] if probe else []),
            *_counts(told[0], evidence),
            *(describe_crash(p, c) for p in killed[:3] if (c := crashed_container(p, evidence.collected_at))),
            *release_fact(evidence),
        ),
        ruled_out=("memory: the kernel did not kill it", "an exit of its own: it ended by a signal"),
        next_step=_next_step(pod, container, probe, evidence),
    )


def _counts(failed: EventFacts, evidence: Evidence) -> list[str]:
    """How often the probe failed and the kubelet killed for it: what it said stands in the summary."""
    killing = next((event for event in evidence.events if event.reason == "Killing"), None)
    kills = f"; Killing{often(killing)}" if killing else ""
    return [f"{failed.reason}{often(failed)}{kills}"] if failed.count > 1 or kills else []


def _next_step(pod: PodFacts, container: ContainerFacts, probe: ProbeFacts | None, evidence: Evidence) -> str:
    """Raise what the log shows to be too little; else what it does before it is killed."""
    log = f"kubectl logs --previous {pod.name} -c {container.name} --tail=100"
    busy = longest_told(evidence, pod.name, container.name)
    command = longer(probe, busy.seconds, evidence) if probe else ""
    if command:
        return (
            f"{log}: it tells of {busy.seconds:g} s that one thing takes. If that is ordinary, allow it: {command}. "
            "Else see what makes it so slow, or what it waits for; a restart only begins that again."
        )
    if probe is None:
        return (
            f"kubectl get <workload> -o yaml prints its probe; {log}: what does it do before it is killed? "
            "A restart only begins that work again."
        )
    return (
        f"{log}: what does it do in the {patience_seconds(probe)} s before it is killed? If it waits for something "
        f"else, mend that; if it is busy, raise failureThreshold ({probe.failures}) or timeoutSeconds "
        f"({probe.timeout_seconds}) with kubectl edit <workload> ({restarts_all(evidence)})."
    )


PLAYBOOK = Playbook(problem="liveness_kills", rank=77, proves=proves, candidates=candidates)
