"""Somebody works on a node: a person cordoned it, or an autoscaler takes it away, and that is no incident.

Proof: the node is cordoned without this agent's mark, and if it is not Ready, it has been so only since the cordon; or
it carries a taint by which an autoscaler announces its removal. Such a node that is not Ready is being replaced,
whichever came first: nobody repairs it. Counter-proof: a node that failed before a person cordoned it.
Nothing is written: to uncordon it would send pods to where somebody does not want them.
"""

from __future__ import annotations

from graph import counted
from graph.ages import since
from graph.node_words import owners
from graph.playbooks import Playbook
from graph.replaced_nodes import announced, is_replaced, left_open, replaced_step, takes_too_long
from graph.state import Finding
from tools.records import Evidence, NodeFacts


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    node = evidence.node
    if node is None or not _is_worked_on(node) or not _failed_after(node):
        return None
    if node.pressures and not is_replaced(node):
        return None
    return Finding(
        problem="node_in_maintenance",
        summary=_summary(node, evidence),
        directness=0.9,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods") + evidence.cite("events")),
        facts=(*announced(evidence), *_on_it(evidence), *left_open(node), *_fleet(evidence)),
        ruled_out=_ruled_out(node),
        next_step=_next_step(node, evidence),
        how_soon="" if is_replaced(node) and takes_too_long(node, evidence) else "later",
    )


def _summary(node: NodeFacts, evidence: Evidence) -> str:
    head = "Being replaced" if is_replaced(node) else "Planned work"
    return f"{head}, as it looks: node {node.name} {_who(node, evidence)}{_since_then(node, evidence)}."


def _ruled_out(node: NodeFacts) -> tuple[str, ...]:
    if node.ready == "True":
        return ("a node that is ill: it is Ready and under no pressure",)
    return () if node.going_away else ("a node that failed by itself: it went away after it was cordoned",)


def _next_step(node: NodeFacts, evidence: Evidence) -> str:
    if is_replaced(node):
        return replaced_step(node, evidence)
    if node.going_away:
        return (
            f"kubectl get node {node.name} -o jsonpath='{{.spec.taints}}' shows who takes it away; within "
            "minutes it should be "
            "gone. If it stays: kubectl get events -A --field-selector involvedObject.kind=Node says what holds it."
        )
    return (
        f"{_who_knows(node)} When they are done: kubectl uncordon {node.name}. Not before: it would send pods to a "
        "machine that somebody works on."
    )


def _who_knows(node: NodeFacts) -> str:
    """Managed fields name a tool and a time, and never a person: that is in the audit log alone."""
    if node.notes:
        return "Ask whom the note on it names, and look again once its time is over."
    return (
        f"kubectl get node {node.name} -o yaml --show-managed-fields: with which tool and when unschedulable was set; "
        "the person is in the API server's audit log."
    )


def _is_worked_on(node: NodeFacts) -> bool:
    return node.going_away or (not node.schedulable and not node.cordoned_by)


def _failed_after(node: NodeFacts) -> bool:
    if node.ready == "True" or node.going_away:
        return True
    since, gone = node.cordoned_at, node.ready_changed_at
    return since is not None and gone is not None and gone >= since


def _who(node: NodeFacts, evidence: Evidence) -> str:
    if node.going_away:
        return "is being taken away by an autoscaler"
    at = f" since {since(node.cordoned_at, evidence.collected_at)}" if node.cordoned_at else ""
    return f"has been cordoned by somebody{at}"


def _since_then(node: NodeFacts, evidence: Evidence) -> str:
    if node.ready == "True":
        return " and is Ready"
    at = f" since {since(node.ready_changed_at, evidence.collected_at)}" if node.ready_changed_at else ""
    return f", and is not Ready{at}{'' if node.going_away else ', after that'}"


def _on_it(evidence: Evidence) -> list[str]:
    """A drain leaves what DaemonSets keep there."""
    left = [pod for pod in evidence.node_pods if pod.fate in ("goes", "forbids") and not pod.finished]
    if not left:
        return ["nothing is left on it that a drain takes"] if _was_read(evidence) else []
    return [f"{counted.times(len(left), 'pod')} still on it that a drain would take: {owners(left)}"]


def _was_read(evidence: Evidence) -> bool:
    return any(item.kind == "node_pods" and item.status in ("found", "no_data") for item in evidence.items)


def _fleet(evidence: Evidence) -> list[str]:
    """What tells an upgrade: others are worked on too, or kubelets differ."""
    others = [
        n.name for n in evidence.nodes if evidence.node and n.uid != evidence.node.uid and _is_worked_on(n)
    ]
    versions = sorted({node.kubelet_version for node in evidence.nodes if node.kubelet_version})
    lines = [f"also worked on: {', '.join(others[:5])}"] if others else []
    return lines + (
        [f"an upgrade is under way: kubelets {' and '.join(versions[:3])}"] if versions[1:] else []
    )


PLAYBOOK = Playbook(problem="node_in_maintenance", rank=4, proves=proves)
