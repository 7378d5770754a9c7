"""A node holds as many pods as its kubelet takes: new ones go elsewhere or wait, and it is not ill.

Proof, where it may be read: the pods on it against what the node allows. Counter-proof: pods that have finished, which
do not count, and room that there is by now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire
from graph.node_words import owners
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence

NAMES = re.compile(
    r"KubeletTooManyPods|\w*Node\w*(?:TooManyPods|PodCapacity|PodsFull)\w*|KubernetesOutOfCapacity"
)
FULL = 0.95


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules."""
    return bool(NAMES.fullmatch(alert.name))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    node = evidence.node
    if node is None:
        return None
    living = [pod for pod in evidence.node_pods if not pod.finished]
    most = node.allocatable_pods
    full = bool(most) and len(living) >= FULL * (most or 0)
    return Finding(
        problem="node_full",
        summary=(
            f"Node {node.name} holds {len(living)} pods of the {most} that it takes: new ones go elsewhere or wait."
            if most
            else f"{fire(alerts)}: node {node.name} holds {len(living)} pods."
        ),
        directness=1.0 if full else 0.7,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods")),
        facts=(*([f"most on it: {owners(living)}"] if living else []), *_others(evidence)),
        ruled_out=()
        if full
        else (f"a node that is full now: it has room for {(most or 0) - len(living)} more",)
        if most
        else (),
        next_step=(
            "kubectl get pods -A --field-selector status.phase=Pending shows whether any waits; if not, "
            "nothing suffers. "
            "Add a node, spread what one workload has many of (topologySpreadConstraints), or let the kubelet of "
            f"{node.name} take more (maxPods, as far as the pod network has addresses; it has to be restarted)."
        ),
        how_soon="later",
    )


def _others(evidence: Evidence) -> list[str]:
    """Whether there is anywhere else to go."""
    node = evidence.node
    well = [other.name for other in evidence.nodes if node and other.uid != node.uid and other.takes_pods]
    return (
        [f"{counted.times(len(well), 'other node')} would take pods, as far as they have room"]
        if well
        else []
    )


PLAYBOOK = Playbook(problem="node_full", rank=101, tells=tells, explains=explains)
