"""A node is not Ready: at most keep new pods off it, and only a person says so.

Proof: the node's own Ready condition. Kubernetes keeps pods off a node that it knows to be ill, and evicts what is on
it after a while; a cordon holds when the node comes and goes. What may not be cordoned is policy's to say.
"""

from __future__ import annotations

from datetime import timedelta

from graph.ages import since
from graph.cordons import cordon
from graph.node_words import next_step, on_it, times
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from tools.excerpts import message, quote
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
        summary=_summary(node, others, evidence),
        directness=1.0,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods") + evidence.cite("events")),
        facts=(*on_it(node, evidence), _cordon(node), *_others(others, ill), *_events(evidence)),
        ruled_out=(f"a wider outage: {_well(len(others))}",) if others and not ill else (),
        next_step=next_step(node, evidence),
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


def _summary(node: NodeFacts, others: list[NodeFacts], evidence: Evidence) -> str:
    at = f" since {since(node.ready_changed_at, evidence.collected_at)}" if node.ready_changed_at else ""
    state = "has been silent" if node.ready == "Unknown" else "has not been Ready"
    words = node.reason.rstrip(".") or "no reason is given"
    return f"Node {node.name} {state}{at}: {quote(words)}.{_control_plane(node, others)}"


def _control_plane(node: NodeFacts, others: list[NodeFacts]) -> str:
    """As labels tell it."""
    if not node.control_plane:
        return ""
    more = sum(other.control_plane for other in others)
    if more:
        return f" It is one of {more + 1} nodes of the control plane."
    return " It is the only node that is labelled control plane: etcd and the API server may be on it."


def _well(others: int) -> str:
    return "the only other node takes pods" if others == 1 else f"all {others} other nodes take pods"


def _cordon(node: NodeFacts) -> str:
    """What keeps new pods off it, and what a cordon would add."""
    if not node.schedulable:
        by = "by this agent" if node.cordoned_by else "by somebody"
        return f"it is cordoned {by}: it takes no pods when it is Ready again, until it is uncordoned"
    return "the taints of its state keep new pods off already; a cordon would only keep them off when it is Ready again"


def _others(others: list[NodeFacts], ill: list[NodeFacts]) -> list[str]:
    if not ill:
        return []
    names = ", ".join(
        f"{node.name} ({'cordoned' if node.ready == 'True' else 'not Ready'})" for node in ill[:5]
    )
    return [f"{len(ill)} of {len(others)} other nodes take no pods: {names}"]


def _events(evidence: Evidence) -> list[str]:
    """What the node or its controllers have said themselves, but that it is away."""
    told = (
        e for e in evidence.events if e.kind == "Node" and e.type == "Warning" and e.reason != "NodeNotReady"
    )
    return [f"{e.reason}{times(e.count)}: {quote(message(e.message, 120))}" for e in told][:2]


PLAYBOOK = Playbook(problem="node_not_ready", rank=5, proves=proves, candidates=candidates)
