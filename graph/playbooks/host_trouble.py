"""A machine is in trouble that Kubernetes does not see: its disk, clock, network or RAID, as its exporter says.

Told by the alert; the node that it runs on, and how many pods are on it, are read. Nothing is done: machines are out of
this agent's reach. Counter-proof: what the kubelet itself reports of the node; a pressure or a node that is not Ready
is asked for first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_says import says
from graph.alert_words import fire, host, label
from graph.node_words import owners
from graph.playbooks import Playbook
from graph.state import Finding
from tools.excerpts import quote
from tools.records import Alert, Evidence

NAMES = re.compile(
    r"Node(?:Filesystem\w*|Network\w*|RAID\w*|Clock\w*|FileDescriptor\w*|SystemSaturation|Memory\w*|CPU\w*"
    r"|DiskIO\w*|Systemd\w*|Bonding\w*|HighNumberConntrack\w*|TextFile\w*|Conntrack\w*|Load\w*|EDAC\w*|Edac\w*)"
    r"|Host(?:[A-Z]\w*)"
)
EXPORTER = re.compile(r"(?:\w+[-/])*node[-_]exporter")
MOUNT = re.compile(r"/[-\w./]{0,200}")
STEPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"Filesystem|DiskSpace|Inode", re.IGNORECASE),
        "df -h {mount}; df -i {mount}; du -xh --max-depth=2 {mount} | sort -h | tail shows what fills it; for logs "
        "journalctl --vacuum-size=500M, for images crictl rmi --prune (both delete only what nothing uses)",
    ),
    (re.compile(r"Clock"), "chronyc tracking: a clock that is off breaks certificates and leases"),
    (re.compile(r"Network|Bonding|Conntrack"), "ip -s link; conntrack -S; then the switch and the cable"),
    (re.compile(r"RAID|EDAC", re.IGNORECASE), "cat /proc/mdstat; replace the part, after a drain"),
    (re.compile(r"Systemd"), "systemctl --failed"),
    (re.compile(r"Memory|CPU|Load|Saturation"), "ps aux --sort=-%mem | head; ps aux --sort=-%cpu | head"),
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
    part = _part(alerts)
    return Finding(
        problem="host_trouble",
        summary=f"{fire(alerts)}, about {where}{f', {part}' if part else ''}: {_what(alerts)}",
        directness=0.8 if node else 0.6,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("node_pods")),
        facts=tuple(_on_it(evidence)),
        ruled_out=("a node that is not Ready or under pressure: its kubelet reports neither",)
        if node
        else (),
        next_step=_next_step(alerts, node.name if node else told),
    )


def _what(alerts: Sequence[Alert]) -> str:
    """What the machine's exporter measured, where the alert tells it."""
    text = next((text for alert in alerts if (text := says(alert))), "")
    return quote(text) if text else "a matter of the machine, which Kubernetes does not see."


def _part(alerts: Sequence[Alert]) -> str:
    found = (
        f"{name} {label(alerts, name)}" for name in ("mountpoint", "device", "name") if label(alerts, name)
    )
    return ", ".join(found)


def _on_it(evidence: Evidence) -> list[str]:
    """Whom it would strike."""
    living = [pod for pod in evidence.node_pods if not pod.finished]
    return [f"{counted.times(len(living), 'pod')} on it: {owners(living)}"] if living else []


def _next_step(alerts: Sequence[Alert], machine: str) -> str:
    names = " ".join(
        [*(alert.name for alert in alerts), *(["Filesystem"] if label(alerts, "mountpoint") else [])]
    )
    found = next((step for pattern, step in STEPS if pattern.search(names)), "journalctl -p err --since -1h")
    mount = label(alerts, "mountpoint")
    step = found.format(mount=mount if MOUNT.fullmatch(mount) else "/")
    where = machine or "the machine (kubectl get nodes -o wide finds it)"
    return f"On {where}: {step}. This agent does not touch machines."


PLAYBOOK = Playbook(problem="host_trouble", rank=98, tells=tells, explains=explains, looks=("host",))
