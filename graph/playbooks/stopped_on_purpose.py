"""Somebody has scaled the workload to zero: that is a decision, not an incident (kubernetes.md 4.4).

Proof: the spec asks for no replicas and no pod is left. An autoscaler from zero is a decision too. Who needs the
workload is told; nothing is started.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import live_pods
from tools.records import Evidence, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload = evidence.workload
    if workload is None or workload.desired != 0 or live_pods(evidence):
        return None
    return Finding(
        problem="stopped_on_purpose",
        summary="It is scaled to zero: no pod is meant to run.",
        directness=1.0,
        evidence=tuple(evidence.cite("workload") + evidence.cite("pods")),
        facts=tuple(f"{event.reason}: {event.message}" for event in evidence.events[:3]),
        ruled_out=("a crash", "a bad release", "a node: no pod is wanted"),
        next_step="Ask who scaled it down; kubectl scale brings it back. Silence its alerts if it is to stay down.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: to bring it back is for whoever took it down."""
    return []


PLAYBOOK = Playbook(problem="stopped_on_purpose", rank=3, proves=proves, candidates=candidates)
