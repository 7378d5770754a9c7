"""A machine is in trouble that Kubernetes does not see: its disk, clock, network or RAID, as its exporter says.

Told by the alert; the node that it runs on, and how many pods are on it, are read. Nothing is done: machines are out of
this agent's reach. Counter-proof: what the kubelet itself reports of the node; a pressure or a node that is not Ready
is asked for first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire, host, label
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence

NAMES = re.compile(
    r"Node(?:Filesystem\w*|Network\w*|RAID\w*|Clock\w*|FileDescriptor\w*|SystemSaturation|Memory\w*|CPU\w*"
    r"|DiskIO\w*|Systemd\w*|Bonding\w*|HighNumberConntrack\w*|TextFile\w*|Conntrack\w*|Load\w*|EDAC\w*|Edac\w*)"
    r"|Host(?:[A-Z]\w*)"
)
EXPORTER = re.compile(r"(?:\w+[-/])*node[-_]exporter")
STEPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"[Ff]ilesystem|DiskSpace|Inode", re.IGNORECASE),
        "df -h; du -xh --max-depth=2 / | sort -h | tail; crictl rmi --prune frees images that nothing uses",
    ),
    (re.compile(r"Clock"), "chronyc tracking: a clock that is off breaks certificates and leases"),
    (re.compile(r"Network|Bonding|Conntrack"), "ip -s link; conntrack -S; then the switch and the cable"),
    (re.compile(r"RAID|EDAC", re.IGNORECASE), "cat /proc/mdstat; replace the part, after a drain"),
    (re.compile(r"Systemd"), "systemctl --failed"),
    (re.compile(r"Memory|CPU|Load|Saturation"), "top -o %MEM; ps aux --sort=-%cpu | head"),
)


def tells(alert: Alert) -> bool:
    """By the names of the node exporter's mixin and of the community's rules, or by whose metric it is."""
    return bool(NAMES.fullmatch(alert.name)) or bool(EXPORTER.fullmatch(alert.labels.get("job", "")))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    node, told = evidence.node, host(alerts)
    where = (
        f"node {node.name}"
        if node
        else f"the machine at {told}"
        if told
        else "a machine that it does not name"
    )
    return Finding(
        problem="host_trouble",
        summary=f"{fire(alerts)}, about {where}: a matter of the machine, which this agent does not touch.",
        directness=0.8 if node else 0.6,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods")),
        facts=(*_part(alerts), *_on_it(evidence)),
        ruled_out=("a node that is not Ready or under pressure: its kubelet reports neither",)
        if node
        else (),
        next_step=_next_step(alerts, node.name if node else ""),
    )


def _part(alerts: Sequence[Alert]) -> list[str]:
    found = [
        f"{name} {label(alerts, name)}" for name in ("mountpoint", "device", "name") if label(alerts, name)
    ]
    return [", ".join(found)] if found else []


def _on_it(evidence: Evidence) -> list[str]:
    """Whom it would strike."""
    living = [pod for pod in evidence.node_pods if not pod.finished]
    if not living:
        return []
    spaces = Counter(pod.namespace for pod in living).most_common(4)
    told = ", ".join(f"{count} of {space}" for space, count in spaces)
    return [f"{counted.times(len(living), 'pod')} on it: {told}"]


def _next_step(alerts: Sequence[Alert], node: str) -> str:
    names = " ".join(alert.name for alert in alerts)
    step = next(
        (step for pattern, step in STEPS if pattern.search(names)), "look at its journal: journalctl -p err"
    )
    first = f"kubectl describe node {node}; " if node else "kubectl get nodes -o wide finds it; "
    return f"{first}on the machine: {step}."


PLAYBOOK = Playbook(problem="host_trouble", rank=98, tells=tells, explains=explains, looks=("host",))
