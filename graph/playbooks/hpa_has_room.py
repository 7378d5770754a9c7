"""All pods are busy, and an autoscaler is at it: it has room, and nobody needs to do anything.

Proof: the one HorizontalPodAutoscaler of the workload gets its metrics, is below its maximum, and all pods are busy, or
its metrics are above their target. Counter-proof: an autoscaler at its maximum or without metrics, pods that wait for a
node or a quota: those are classes of their own and asked for first. Scaling beside it would be undone by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.busy import busy_container
from graph.cpu_words import use_line
from graph.load_around import around
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, AutoscalerFacts, Evidence

ABOUT = re.compile(r"hpa|autoscal|cpu|processor|load", re.IGNORECASE)
NOT_GETTING_THERE = re.compile(r"mismatch|unable|inability", re.IGNORECASE)
"""Names of alerts that say that it has not come to what it wants for long."""
TOLERANCE = 1.1
"""The controller leaves a ratio of less alone."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    scaler = _with_room(evidence)
    return _finding(scaler, evidence) if scaler and busy_container(evidence) else None


def tells(alert: Alert) -> bool:
    """Alerts about load or about an autoscaler that works."""
    return bool(ABOUT.search(alert.name)) and not NOT_GETTING_THERE.search(alert.name)


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """Its own metrics ask for more than there is."""
    scaler = _with_room(evidence)
    if scaler is None or not (scaler.wanted > scaler.current or (scaler.over or 0.0) > TOLERANCE):
        return None
    return _finding(scaler, evidence)


def _with_room(evidence: Evidence) -> AutoscalerFacts | None:
    found = evidence.autoscalers
    if len(found) != 1 or found[0].kind != "HorizontalPodAutoscaler":
        return None
    scaler = found[0]
    fine = not scaler.inactive and not scaler.unable and 0 < scaler.current < scaler.most
    return scaler if fine else None


def _finding(scaler: AutoscalerFacts, evidence: Evidence) -> Finding:
    over = "" if scaler.over is None else f", its metrics at {scaler.over:.0%} of their target"
    wants = f" and wants {scaler.wanted}" if scaler.wanted != scaler.current else ""
    busy = busy_container(evidence)
    return Finding(
        problem="hpa_has_room",
        summary=(
            f"Load, and {scaler.kind} {scaler.name} is at it: it is at {scaler.current} of at most "
            f"{scaler.most} replicas"
            f"{wants}{over}, and adds pods by itself."
        ),
        directness=1.0,
        evidence=tuple(
            id_ for kind in ("autoscalers", "metrics", "processor_use", "pods") for id_ in evidence.cite(kind)
        ),
        facts=(*([use_line(busy, evidence)] if busy else []), *around(evidence)),
        ruled_out=("an autoscaler at its maximum: it has room", "an autoscaler without metrics: it has them"),
        next_step=(
            f"kubectl -n <namespace> get hpa {scaler.name} --watch: within some minutes it should have more "
            "replicas and "
            "its metrics fall. To scale by hand beside it is undone by it. If it comes to its maximum: kubectl -n "
            f'<namespace> patch hpa {scaler.name} --type=merge -p \'{{"spec":{{"maxReplicas":{_higher(scaler)}}}}}\''
        ),
        how_soon="later",
    )


def _higher(scaler: AutoscalerFacts) -> int:
    return scaler.most + max(1, scaler.most // 2)


PLAYBOOK = Playbook(
    problem="hpa_has_room", rank=59, proves=proves, tells=tells, explains=explains, alert_measures=True
)
