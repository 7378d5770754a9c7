"""A node that this agent has cordoned is well again: let it take pods, if a person says so.

Proof: the node carries our own mark, is cordoned, and has been Ready for ten minutes without any pressure. A node
that somebody else cordoned is theirs.
"""

from __future__ import annotations

from datetime import timedelta

from graph.ages import since
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
        summary=(
            f"Node {node.name} is well again and takes no pods: this agent cordoned it, and it has been Ready since "
            f"{since(node.ready_changed_at, evidence.collected_at)}, under no pressure."
        ),
        directness=1.0,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("events")),
        facts=_facts(node, evidence),
        next_step=(
            f"kubectl get events -A --field-selector involvedObject.name={node.name} and, on it, journalctl "
            "-u kubelet: why "
            f"had it failed? When that is known and mended: kubectl uncordon {node.name}"
        ),
        how_soon="later",
    )


def _facts(node: NodeFacts, evidence: Evidence) -> tuple[str, ...]:
    at = f" since {since(node.cordoned_at, evidence.collected_at)}" if node.cordoned_at else ""
    others = [other for other in evidence.nodes if other.uid != node.uid]
    taking = sum(other.takes_pods for other in others)
    return (
        f"cordoned by this agent{at}",
        *([f"{taking} of {len(others)} other nodes take pods meanwhile"] if others else []),
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
