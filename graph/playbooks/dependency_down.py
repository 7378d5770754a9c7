"""Pods crash or wait while a Service that they name has no ready pod: the dependency is the incident, not they.

Proof: crashed containers, or init containers that have run for minutes and do not end, and a Service that selects pods,
none of which is ready. The kubelet starts the crashed containers again by itself, so that they come back some minutes
after what they need; a restart now would replace pods that wait by pods that wait. What is over already is
`transient_crash`, which is asked first.
"""

from __future__ import annotations

from datetime import datetime

from graph import counted
from graph.ages import since
from graph.dependency_words import look, state
from graph.init_waits import hanging_init
from graph.placed import NAMESPACE
from graph.playbooks import Playbook
from graph.said import says
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, dependencies_down, describe_crash, live_pods
from tools.records import ContainerFacts, Evidence, PodFacts, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, down = evidence.collected_at, dependencies_down(evidence)
    crashed = [(p, c) for p in live_pods(evidence) if (c := crashed_container(p, now))]
    waiting = [(p, c) for p in live_pods(evidence) if not crashed and (c := hanging_init(p, now))]
    if not (crashed or waiting) or not down:
        return None
    service = down[0].service
    pods = counted.pods(len(crashed), "crashes", "crash") if crashed else _wait(len(waiting))
    words = says(evidence, [pod for pod, _ in crashed or waiting])
    return Finding(
        problem="dependency_down",
        cause=f"service/{NAMESPACE}/{service}",
        summary=f"{pods} while {service}, which they need, has no ready pod{words}.",
        directness=0.8,
        evidence=tuple(
            evidence.cite("dependencies") + evidence.cite("pods") + evidence.cite("previous_logs")
        ),
        facts=(
            *(state(d) for d in down[:3]),
            *(describe_crash(p, c) for p, c in crashed[:2]),
            *(_waits(p, c, now) for p, c in waiting[:2]),
        ),
        ruled_out=("a cause that is over: what it needs is not back",),
        next_step=f"{look(down[0], evidence)} Mend {service} first: these pods start again by themselves within five "
        "minutes of its return, and a restart changes nothing.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _wait(count: int) -> str:
    return counted.pods(count, "waits in an init container", "wait in an init container")


def _waits(pod: PodFacts, container: ContainerFacts, now: datetime) -> str:
    return f"{pod.name}: its init container {container.name} runs since {since(container.running_since or now, now)}"


PLAYBOOK = Playbook(problem="dependency_down", rank=74, proves=proves, candidates=candidates)
