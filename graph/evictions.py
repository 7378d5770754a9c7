"""The eviction of one odd pod as a proposal, and what is known of the node that it is on."""

from __future__ import annotations

from datetime import timedelta

from graph.state import Proposal
from tools.records import ActionCall, Evidence, NodeFacts, PodFacts, Target
from tools.workload_revisions import kind_args

OLD_ENOUGH = timedelta(seconds=300)
"""A pod that is younger, or not ready for shorter, may still be on its way (kubernetes.md 4.5)."""


def eviction(
    problem: str,
    reason: str,
    pod: PodFacts,
    evidence: Evidence,
    target: Target,
    *,
    left_revision: str = "",
) -> list[Proposal]:
    """The proposal to evict this pod, or none where its node is known to be ill.

    `left_revision`: the mark of a revision that the workload has left and the pod is still of.
    """
    node, workload = node_of(pod, evidence), evidence.workload
    if workload is None or (node is not None and node.ready != "True"):
        return []
    args = {
        "namespace": target.namespace,
        "name": pod.name,
        "uid": pod.uid,
        "workload": target.name,
        "workload_uid": target.uid,
        **kind_args(target.kind),
        **({"left_revision": left_revision} if left_revision else {}),
    }
    return [
        Proposal(
            call=ActionCall(name="delete_pod", args=args),
            target=target,
            risk="medium",
            problem=problem,
            reason=reason,
            workload_digest=workload.template_digest,
        )
    ]


def node_of(pod: PodFacts, evidence: Evidence) -> NodeFacts | None:
    """The node that the pod is on, if it was read."""
    return next((node for node in evidence.nodes if node.name == pod.node), None)


def node_line(pod: PodFacts, node: NodeFacts | None) -> str:
    """What is known of its node, for people."""
    if node is None:
        return f"its node {pod.node or '(none)'} could not be read"
    return f"its node {node.name} is {'Ready' if node.ready == 'True' else f'not Ready: {node.reason}'}"
