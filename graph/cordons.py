"""The cordon of a node as a proposal; what may not be cordoned is policy's to say."""

from __future__ import annotations

from graph.state import Proposal
from tools.records import ActionCall, NodeFacts, Target


def cordon(problem: str, reason: str, node: NodeFacts, target: Target) -> list[Proposal]:
    """The proposal to keep new pods off this node, or none where it is cordoned already."""
    if not node.schedulable:
        return []
    args = {"namespace": "", "name": node.name, "uid": node.uid}
    call = ActionCall(name="cordon_node", args=args)
    return [Proposal(call=call, target=target, risk="high", problem=problem, reason=reason)]
