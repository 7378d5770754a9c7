"""The kubelet of a node is slow to start pods or to look after them, while the node is Ready.

Told by the alert: the API does not measure it. What of it can be read is the node itself and how much is on it.
Counter-proof: a node that is not Ready or under pressure, which are classes of their own and asked for first. It is not
cordoned for it: a slow disk or runtime is for people, and its pods go on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_says import has_number, says
from graph.alert_words import names_of
from graph.node_words import owners
from graph.playbooks import Playbook
from graph.state import Finding
from tools.excerpts import quote
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
    text = next((text for alert in alerts if (text := says(alert)) and has_number(text)), "")
    measured = f" {quote(text)}" if text else ""
    waiting = [pod for pod in living if pod.fate == "leaves"]
    return Finding(
        problem="kubelet_slow",
        summary=(
            f"The kubelet of node {node.name} is slow, as {names_of(alerts)} "
            f"{'tells' if len(alerts) == 1 else 'tell'}; the "
            f"node is {_state(node.ready)}.{measured}"
        ),
        directness=0.6,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods") + evidence.cite("events")),
        facts=(
            f"{counted.times(len(living), 'pod')} on it{most}{f': {owners(living)}' if living else ''}",
            *([f"being deleted there: {owners(waiting)}"] if waiting else []),
            "what runs on it goes on; new pods there start late",
        ),
        ruled_out=("a node that is away or under pressure: its conditions say neither",)
        if node.ready == "True" and not node.pressures
        else (),
        next_step=(
            f"kubectl get pods -A -o wide --field-selector spec.nodeName={node.name}: do new ones hang in "
            "ContainerCreating? "
            f"On {node.name}: iostat -x 1 3 (a slow disk), crictl ps (a runtime that hangs), journalctl -u kubelet -u "
            f"containerd --since -30m. If it does not pass: kubectl cordon {node.name} keeps new pods off it."
        ),
    )


def _state(ready: str) -> str:
    return "Ready" if ready == "True" else "not Ready"


PLAYBOOK = Playbook(problem="kubelet_slow", rank=104, tells=tells, explains=explains, looks=("host",))
