"""Pods crash for a cause that is over, and do not come back by themselves: a restart helps, once.

Proof: pods of a revision that had run well crash, a Service that they need was down when they broke, and all
its pods are ready again since. Counter-proof: the revision is new, the container was killed for memory or cannot
be executed, or nothing shows that a cause has ended.
"""

from __future__ import annotations

from datetime import datetime

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import (
    LIVED_WELL_SECONDS,
    crashed_container,
    current_revision,
    dependencies_down,
    describe_crash,
    lived_well,
    pods_of,
)
from tools.records import (
    ActionCall,
    ContainerFacts,
    DependencyFacts,
    Evidence,
    PodFacts,
    RevisionFacts,
    Target,
)

DETERMINISTIC_CODES = frozenset({126, 127})


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    current = current_revision(evidence)
    if current is None or dependencies_down(evidence):
        return None
    crashed = [(p, c) for p in pods_of(evidence, current) if (c := crashed_container(p))]
    if not crashed or any(_deterministic(c) for _, c in crashed):
        return None
    if not _ran_well_before(current, crashed, evidence):
        return None
    cause = _cause_that_ended(crashed, evidence)
    return _finding(current, crashed, cause, evidence) if cause else None


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """One rolling restart, with a fixed time so that a repeated request changes nothing more."""
    workload = evidence.workload
    if workload is None:
        return []
    args = {
        "namespace": target.namespace,
        "name": target.name,
        "uid": target.uid,
        "from_digest": workload.template_digest,
        "restarted_at": evidence.collected_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return [
        Proposal(
            call=ActionCall(name="restart_deployment", args=args),
            target=target,
            risk="medium",
            problem=PLAYBOOK.problem,
            reason="The cause is over and the pods did not recover by themselves: restart them once.",
            workload_digest=workload.template_digest,
        )
    ]


def _deterministic(container: ContainerFacts) -> bool:
    return container.exit_reason == "OOMKilled" or container.exit_code in DETERMINISTIC_CODES


def _ran_well_before(
    current: RevisionFacts, crashed: list[tuple[PodFacts, ContainerFacts]], evidence: Evidence
) -> bool:
    if (current.seen_healthy_seconds or 0.0) >= LIVED_WELL_SECONDS:
        return True
    return all(lived_well(pod, container, evidence.collected_at) for pod, container in crashed)


def _cause_that_ended(
    crashed: list[tuple[PodFacts, ContainerFacts]], evidence: Evidence
) -> DependencyFacts | None:
    """A dependency all of whose pods became ready after ours had broken."""
    broke_at = min(_broke_at(pod) for pod, _ in crashed)
    return next((d for d in evidence.dependencies if d.recovered_at and d.recovered_at > broke_at), None)


def _broke_at(pod: PodFacts) -> datetime:
    return pod.ready_changed_at or pod.created_at


def _finding(
    current: RevisionFacts,
    crashed: list[tuple[PodFacts, ContainerFacts]],
    cause: DependencyFacts,
    evidence: Evidence,
) -> Finding:
    assert cause.recovered_at is not None
    seen = (current.seen_healthy_seconds or 0.0) >= LIVED_WELL_SECONDS
    facts = [describe_crash(pod, container) for pod, container in crashed[:3]]
    facts.append(
        f"Service {cause.service}: {cause.ready} of {cause.pods} pods ready since {cause.recovered_at:%H:%M:%S} UTC"
    )
    return Finding(
        problem="transient_crash",
        summary=f"{len(crashed)} pods crash since {cause.service} was down; it is back, they are not.",
        directness=0.95 if seen else 0.85,
        evidence=tuple(
            evidence.cite("pods") + evidence.cite("dependencies") + evidence.cite("previous_logs")
        ),
        facts=tuple(facts),
        ruled_out=(
            f"a bad release: revision {current.number} had run well before",
            "memory: no container was OOMKilled",
        ),
        next_step="If a restart does not help, read the previous logs: the state that they start from is bad.",
    )


PLAYBOOK = Playbook(problem="transient_crash", rank=10, proves=proves, candidates=candidates)
