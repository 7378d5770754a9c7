"""A node that this agent has cordoned is well again: let it take pods, if a person says so.

Proof: the node carries our own mark, is cordoned, and has been Ready for ten minutes without any pressure. A node
that somebody else cordoned is theirs.
"""

from __future__ import annotations

from datetime import timedelta

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from tools.records import ActionCall, Evidence, NodeFacts, Target

TRUSTED = timedelta(minutes=10)


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    node = evidence.node
    if node is None or node.schedulable or not node.cordoned_by or not _is_trusted(node, evidence):
        return None
    assert node.ready_changed_at is not None
    return Finding(
        problem="node_cordoned",
        summary=f"Node {node.name}, which this agent cordoned, has been Ready since {node.ready_changed_at:%H:%M} UTC.",
        directness=1.0,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("events")),
        facts=(f"{node.name}: Ready, no pressure, cordoned by this agent",),
        next_step=f"kubectl uncordon {node.name}, when the cause of its failure is known.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Take our own cordon back."""
    node = evidence.node
    if node is None:
        return []
    args = {"namespace": "", "name": node.name, "uid": node.uid}
    return [
        Proposal(
            call=ActionCall(name="uncordon_node", args=args),
            target=target,
            risk="high",
            problem=PLAYBOOK.problem,
            reason="The node has been well for ten minutes and more, and takes no pods only because of our cordon.",
        )
    ]


def _is_trusted(node: NodeFacts, evidence: Evidence) -> bool:
    if node.ready != "True" or node.pressures or node.ready_changed_at is None:
        return False
    return evidence.collected_at - node.ready_changed_at >= TRUSTED


PLAYBOOK = Playbook(problem="node_cordoned", rank=6, proves=proves, candidates=candidates)
