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
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence, NodeFacts

NAMES = re.compile(
    r"Kube(?:Node)?(?:Pressure|Eviction)|KubernetesNode(?:Memory|Disk|PID)Pressure|\w*Node\w*(?:Pressure|Eviction)\w*"
)
STEPS = {
    "MemoryPressure": "kubectl top pods -A --sort-by=memory; give those that grow a limit, and requests that are true",
    "DiskPressure": "on it: crictl rmi --prune; du -xh --max-depth=2 /var | sort -h | tail: images, logs, emptyDirs",
    "PIDPressure": "on it: ps -eLf | awk '{print $1}' | sort | uniq -c | sort -n | tail: who starts so many processes",
}


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
            next_step="kubectl describe nodes | grep -B2 -A6 Pressure; kubectl get pods -A | grep Evicted.",
        )
    return _finding(
        evidence, node, f"Node {node.name} reports no pressure now{_put_out(evidence)}.", over=True
    )


def _put_out(evidence: Evidence) -> str:
    count = sum(bool(pod.evicted) for pod in evidence.node_pods)
    return f"; its kubelet has put out {counted.times(count, 'pod')}" if count else ""


def _finding(evidence: Evidence, node: NodeFacts, summary: str, *, over: bool) -> Finding:
    gone = [pod for pod in evidence.node_pods if pod.evicted]
    away = [other.name for other in evidence.nodes if other.pressures and other.name != node.name]
    step = next(
        (STEPS[kind] for kind in node.pressures if kind in STEPS), "kubectl get events -A | grep -i evict"
    )
    return Finding(
        problem="node_pressure",
        summary=summary,
        directness=0.8 if over else 1.0,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods") + evidence.cite("events")),
        facts=(
            *node.pressure_words,
            *(f"{pod.title}: {pod.evicted}" for pod in gone[:3]),
            *([f"under pressure as well: {', '.join(away[:5])}"] if away else []),
            f"{counted.times(sum(not pod.finished for pod in evidence.node_pods), 'pod')} on it",
        ),
        ruled_out=("a pressure now: its conditions show none",)
        if over
        else ("a node that is not Ready: it is",),
        next_step=f"kubectl describe node {node.name}; {step}. Pods that were put out are made anew elsewhere.",
    )


PLAYBOOK = Playbook(
    problem="node_pressure", rank=6, proves=proves, tells=tells, explains=explains, looks=("host",)
)
