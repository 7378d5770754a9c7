"""A node is not Ready: at most keep new pods off it, and only a person says so.

Proof: the node's own Ready condition. Kubernetes keeps pods off a node that it knows to be ill, and evicts what is on
it after a while; a cordon holds when the node comes and goes. What may not be cordoned is policy's to say.
"""

from __future__ import annotations

from datetime import timedelta

from graph.cordons import cordon
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from tools.records import Evidence, NodeFacts, Target

LASTS = timedelta(seconds=60)
"""A node that is away for shorter may only have been slow to say that it is there."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    node = evidence.node
    if node is None or node.ready == "True":
        return None
    others = [other for other in evidence.nodes if other.uid != node.uid]
    ill = [other for other in others if not other.takes_pods]
    return Finding(
        problem="node_not_ready",
        summary=f"Node {node.name} is not Ready{_since(node)}: {node.reason or 'no reason is given'}",
        directness=1.0,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods") + evidence.cite("events")),
        facts=(_state(node), *_pods_on_it(evidence), _others(others, ill)),
        ruled_out=("a wider outage: every other node takes pods",) if others and not ill else (),
        next_step=(
            f"kubectl describe node {node.name}; is the machine up, does its kubelet run? Its pods are evicted by "
            "Kubernetes itself after 300 s; never force-delete them."
        ),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A cordon, of a node that is not cordoned yet."""
    node = evidence.node
    if node is None or not _lasts(node, evidence):
        return []
    reason = "Keeps new pods off the node until somebody trusts it again, should it come back for a while."
    return cordon(PLAYBOOK.problem, reason, node, target)


def _lasts(node: NodeFacts, evidence: Evidence) -> bool:
    return node.ready_changed_at is not None and evidence.collected_at - node.ready_changed_at >= LASTS


def _since(node: NodeFacts) -> str:
    return f" since {node.ready_changed_at:%Y-%m-%d %H:%M:%S} UTC" if node.ready_changed_at else ""


def _state(node: NodeFacts) -> str:
    by = "by this agent" if node.cordoned_by else "by somebody"
    cordon = "not cordoned" if node.schedulable else f"cordoned {by}"
    return f"{node.name}: Ready={node.ready}, {cordon}{', control plane' if node.control_plane else ''}"


def _pods_on_it(evidence: Evidence) -> list[str]:
    return [item.summary for item in evidence.items if item.kind == "node_pods" and item.status == "found"]


def _others(others: list[NodeFacts], ill: list[NodeFacts]) -> str:
    if not ill:
        return f"all {len(others)} other nodes take pods"
    return f"{len(ill)} of {len(others)} other nodes take no pods: {', '.join(node.name for node in ill[:5])}"


PLAYBOOK = Playbook(problem="node_not_ready", rank=5, proves=proves, candidates=candidates)
