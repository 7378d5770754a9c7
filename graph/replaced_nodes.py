"""A node that is not Ready and that an autoscaler takes away: what its events say of why, and when to look again."""

from __future__ import annotations

import re
from datetime import timedelta

from graph.ages import old, since
from graph.node_words import times
from tools.excerpts import message, quote
from tools.records import EventFacts, Evidence, NodeFacts

GONE = timedelta(minutes=15)
"""Ten minutes for its pods to end, which is the cluster autoscaler's default, and the cloud's time for the machine."""
TOO_LONG = timedelta(minutes=30)
ROUTINE = re.compile(
    r"Node(?:Not)?(?:Ready|Schedulable)|NodeHas|NodeAllocatable|RegisteredNode|Starting|Rebooted"
)
"""What a kubelet and the controllers say of every node."""


def is_replaced(node: NodeFacts) -> bool:
    """Nobody repairs it, whether it failed first or was taken away first."""
    return node.going_away and node.ready != "True"


def takes_too_long(node: NodeFacts, evidence: Evidence) -> bool:
    """It has been away for so long that something holds it; not where nobody knows since when."""
    return node.ready_changed_at is not None and evidence.collected_at - node.ready_changed_at > TOO_LONG


def announced(evidence: Evidence) -> list[str]:
    """Why it goes, in its autoscaler's or its cloud's words: an interruption, a consolidation."""
    told = (each for each in evidence.events if each.kind == "Node" and not ROUTINE.match(each.reason))
    return [f"{_when(each, evidence)}: {quote(message(each.message, 120))}" for each in told][:2]


def left_open(node: NodeFacts) -> list[str]:
    """What came first is in no field of a node."""
    if not is_replaced(node):
        return []
    return ["not ruled out: the machine failed, and is taken away for that; it is replaced in either case"]


def replaced_step(node: NodeFacts, evidence: Evidence) -> str:
    """When it should be gone; what holds it, where that has passed."""
    held = (
        "kubectl get events -A --field-selector involvedObject.kind=Node,"
        f"involvedObject.name={node.name} says what holds it"
    )
    if node.ready_changed_at and takes_too_long(node, evidence):
        return (
            f"{held}, and kubectl get node {node.name} -o jsonpath='{{.metadata.finalizers}}' who must let go of it: "
            f"to take it away for {old(node.ready_changed_at, evidence.collected_at)} is too long. See in the cloud "
            "whether the machine still runs before its Node is deleted by hand."
        )
    return (
        f"kubectl get node {node.name} at {evidence.collected_at + GONE:%H:%M} UTC: it should be gone by then, with "
        "nothing done; its autoscaler makes a new node by itself where pods wait for room (kubectl get pods -A "
        f"--field-selector=status.phase=Pending). If it is still there: {held}."
    )


def _when(event: EventFacts, evidence: Evidence) -> str:
    at = f" at {since(event.last_seen, evidence.collected_at)}" if event.last_seen else ""
    return f"{event.reason}{times(event.count)}{at}"
