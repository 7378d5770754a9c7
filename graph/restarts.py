"""A rolling restart as a proposal, and when what it waits for was back."""

from __future__ import annotations

from datetime import datetime

from graph.planned_steps import planned
from graph.state import Proposal
from tools.records import ActionCall, DependencyFacts, Evidence, Target
from tools.workload_revisions import kind_args


def restart(problem: str, reason: str, evidence: Evidence, target: Target) -> list[Proposal]:
    """The proposal to restart it, with a fixed time so that a repeated request changes nothing more."""
    workload = evidence.workload
    if workload is None:
        return []
    args = {
        "namespace": target.namespace,
        "name": target.name,
        "uid": target.uid,
        "from_digest": workload.template_digest,
        "restarted_at": evidence.collected_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **kind_args(target.kind),
    }
    return [
        Proposal(
            call=ActionCall(name="restart_deployment", args=args),
            target=target,
            risk="medium",
            problem=problem,
            reason=reason,
            workload_digest=workload.template_digest,
            then=planned(evidence, target),
        )
    ]


def back_since(dependency: DependencyFacts) -> datetime:
    """Of several pods the first to be ready again counts: before it the Service had none."""
    assert dependency.recovered_at is not None
    return dependency.ready_since or dependency.recovered_at
