"""Several workloads fail since what all of them need is down: one incident, and it is that of the dependency.

Proof: pods that are not well, a Service that they name with no ready pod, and at least two other workloads that name it
too, none of which is well. Counter-proof: one that names it and is well, which then has another way or does not need it
now; the Service alone is `dependency_down`. Nothing is done to any of those that wait.
"""

from __future__ import annotations

from graph import counted
from graph.dependency_words import look, state
from graph.placed import NAMESPACE
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import crashed_container, dependencies_down, describe_crash, is_broken, live_pods
from tools.records import Evidence, NeighbourFacts

OTHERS = 2


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, down = evidence.collected_at, dependencies_down(evidence)
    ill = [pod for pod in live_pods(evidence) if is_broken(pod, now)]
    if not ill or not down:
        return None
    service = down[0].service
    failing = [each for each in evidence.neighbours if _names_it(each, service)]
    if len(failing) < OTHERS:
        return None
    return Finding(
        problem="shared_dependency",
        cause=f"service/{NAMESPACE}/{service}",
        summary=(
            f"Service {service} has no ready pod, and {counted.times(len(failing) + 1, 'workload')} that name it "
            f"fail with it: this one, {_names(failing)}."
        ),
        directness=0.9,
        evidence=tuple(
            id_
            for kind in ("dependencies", "neighbours", "pods", "previous_logs")
            for id_ in evidence.cite(kind)
        ),
        facts=(
            state(down[0]),
            *(describe_crash(pod, c) for pod in ill[:1] if (c := crashed_container(pod, now))),
        ),
        ruled_out=("a fault of each: they have the same Service in common",),
        next_step=f"{look(down[0], evidence)} Mend {service} once for all of them: what waits for it starts again by "
        "itself within five minutes; restarting it changes nothing.",
    )


def _names(failing: list[NeighbourFacts]) -> str:
    more = f" and {len(failing) - 4} more" if len(failing) > 4 else ""
    return ", ".join(each.name for each in failing[:4]) + more


def _names_it(neighbour: NeighbourFacts, service: str) -> bool:
    """It shares the host with the target, and nobody that is well does."""
    hosts = (trait.removeprefix("host ") for trait in neighbour.shares if trait.startswith("host "))
    return any(host == service or host.startswith(f"{service}.") for host in hosts)


PLAYBOOK = Playbook(problem="shared_dependency", rank=73, proves=proves)
