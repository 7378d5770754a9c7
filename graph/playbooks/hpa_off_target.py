"""An autoscaler wants another number of replicas than there are, and does not come to it.

Proof, where it may be read: the autoscaler's own status. Why the pods are not made (a quota, no room on nodes, a crash)
is a class of its own and asked for first; here is what is left: it may not write, or it waits before it takes away.
Counter-proof: both numbers are equal now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, AutoscalerFacts, Evidence

NAMES = re.compile(
    r"\w*(?:Hpa|HPA|Autoscaler)\w*(?:Mismatch|Unable|ScaleInability|ScaleMaximum\w*|Underutilized)\w*"
)


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules."""
    return bool(NAMES.fullmatch(alert.name))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    scaler = next(iter(evidence.autoscalers), None)
    told = scaler.name if scaler else label(alerts, "horizontalpodautoscaler", "hpa")
    state, ruled_out = _state(scaler)
    return Finding(
        problem="hpa_off_target",
        summary=f"{fire(alerts)}: autoscaler {told or 'that it does not name'} {state}.",
        directness=0.9 if scaler else 0.5,
        evidence=tuple(evidence.cite("autoscalers") + evidence.cite("workload") + evidence.cite("pods")),
        facts=_facts(scaler, evidence),
        ruled_out=ruled_out,
        next_step=(
            f"kubectl -n {named(alerts, 'namespace')} describe hpa {_name(scaler, alerts)}: its conditions say why; "
            "then the events of the workload's ReplicaSet, for pods that are refused."
        ),
    )


def _state(scaler: AutoscalerFacts | None) -> tuple[str, tuple[str, ...]]:
    if scaler is None:
        return "has another number of replicas than it wants, as the alert says", ()
    if scaler.unable:
        return f"cannot change the number of replicas: {scaler.unable}", ()
    if scaler.wanted > scaler.current:
        return f"wants {scaler.wanted} replicas and has {scaler.current}: they are still to be made", ()
    if scaler.wanted < scaler.current:
        return (
            f"wants {scaler.wanted} replicas and has {scaler.current}: it waits before it takes pods away",
            (),
        )
    return f"wants the {scaler.current} replicas that there are", (
        "a difference now: both numbers are equal",
    )


def _facts(scaler: AutoscalerFacts | None, evidence: Evidence) -> tuple[str, ...]:
    lines = []
    if scaler:
        lines.append(
            f"{scaler.name}: {scaler.least} to {scaler.most} replicas, {scaler.current} now, {scaler.wanted} wanted"
        )
    if evidence.workload:
        lines.append(
            f"the workload asks for {evidence.workload.desired} pods, {evidence.workload.ready} are ready"
        )
    return tuple(lines)


def _name(scaler: AutoscalerFacts | None, alerts: Sequence[Alert]) -> str:
    return scaler.name if scaler else named(alerts, "hpa", "horizontalpodautoscaler")


PLAYBOOK = Playbook(problem="hpa_off_target", rank=91, tells=tells, explains=explains)
