"""Alerts whose class their own labels tell: explained where nothing is proved, and never acted on.

Most of them are about the cluster and name no object that could be read: the control plane, DNS, the monitoring, a
quota. What such an alert says is believed as far as an explanation goes, and no further (kubernetes.md 2.2, 2.3).
"""

from __future__ import annotations

from collections.abc import Sequence

from graph.playbooks import playbooks
from graph.state import Finding
from tools.records import Alert, Evidence
from tools.surroundings import Look


def explanation(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """Of the first class that an alert speaks of and that can say something about it; None: no class knows them."""
    told = _firing(alerts)
    for playbook in playbooks():
        spoken = [alert for alert in told if playbook.tells(alert)]
        finding = playbook.explains(evidence, spoken) if spoken else None
        if finding:
            return finding
    return None


def looks_for(alerts: Sequence[Alert]) -> tuple[Look, ...]:
    """What is worth reading for alerts that name no object, each once."""
    told = _firing(alerts)
    wanted = (look for each in playbooks() if any(map(each.tells, told)) for look in each.looks)
    return tuple(dict.fromkeys(wanted))


def _firing(alerts: Sequence[Alert]) -> list[Alert]:
    """Those that fire; all of them, where none does."""
    return [alert for alert in alerts if alert.status == "firing"] or list(alerts)
