"""A node is short of memory, disk or process ids: its kubelet puts pods out until it has enough again.

Proof: the node's own conditions. The pods that it has put out say in whose words who used how much. New pods are kept
off by Kubernetes itself, so that nothing is written. Counter-proof: no such condition now; then it is over, and what
was put out is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire
from graph.node_words import owners
from graph.playbooks import Playbook
from graph.state import Finding
from tools.excerpts import message, quote
from tools.records import Alert, Evidence, NodeFacts, NodePod

NAMES = re.compile(
    r"Kube(?:Node)?(?:Pressure|Eviction)|KubernetesNode(?:Memory|Disk|PID)Pressure|\w*Node\w*(?:Pressure|Eviction)\w*"
)
STEPS = {
    "MemoryPressure": (
        "kubectl top pods -A --sort-by=memory | head -30, and kubectl get pods -A -o wide --field-selector "
        "spec.nodeName={node} for which of them are on it: give those that hold far more than they request a "
        "limit, and a "
        "request that is true."
    ),
    "DiskPressure": (
        "On {node}: df -h; du -xh --max-depth=2 /var | sort -h | tail: images, logs or emptyDirs; crictl rmi "
        "--prune frees "
        "images that nothing uses. kubectl describe node {node} shows what it has freed itself."
    ),
    "PIDPressure": (
        "On {node}: ps -eLf | awk '{{print $1}}' | sort | uniq -c | sort -n | tail: who starts so many "
        "processes; its pod "
        "is what to stop."
    ),
}
LONGEST = 160


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    node = evidence.node
    if node is None or node.ready != "True" or not node.pressures:
        return None
    kinds = ", ".join(node.pressures)
    return _finding(evidence, node, f"Node {node.name} reports {kinds}{_put_out(evidence)}.", over=False)


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules, or by the condition that it is about."""
    condition = alert.labels.get("condition", "")
    return bool(NAMES.fullmatch(alert.name)) or bool(alert.labels.get("node") and condition in STEPS)


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """The pressure is over, or its node is not told."""
    node = evidence.node
    if node is None:
        return Finding(
            problem="node_pressure",
            summary=f"{fire(alerts)}: a node puts pods out, as it says; which one could not be told.",
            directness=0.5,
            next_step="kubectl describe nodes | grep -e ^Name: -e Pressure shows which one; kubectl get pods -A | "
            "grep Evicted whom it has put out.",
        )
    return _finding(
        evidence, node, f"Node {node.name} reports no pressure now{_put_out(evidence)}.", over=True
    )


def _put_out(evidence: Evidence) -> str:
    gone = [pod for pod in evidence.node_pods if pod.evicted]
    return f"; its kubelet has put out {counted.times(len(gone), 'pod')}: {owners(gone)}" if gone else ""


def _finding(evidence: Evidence, node: NodeFacts, summary: str, *, over: bool) -> Finding:
    gone = [pod for pod in evidence.node_pods if pod.evicted]
    living = [pod for pod in evidence.node_pods if not pod.finished]
    away = [other.name for other in evidence.nodes if other.pressures and other.name != node.name]
    return Finding(
        problem="node_pressure",
        summary=summary,
        directness=0.8 if over else 1.0,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods") + evidence.cite("events")),
        facts=(
            *node.pressure_words,
            *(f"{pod.title} was put out: {quote(message(pod.evicted, LONGEST))}" for pod in gone[:3]),
            *([f"under pressure as well: {', '.join(away[:5])}"] if away else []),
            *([f"{counted.times(len(living), 'pod')} on it now: {owners(living)}"] if living else []),
        ),
        ruled_out=("a pressure now: its conditions show none",)
        if over
        else ("a node that is not Ready: it is",),
        next_step=_next_step(node, gone, over=over),
        how_soon="later" if over else "soon",
    )


def _next_step(node: NodeFacts, gone: Sequence[NodePod], *, over: bool) -> str:
    after = "Its taint keeps new pods off until it is over; pods that were put out are made anew elsewhere."
    if over:
        rid = "kubectl get pods -A --field-selector status.phase=Failed lists what it has put out"
        return (
            f"Nothing to do on the node now. In the morning: {rid}; give what was put out a request and a "
            "limit of what it "
            "really used."
        )
    step = next((STEPS[kind] for kind in node.pressures if kind in STEPS), "")
    return f"{step.format(node=node.name) or f'kubectl describe node {node.name}.'} {after}"


PLAYBOOK = Playbook(
    problem="node_pressure", rank=6, proves=proves, tells=tells, explains=explains, looks=("host",)
)
