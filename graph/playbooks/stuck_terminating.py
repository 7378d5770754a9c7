"""A pod should be gone and is not: a finalizer holds it, its node does not answer, or a volume cannot be let go.

Proof: the time by which it should be gone, its grace period included, is over for more than a minute, and no other pod
fails. Counter-proof: its grace period still runs, or it is on its way for seconds. Never forced: a pod that was deleted
by force may still run on its node, with the same name or volume as the next one (kubernetes.md 4.5), and what a
finalizer waits for is its owner's.
"""

from __future__ import annotations

from datetime import timedelta

from graph import counted
from graph.evictions import node_line, node_of
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import is_failing, live_pods
from graph.volumes_awaited import waiting_for_volumes
from tools.records import Evidence, PodFacts, Target

OVERDUE = timedelta(seconds=60)


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    stuck = [pod for pod in evidence.pods if _is_overdue(pod, evidence)]
    others = live_pods(evidence)
    if not stuck or waiting_for_volumes(evidence):
        return None
    if any(is_failing(pod, evidence.collected_at) or pod.unschedulable for pod in others):
        return None
    pod = min(stuck, key=lambda pod: pod.gone_by or evidence.collected_at)
    why, step = _why(pod, evidence)
    ready = sum(other.ready for other in others)
    wanted = evidence.workload.desired if evidence.workload else len(others)
    return Finding(
        problem="stuck_terminating",
        summary=f"{counted.pods(len(stuck), 'should', 'should')} be gone and {'is' if len(stuck) == 1 else 'are'} not: "
        f"{pod.name}, {why}.",
        directness=1.0 if pod.finalizers else 0.9 if node_of(pod, evidence) else 0.7,
        evidence=tuple(id_ for kind in ("pods", "nodes", "events") for id_ in evidence.cite(kind)),
        facts=(
            f"{pod.name} should have been gone at {pod.gone_by:%Y-%m-%d %H:%M:%S} UTC",
            node_line(pod, node_of(pod, evidence)),
            f"{ready} of {wanted} pods are ready",
        ),
        ruled_out=("a crash: no other pod of it fails", *_no_finalizer(pod)),
        next_step=step,
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: it is deleted already, and what would remain is force."""
    return []


def _is_overdue(pod: PodFacts, evidence: Evidence) -> bool:
    return pod.deleting and pod.gone_by is not None and evidence.collected_at - pod.gone_by > OVERDUE


def _why(pod: PodFacts, evidence: Evidence) -> tuple[str, str]:
    if pod.finalizers:
        names = ", ".join(pod.finalizers)
        return (
            f"held by the finalizer {names}",
            f"kubectl describe pod {pod.name}, then look at what sets {names}: it has to let the pod go once its "
            "work is done. Take the finalizer away by hand only if that will never come back.",
        )
    node = node_of(pod, evidence)
    if node is not None and node.ready != "True":
        return (
            f"whose node {node.name} is not Ready, so that nobody can say whether it still runs",
            f"kubectl describe node {node.name}: bring it back, or make sure that it is off and delete the node; then "
            "the pod goes by itself. Deleted by force it may run twice.",
        )
    return (
        f"which its node {pod.node or '(none)'} has not ended",
        f"kubectl describe pod {pod.name}: a process that does not end, or a volume that cannot be unmounted; then the "
        f"kubelet's log on node {pod.node or 'NODE'}.",
    )


def _no_finalizer(pod: PodFacts) -> tuple[str, ...]:
    return () if pod.finalizers else ("a finalizer: it has none",)


PLAYBOOK = Playbook(problem="stuck_terminating", rank=47, proves=proves, candidates=candidates)
