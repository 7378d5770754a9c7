"""A StatefulSet does not get on: one pod holds up those behind it, or its own spec keeps pods as they are.

Proof: its pods are not all of the newest revision and ready, and either the strategy is OnDelete or a partition keeps
the rest, or, one after the other, a pod that is not ready stands before the others. Counter-proof: that pod crashes,
waits for an image, a volume or a node, or is of a revision that was left: those classes are asked first, and are the
cause. Nothing is proposed: which member of a cluster may go, and whether a partition is meant, no status tells.
"""

from __future__ import annotations

from graph import statefulset_words as words
from graph.blocked_rollouts import of_older_revisions, ordinal
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import is_complete, live_pods
from tools.records import Evidence, PodFacts, WorkloadFacts


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload = evidence.workload
    if workload is None or workload.kind != "StatefulSet" or workload.desired == 0:
        return None
    unready = sorted((pod for pod in live_pods(evidence) if not pod.ready), key=ordinal)
    if unready:
        return _held_up(workload, unready, evidence)
    older = of_older_revisions(evidence)
    return _kept(workload, older, evidence) if older else None


def _held_up(workload: WorkloadFacts, unready: list[PodFacts], evidence: Evidence) -> Finding | None:
    """In order the first is made, the last is replaced: what is not ready keeps the next from its turn."""
    missing = workload.desired - len(live_pods(evidence))
    older = of_older_revisions(evidence)
    if not workload.ordered or (missing <= 0 and is_complete(evidence)):
        return None
    pod = unready[0]
    waits = f"{missing} more are not made" if missing > 0 else f"{len(older)} are not replaced"
    return Finding(
        problem="statefulset_rollout_stuck",
        summary=words.held_up(pod, waits, evidence),
        directness=0.9,
        evidence=_cited(evidence),
        facts=words.held_up_facts(pod, missing, evidence),
        ruled_out=("a crash, an image or a node: no pod fails for them",),
        next_step=words.held_up_step(pod, missing, evidence),
    )


def _kept(workload: WorkloadFacts, older: list[PodFacts], evidence: Evidence) -> Finding | None:
    names = ", ".join(sorted(pod.name for pod in older)[:5])
    facts = words.kept_facts(workload, evidence)
    if workload.strategy == "OnDelete":
        return Finding(
            problem="statefulset_rollout_stuck",
            summary=f"Its update strategy is OnDelete: {names} keep the older revision until somebody deletes them.",
            directness=1.0,
            evidence=_cited(evidence),
            facts=facts,
            ruled_out=("a fault: all pods are ready", "a rollout on its way: OnDelete begins none"),
            next_step=words.delete_step(older),
            how_soon="later",
        )
    if any(ordinal(pod) >= workload.rollout.partition for pod in older):
        return None
    return Finding(
        problem="statefulset_rollout_stuck",
        summary=f"A partition of {workload.rollout.partition} keeps {names} on the older revision: it is meant so.",
        directness=1.0,
        evidence=_cited(evidence),
        facts=facts,
        ruled_out=(
            "a fault: all pods are ready",
            "a rollout on its way: all from that ordinal on are replaced",
        ),
        next_step=words.partition_step(older),
        how_soon="later",
    )


def _cited(evidence: Evidence) -> tuple[str, ...]:
    return tuple(id_ for kind in ("workload", "pods", "revisions") for id_ in evidence.cite(kind))


PLAYBOOK = Playbook(problem="statefulset_rollout_stuck", rank=85, proves=proves)
