"""A node comes and goes: it is Ready now, and has not been for several times within the hour.

Proof: events of the node controller that it was not Ready, more than once, while it is Ready. Where events are gone the
alert alone says so. Counter-proof: one single absence, which is over. Each absence may cost pods their place after five
minutes; a cordon keeps new ones off, and is asked of a person where every other node is well (kubernetes.md 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.ages import since
from graph.cordons import cordon
from graph.node_words import owners
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from tools.excerpts import message, quote
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
    at = f" since {since(node.ready_changed_at, evidence.collected_at)}" if node.ready_changed_at else ""
    away = [other.name for other in evidence.nodes if other.ready != "True"]
    return Finding(
        problem="node_flapping",
        summary=f"Node {node.name} {how}; it is Ready{at}.",
        directness=directness,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("events") + evidence.cite("node_pods")),
        facts=(
            *_own_trouble(evidence),
            *_absence(evidence),
            *([f"not Ready now: {', '.join(away[:5])}"] if away else []),
            *_on_it(evidence),
            "an absence of 300 s and more evicts its pods; a shorter one takes them out of their Services meanwhile",
        )[:6],
        ruled_out=("a wider outage: every other node is Ready",)
        if len(evidence.nodes) > 1 and not away
        else (),
        next_step=(
            f"On {node.name}: journalctl -u kubelet -u containerd --since -1h, and its load, memory and "
            "network then: a "
            "kubelet that cannot renew its lease for 40 s counts as away. Until it is trusted again: kubectl cordon "
            f"{node.name} keeps new pods off it; what is on it stays."
        ),
        how_soon="soon",
    )


def _own_trouble(evidence: Evidence) -> list[str]:
    """What it says besides that it comes and goes: often why."""
    told = (e for e in evidence.events if e.kind == "Node" and e.reason not in ("NodeReady", "NodeNotReady"))
    return [_line(event) for event in told if event.type == "Warning"][:3]


def _absence(evidence: Evidence) -> list[str]:
    return [_line(e) for e in evidence.events if e.kind == "Node" and e.reason == "NodeNotReady"][:1]


def _on_it(evidence: Evidence) -> list[str]:
    living = [pod for pod in evidence.node_pods if not pod.finished]
    return [f"{counted.times(len(living), 'pod')} on it: {owners(living)}"] if living else []


def _line(event: EventFacts) -> str:
    last = f", last {event.last_seen:%H:%M:%S} UTC" if event.last_seen else ""
    first = f", first {event.first_seen:%H:%M:%S} UTC" if event.first_seen and event.count > 1 else ""
    words = f": {quote(message(event.message, 120))}" if event.type == "Warning" and event.message else ""
    return f"{event.reason}, {counted.times(event.count, 'time')}{first}{last}{words}"


PLAYBOOK = Playbook(
    problem="node_flapping", rank=6, proves=proves, candidates=candidates, tells=tells, explains=explains
)
