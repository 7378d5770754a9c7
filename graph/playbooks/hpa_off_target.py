"""An autoscaler wants another number of replicas than there are, and does not come to it.

Proof, where it may be read: the autoscaler's own status. Why the pods are not made (a quota, no room on nodes, a crash)
is a class of its own and asked for first; here is what is left: it may not write, or it waits before it takes away.
Counter-proof: both numbers are equal now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire, label, named
from graph.load_around import quota_line, scaler_line
from graph.playbooks import Playbook
from graph.state import Finding, HowSoon
from tools.excerpts import quote
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
    equal = scaler is not None and not scaler.unable and scaler.wanted == scaler.current
    return Finding(
        problem="hpa_off_target",
        summary=f"{fire(alerts)}: autoscaler {told or 'that it does not name'} {_state(scaler)}.",
        directness=0.9 if scaler else 0.5,
        evidence=tuple(evidence.cite("autoscalers") + evidence.cite("workload") + evidence.cite("pods")),
        facts=_facts(scaler, evidence),
        ruled_out=("a difference now: both numbers are equal",) if equal else (),
        next_step=_next_step(scaler, alerts),
        how_soon=_how_soon(scaler),
    )


def _state(scaler: AutoscalerFacts | None) -> str:
    if scaler is None:
        return "has another number of replicas than it wants, as the alert says"
    numbers = f"wants {scaler.wanted} replicas and has {scaler.current}"
    if scaler.unable:
        words = scaler.unable.replace('"', "'")
        return f"{numbers}: it cannot change the number of replicas: {quote(words)}"
    if scaler.wanted > scaler.current:
        return f"{numbers}: they are still to be made"
    if scaler.wanted < scaler.current:
        return f"{numbers}: it waits before it takes pods away"
    return f"wants the {scaler.current} replicas that there are: nothing to do now"


def _facts(scaler: AutoscalerFacts | None, evidence: Evidence) -> tuple[str, ...]:
    workload, lines = evidence.workload, [scaler_line(scaler, evidence)] if scaler else []
    if scaler and scaler.over is not None:
        lines.append(f"its metrics are at {scaler.over:.0%} of their target")
    if workload:
        lines.append(f"the workload asks for {workload.desired} pods, {workload.ready} are ready")
    return (*lines, *map(quota_line, evidence.quotas[:2]))


def _next_step(scaler: AutoscalerFacts | None, alerts: Sequence[Alert]) -> str:
    name, space = (
        scaler.name if scaler else named(alerts, "hpa", "horizontalpodautoscaler"),
        named(alerts, "namespace"),
    )
    described = f"kubectl -n {space} describe hpa {name}"
    if scaler and scaler.unable:
        return (
            f"{described}: the condition AbleToScale says when it was last refused. Mend what refuses it (an admission "
            "webhook, a right of the controller). To scale by hand meets the same webhook, and the autoscaler takes it "
            "back where it wants another number."
        )
    if scaler and scaler.wanted < scaler.current:
        return f"{described}: it takes pods away after its stabilisation window, five minutes by default."
    if scaler and scaler.wanted == scaler.current:
        return f"{described}: its events say what it changed, and when; the alert should resolve."
    return (
        f"{described}: its conditions say why; then kubectl -n {space} get events --field-selector "
        "reason=FailedCreate shows "
        "pods that are refused."
    )


def _how_soon(scaler: AutoscalerFacts | None) -> HowSoon:
    """What lacks pods suffers, whatever their readiness says; what has too many only costs."""
    if scaler is None:
        return ""
    if scaler.wanted > scaler.current:
        return "soon"
    return "" if scaler.unable else "later"


PLAYBOOK = Playbook(problem="hpa_off_target", rank=91, tells=tells, explains=explains)
