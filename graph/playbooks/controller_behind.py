"""A controller has not looked at what a workload asks for now: what its status says is about what it asked for before.

Proof: the status is about an older generation than the spec, and an alert says that it has been so for long; a second
of it is common. It is the controller-manager's fault or a webhook's and not the workload's: hold, and roll nothing
back (kubernetes.md 2.1). Counter-proof: a status that has caught up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence
from tools.shared_causes import CONTROL_PLANE

NAMES = re.compile(r"Kube(?:rnetes)?(?:Deployment|StatefulSet|Statefulset|DaemonSet)GenerationMismatch")


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules."""
    return bool(NAMES.fullmatch(alert.name))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    workload = evidence.workload
    if workload is None:
        return None
    behind = workload.observed_generation < workload.generation
    numbers = f"generation {workload.generation}, seen {workload.observed_generation}"
    return Finding(
        problem="controller_behind",
        cause=CONTROL_PLANE if behind else "",
        summary=(
            f"Its controller has not looked at what it asks for now ({numbers}): the last change has no effect yet."
            if behind
            else f"{fire(alerts)}, and its controller has caught up since ({numbers})."
        ),
        directness=1.0 if behind else 0.8,
        evidence=tuple(evidence.cite("workload") + evidence.cite("pods") + evidence.cite("events")),
        facts=(
            f"{workload.ready} of {workload.desired} pods are ready",
            *(("what its status counts is about what it asked for before",) if behind else ()),
        ),
        ruled_out=("a bad release: no pod of what it asks for was made",)
        if behind
        else ("a controller that is behind",),
        next_step=(
            "kubectl -n kube-system get lease kube-controller-manager -o jsonpath='{.spec.holderIdentity} "
            "{.spec.renewTime}': is that seconds ago? If not, no controller works in the whole cluster: kubectl -n "
            "kube-system logs -l component=kube-controller-manager --tail=50 (a managed control plane: its provider). "
            "Roll "
            "nothing back: it would not be looked at either."
            if behind
            else "Nothing to do; the alert should resolve."
        ),
    )


PLAYBOOK = Playbook(problem="controller_behind", rank=103, tells=tells, explains=explains)
