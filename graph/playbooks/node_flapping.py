"""A node comes and goes: it is Ready now, and has not been for several times within the hour.

Proof: events of the node controller that it was not Ready, more than once, while it is Ready. Where events are gone the
alert alone says so. Counter-proof: one single absence, which is over. Each absence may cost pods their place after five
minutes; a cordon keeps new ones off, and is asked of a person where every other node is well (kubernetes.md 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.cordons import cordon
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from tools.records import Alert, EventFacts, Evidence, NodeFacts, Target

NAMES = re.compile(r"\w*Node\w*Flapping\w*", re.IGNORECASE)
OFTEN = 2


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    node = evidence.node
    times = _absences(evidence)
    if node is None or not node.takes_pods or node.pressures or times < OFTEN:
        return None
    return _finding(evidence, node, f"was not Ready {times} times within the last hour", 1.0)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A cordon of the only node that does so, where its absences were counted."""
    node = evidence.node
    if node is None or _absences(evidence) < OFTEN or any(not o.takes_pods for o in evidence.nodes):
        return []
    reason = "Keeps new pods off a node that comes and goes, until somebody trusts it again."
    return cordon(PLAYBOOK.problem, reason, node, target)


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of others."""
    return bool(NAMES.fullmatch(alert.name))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """No event is left that counts it."""
    node = evidence.node
    if node is None or not node.takes_pods:
        return None
    return _finding(evidence, node, "comes and goes, as the alert says; events of it are gone", 0.6)


def _absences(evidence: Evidence) -> int:
    return sum(
        event.count for event in evidence.events if event.kind == "Node" and event.reason == "NodeNotReady"
    )


def _finding(evidence: Evidence, node: NodeFacts, how: str, directness: float) -> Finding:
    since = f" since {node.ready_changed_at:%H:%M:%S} UTC" if node.ready_changed_at else ""
    away = [other.name for other in evidence.nodes if other.ready != "True"]
    return Finding(
        problem="node_flapping",
        summary=f"Node {node.name} {how}; it is Ready{since}.",
        directness=directness,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("events") + evidence.cite("node_pods")),
        facts=(
            *(_line(event) for event in evidence.events if event.kind == "Node"),
            *([f"not Ready now: {', '.join(away[:5])}"] if away else []),
        )[:6],
        ruled_out=("a wider outage: every other node is Ready",)
        if len(evidence.nodes) > 1 and not away
        else (),
        next_step=(
            f"kubectl cordon {node.name} keeps new pods off it; on it: journalctl -u kubelet --since -1h, and its "
            "load, memory and network: a kubelet that cannot renew its lease for 40 s counts as away."
        ),
    )


def _line(event: EventFacts) -> str:
    last = f", last {event.last_seen:%H:%M:%S} UTC" if event.last_seen else ""
    return f"{event.reason}, {event.count} times{last}"


PLAYBOOK = Playbook(
    problem="node_flapping", rank=6, proves=proves, candidates=candidates, tells=tells, explains=explains
)
