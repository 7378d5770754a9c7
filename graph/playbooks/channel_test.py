"""Somebody tries whether alerts arrive: it names nothing, and there is nothing to do.

Told by the alert's name alone, and only where its labels name no object: a rule that is called a test and is about a
workload is looked into as any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence

NAMES = re.compile(
    r"(?:this[-_ ]?is[-_ ]?a[-_ ]?)?(?:test|dummy|example|foo)[-_ ]?(?:alert|notification|message|webhook|rule)?\d*"
    r"|(?:alertmanager|webhook|receiver|channel|notification|grafana)[-_ ]?test(?:[-_ ]?alert)?",
    re.IGNORECASE,
)
OBJECTS = (
    "pod",
    "deployment",
    "statefulset",
    "daemonset",
    "job_name",
    "cronjob",
    "node",
    "persistentvolumeclaim",
)


def tells(alert: Alert) -> bool:
    """By its name, where no label names an object."""
    return bool(NAMES.fullmatch(alert.name)) and not any(alert.labels.get(name) for name in OBJECTS)


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    if evidence.workload or evidence.node:
        return None
    return Finding(
        problem="channel_test",
        summary=f"{fire(alerts)}: by its name a test of the channel; it names no object.",
        directness=0.7,
        facts=("it has arrived: the channel works as far as this agent",),
        ruled_out=("an incident: nothing that could be looked at is named",),
        broken=False,
        next_step="Nothing to do. If it is none: give the rule the labels namespace and pod or workload.",
    )


PLAYBOOK = Playbook(problem="channel_test", rank=100, tells=tells, explains=explains)
