"""The kubelet of a node is slow to start pods or to look after them, while the node is Ready.

Told by the alert: the API does not measure it. What of it can be read is the node itself and how much is on it.
Counter-proof: a node that is not Ready or under pressure, which are classes of their own and asked for first. It is not
cordoned for it: a slow disk or runtime is for people, and its pods go on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence

NAMES = re.compile(r"Kubelet(?:PodStartUpLatencyHigh|PlegDurationHigh|RuntimeErrors\w*|EvictionRate\w*)")


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus."""
    return bool(NAMES.fullmatch(alert.name))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    node = evidence.node
    if node is None:
        return None
    living = [pod for pod in evidence.node_pods if not pod.finished]
    most = f" of the {node.allocatable_pods} that it takes" if node.allocatable_pods else ""
    return Finding(
        problem="kubelet_slow",
        summary=f"{fire(alerts)}: the kubelet of node {node.name} is slow; the node is {_state(node.ready)}.",
        directness=0.6,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods") + evidence.cite("events")),
        facts=(f"{counted.times(len(living), 'pod')} on it{most}", "pods that run on it go on"),
        ruled_out=("a node that is away or under pressure: its conditions say neither",)
        if node.ready == "True" and not node.pressures
        else (),
        next_step=(
            f"kubectl get events -A --field-selector involvedObject.name={node.name}; on it: iostat -x 1 3, crictl ps, "
            f"journalctl -u kubelet -u containerd --since -30m. If it does not pass: kubectl cordon {node.name}."
        ),
    )


def _state(ready: str) -> str:
    return "Ready" if ready == "True" else "not Ready"


PLAYBOOK = Playbook(problem="kubelet_slow", rank=104, tells=tells, explains=explains, looks=("host",))
