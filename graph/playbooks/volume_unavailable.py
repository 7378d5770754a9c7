"""Pods wait for a volume: a claim that is missing, lost or not bound, one that another node still holds, another zone.

Proof: pods that do not fail wait in the scheduler's or the kubelet's own words for a volume. What the claim is like
says which of them it is. Counter-proof: the claim is bound and nobody speaks of it: then it is room, a taint or
configuration. Nothing is proposed: a restart or an eviction makes another pod that waits for the same, and what holds
the volume may be writing to it.
"""

from __future__ import annotations

from graph import counted
from graph.ages import since
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import is_failing, live_pods
from graph.volume_causes import cause_of, said
from graph.volumes_awaited import waiting_for_volumes
from tools.records import Evidence, PodFacts, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    pods = waiting_for_volumes(evidence)
    others = [pod for pod in live_pods(evidence) if pod not in pods]
    if not pods or any(is_failing(pod, evidence.collected_at) for pod in others):
        return None
    oldest = min(pods, key=lambda pod: pod.created_at)
    cause = cause_of(oldest, evidence)
    return Finding(
        problem="volume_unavailable",
        summary=f"{counted.pods(len(pods), 'waits', 'wait')} for a volume since "
        f"{since(oldest.created_at, evidence.collected_at)}: {cause.what}.",
        directness=1.0,
        evidence=tuple(id_ for kind in ("pods", "claims", "events") for id_ in evidence.cite(kind)),
        facts=tuple(said(oldest, evidence)),
        ruled_out=("a crash: its containers have not started", *_not_it(oldest, evidence)),
        next_step=f"{cause.next_step} The pods start by themselves once they have it.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _not_it(pod: PodFacts, evidence: Evidence) -> list[str]:
    bound = [c.name for c in evidence.claims if c.name in pod.claims and c.phase == "Bound"]
    return [f"a claim that is missing or not bound: {', '.join(bound)} is Bound"] if bound else []


PLAYBOOK = Playbook(problem="volume_unavailable", rank=68, proves=proves, candidates=candidates)
