"""A StatefulSet does not get on: one pod holds up those behind it, or its own spec keeps pods as they are.

Proof: its pods are not all of the newest revision and ready, and either the strategy is OnDelete or a partition keeps
the rest, or, one after the other, a pod that is not ready stands before the others. Counter-proof: that pod crashes,
waits for an image, a volume or a node, or is of a revision that was left: those classes are asked first, and are the
cause. Nothing is proposed: which member of a cluster may go, and whether a partition is meant, no status tells.
"""

from __future__ import annotations

from graph.blocked_rollouts import of_older_revisions, ordinal, state_of
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import is_complete, live_pods
from graph.workload_words import reference
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
    waits = f"{missing} more wait to be made" if missing > 0 else f"{len(older)} wait to be replaced"
    return Finding(
        problem="statefulset_rollout_stuck",
        summary=f"{pod.name} is not ready, and the StatefulSet goes in order: {waits}.",
        directness=0.9,
        evidence=_cited(evidence),
        facts=(f"{pod.name}: {state_of(pod)}", f"{workload.ready} of {workload.desired} pods are ready"),
        ruled_out=("a crash, an image or a node: the pod has its containers, or waits for one that runs",),
        next_step=f"kubectl describe pod {pod.name} and kubectl logs {pod.name}: what does it wait for? A member that "
        "waits for others which are made after it needs podManagementPolicy Parallel.",
    )


def _kept(workload: WorkloadFacts, older: list[PodFacts], evidence: Evidence) -> Finding | None:
    names = ", ".join(sorted(pod.name for pod in older)[:5])
    if workload.strategy == "OnDelete":
        return Finding(
            problem="statefulset_rollout_stuck",
            summary=f"Its update strategy is OnDelete: {names} keep the older revision until somebody deletes them.",
            directness=1.0,
            evidence=_cited(evidence),
            facts=(
                f"{workload.updated} of {workload.desired} pods are of the newest revision, all are ready",
            ),
            ruled_out=("a fault: all pods are ready", "a rollout on its way: OnDelete begins none"),
            next_step=f"Whoever changed it deletes the pods one by one, from the last: kubectl delete pod "
            f"{max(older, key=ordinal).name}, then waits until it is ready.",
        )
    if any(ordinal(pod) >= workload.rollout.partition for pod in older):
        return None
    return Finding(
        problem="statefulset_rollout_stuck",
        summary=f"A partition of {workload.rollout.partition} keeps {names} on the older revision: it is meant so.",
        directness=1.0,
        evidence=_cited(evidence),
        facts=(f"{workload.updated} of {workload.desired} pods are of the newest revision, all are ready",),
        ruled_out=(
            "a fault: all pods are ready",
            "a rollout on its way: all from that ordinal on are replaced",
        ),
        next_step="Ask who set the partition. It goes on when it is lowered: "
        f"kubectl get {reference(evidence)} -o jsonpath='{{.spec.updateStrategy}}'.",
    )


def _cited(evidence: Evidence) -> tuple[str, ...]:
    return tuple(id_ for kind in ("workload", "pods", "revisions") for id_ in evidence.cite(kind))


PLAYBOOK = Playbook(problem="statefulset_rollout_stuck", rank=85, proves=proves)
