"""The kubelet kills a container because its liveness probe fails: the program runs, and too slowly or not at all.

Proof: crashed containers ended by a signal (exit code 137 or 143) and not for memory, and the kubelet's events say that
the liveness or startup probe failed. A probe that is too strict kills a busy program again and again; a restart is what
the kubelet does already.
"""

from __future__ import annotations

import re

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, live_pods
from tools.records import ContainerFacts, EventFacts, Evidence, Target

BY_SIGNAL = frozenset({137, 143})
FAILED = re.compile(r"\b(liveness|startup) probe failed", re.IGNORECASE)


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now = evidence.collected_at
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    told = [event for event in evidence.events if FAILED.search(event.message)]
    if not crashed or not told or not all(_killed(c) for _, c in crashed):
        return None
    pod, container = crashed[0]
    return Finding(
        problem="liveness_kills",
        summary=f"The kubelet kills container {container.name}: its {_probe(told[0])} probe fails.",
        directness=0.8,
        evidence=tuple(evidence.cite("events") + evidence.cite("pods") + evidence.cite("previous_logs")),
        facts=(*(_words(event) for event in told[:2]), *(describe_crash(p, c) for p, c in crashed[:2])),
        ruled_out=("memory: the kernel did not kill it", "an exit of its own: it ended by a signal"),
        next_step=f"kubectl get pod {pod.name} -o yaml: compare the probe's timeout and threshold with how long the "
        "program needs when it is busy or starting; then see what slows it down.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: what kills it now would kill the next one."""
    return []


def _killed(container: ContainerFacts) -> bool:
    return container.exit_code in BY_SIGNAL and container.exit_reason != "OOMKilled"


def _probe(event: EventFacts) -> str:
    found = FAILED.search(event.message)
    return found.group(1).lower() if found else ""


def _words(event: EventFacts) -> str:
    return f"{event.reason} ({event.count} times): {event.message}"


PLAYBOOK = Playbook(problem="liveness_kills", rank=77, proves=proves, candidates=candidates)
