"""Pods request, or quotas grant, more than the nodes have once one of them fails: a warning about a day to come.

Told by the alert, which sums all requests; what pods request and what nodes have is read beside it, and whether a pod
waits for room already: then the day has come. Nothing on a workload mends it: a node more, or smaller requests.
Counter-proof: nodes that are away or cordoned make it look so for now; requests that are not too much by what was read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire
from graph.playbooks import Playbook
from graph.room import Room, room_of
from graph.state import Finding
from tools.records import Alert, Evidence, RequestsFacts

NAMES = re.compile(r"Kube(?P<what>CPU|Memory)(?P<quota>Quota)?Overcommit|KubernetesNodeOutOfPodCapacity")


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules."""
    return bool(NAMES.fullmatch(alert.name))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    away = [node.name for node in evidence.nodes if not node.takes_pods]
    quota = all("Quota" in alert.name for alert in alerts)
    found, requests = room_of("CPU" if "CPU" in alerts[0].name else "memory", evidence), evidence.requests
    waiting = requests is not None and requests.waiting > 0
    return Finding(
        problem="capacity_overcommitted",
        summary=_summary(alerts, found, requests, quota=quota),
        directness=0.7,
        evidence=(*evidence.cite("nodes"), *evidence.cite("requests")),
        facts=(*(requests.waits[:2] if requests else ()), *_most(found), *_nodes(evidence, away)),
        ruled_out=("nodes that are away: all of them take pods",) if evidence.nodes and not away else (),
        next_step=_next_step(found, quota=quota, waiting=waiting),
        how_soon="soon" if waiting else "later",
    )


def _summary(
    alerts: Sequence[Alert], found: Room | None, requests: RequestsFacts | None, *, quota: bool
) -> str:
    bites = _bites(requests)
    if found is None or quota:
        what = "quotas grant" if quota else "pods request"
        return f"{fire(alerts)}: {what} more than the nodes have left when one of them fails. {bites}"
    asked = f"pods request {found.spelled(found.requested)} of {found.what}"
    left = (
        f"the {found.spelled(found.left)} that the nodes have without the largest, {found.largest} "
        f"({found.spelled(found.all - found.left)})"
    )
    if found.requested > found.left:
        return f"{fire(alerts)}: {asked}, more than {left}. {bites}"
    return (
        f"{fire(alerts)}, but by what was read {asked}, less than {left}: the alert counts otherwise. {bites}"
    )


def _bites(requests: RequestsFacts | None) -> str:
    if requests is None:
        return "Whether a pod waits for room already was not read."
    if not requests.waiting:
        return "No pod waits for room now."
    return f"It bites already: {counted.pods(requests.waiting, 'waits', 'wait')} for room."


def _most(found: Room | None) -> list[str]:
    if found is None or not found.most or found.requested <= found.left:
        return []
    told = ", ".join(f"{name} {found.spelled(amount)}" for name, amount in found.most)
    return [f"most is requested by {told}"]


def _nodes(evidence: Evidence, away: list[str]) -> list[str]:
    if not away:
        return []
    ready = len(evidence.nodes) - len(away)
    return [f"{ready} of {len(evidence.nodes)} nodes take pods: {', '.join(away[:5])} do not"]


def _next_step(found: Room | None, *, quota: bool, waiting: bool) -> str:
    if quota:
        return "kubectl get resourcequota -A -o wide: lower what the largest grant, or add a node."
    column = "CPU" if found is not None and found.what == "CPU" else "MEMORY"
    sort = "cpu" if column == "CPU" else "memory"
    who = f" (first {found.most[0][0]})" if _most(found) and found else ""
    now = "Add a node for what waits; then" if waiting else "In the morning: add a node, or"
    return (
        f"kubectl top pods -A --sort-by={sort} shows what is really used, kubectl describe nodes | grep -A8 'Allocated "
        f"resources' what is requested where. {now} lower the requests that are far above the use{who}."
    )


PLAYBOOK = Playbook(
    problem="capacity_overcommitted", rank=95, tells=tells, explains=explains, looks=("nodes", "requests")
)
