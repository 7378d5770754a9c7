"""A DaemonSet does not get on: pods that are not ready use up what may be unavailable, or nobody deletes the old ones.

Proof: pods of an older revision are left, and either the strategy is OnDelete, or some pods are not ready; their nodes
are named with how they are: a node that does not answer counts as one that is unavailable and holds up all the others.
Counter-proof: the pods of the newest revision crash or cannot be made: those classes are asked first. Nothing is
proposed: another pod on the same node would wait for the same.
"""

from __future__ import annotations

from graph import counted
from graph.blocked_rollouts import of_older_revisions, state_of
from graph.evictions import node_line, node_of
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import live_pods
from tools.records import Evidence, PodFacts, WorkloadFacts


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload, older = evidence.workload, of_older_revisions(evidence)
    if workload is None or workload.kind != "DaemonSet" or not older:
        return None
    unready = [pod for pod in live_pods(evidence) if not pod.ready]
    if workload.strategy == "OnDelete":
        return _on_delete(workload, older, unready, evidence)
    return _blocked(workload, older, unready, evidence) if unready else None


def _on_delete(
    workload: WorkloadFacts, older: list[PodFacts], unready: list[PodFacts], evidence: Evidence
) -> Finding | None:
    if unready:
        return None
    return Finding(
        problem="daemonset_rollout_stuck",
        summary=f"Its update strategy is OnDelete: {counted.pods(len(older), 'keeps', 'keep')} the older revision "
        "until somebody deletes them.",
        directness=1.0,
        evidence=_cited(evidence),
        facts=(f"{workload.updated} of {workload.desired} pods are of the newest revision, all are ready",),
        ruled_out=("a fault: all pods are ready", "a rollout on its way: OnDelete begins none"),
        next_step=f"Whoever changed it deletes the pods one by one: kubectl delete pod {older[0].name}.",
    )


def _blocked(
    workload: WorkloadFacts, older: list[PodFacts], unready: list[PodFacts], evidence: Evidence
) -> Finding:
    ill = [pod for pod in unready if (node := node_of(pod, evidence)) and node.ready != "True"]
    pod = (ill or unready)[0]
    why = f"node {pod.node}, which is not Ready" if ill else f"node {pod.node or '(none)'}"
    step = f"kubectl describe node {pod.node}" if ill else f"kubectl describe pod {pod.name}"
    return Finding(
        problem="daemonset_rollout_stuck",
        summary=f"{counted.pods(len(older), 'waits', 'wait')} to be replaced, while {pod.name} is not ready on {why}.",
        directness=0.9 if ill else 0.8,
        evidence=_cited(evidence),
        facts=(
            *(f"{other.name} on {other.node or 'no node'}: {state_of(other)}" for other in unready[:3]),
            node_line(pod, node_of(pod, evidence)),
            f"at most {workload.rollout.may_be_missing} may be unavailable; {len(unready)} are not ready",
        ),
        ruled_out=("a crash or an image: no pod fails for them",),
        next_step=f"{step}: the rollout goes on once that pod is ready, or the node is gone.",
    )


def _cited(evidence: Evidence) -> tuple[str, ...]:
    return tuple(id_ for kind in ("workload", "pods", "revisions", "nodes") for id_ in evidence.cite(kind))


PLAYBOOK = Playbook(problem="daemonset_rollout_stuck", rank=86, proves=proves)
