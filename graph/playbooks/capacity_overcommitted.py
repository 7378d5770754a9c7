"""Pods request, or quotas grant, more than the nodes have once one of them fails: a warning about a day to come.

Told by the alert, which sums all requests; the nodes are read beside it. Nothing is ill yet, and nothing on a workload
mends it: a node more, or smaller requests. Counter-proof: nodes that are away or cordoned make it look so for now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence

NAMES = re.compile(r"Kube(?P<what>CPU|Memory)(?P<quota>Quota)?Overcommit|KubernetesNodeOutOfPodCapacity")


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules."""
    return bool(NAMES.fullmatch(alert.name))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    away = [node.name for node in evidence.nodes if not node.takes_pods]
    quota = all("Quota" in alert.name for alert in alerts)
    what = "quotas grant" if quota else "pods request"
    return Finding(
        problem="capacity_overcommitted",
        summary=f"{fire(alerts)}: {what} more than the nodes have left when one of them fails. Nothing fails yet.",
        directness=0.7,
        evidence=evidence.cite("nodes"),
        facts=_facts(evidence, away),
        ruled_out=("nodes that are away: all of them take pods",) if evidence.nodes and not away else (),
        next_step=(
            "kubectl get resourcequota -A: grant no more than there is."
            if quota
            else "kubectl describe nodes | grep -A8 'Allocated resources': add a node, or lower requests that are "
            "far above what is used."
        ),
    )


def _facts(evidence: Evidence, away: list[str]) -> tuple[str, ...]:
    if not evidence.nodes:
        return ()
    ready = len(evidence.nodes) - len(away)
    told = f": {', '.join(away[:5])} do not" if away else ""
    return (f"{ready} of {len(evidence.nodes)} nodes take pods{told}",)


PLAYBOOK = Playbook(
    problem="capacity_overcommitted", rank=95, tells=tells, explains=explains, looks=("nodes",)
)
