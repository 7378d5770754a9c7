"""An autoscaler decides nothing, since it gets no metrics: the workload stays as large as it happens to be.

Proof: ScalingActive=False of the HorizontalPodAutoscaler, with the reason that its controller gives, and all pods busy
or an alert about load or the autoscaler. Counter-proof: a workload at zero, for which an autoscaler rests on purpose;
one that gets its metrics. Nothing on the workload mends it, and to scale by hand beside it is undone by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.busy import busy_container
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, AutoscalerFacts, Evidence

ABOUT = re.compile(r"hpa|autoscal|cpu|processor|load|memory|metrics", re.IGNORECASE)
FAILS = re.compile(r"Failed\w+|Invalid\w+")
"""Reasons by which the controller says that it wanted to and could not; `ScalingDisabled` is none of them."""


def proves(evidence: Evidence) -> Finding | None:
    """Only where all pods are busy; else an alert has to be about it."""
    scaler = _blind(evidence)
    return _finding(scaler, evidence, busy=True) if scaler and busy_container(evidence) else None


def tells(alert: Alert) -> bool:
    """Alerts about load or about an autoscaler."""
    labels = alert.labels
    return bool(ABOUT.search(alert.name)) or any(
        labels.get(name) for name in ("horizontalpodautoscaler", "hpa")
    )


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    scaler = _blind(evidence)
    return _finding(scaler, evidence, busy=False) if scaler else None


def _blind(evidence: Evidence) -> AutoscalerFacts | None:
    found = (each for each in evidence.autoscalers if FAILS.fullmatch(each.inactive))
    return next(found, None)


def _finding(scaler: AutoscalerFacts, evidence: Evidence, *, busy: bool) -> Finding:
    state = "all pods are busy, and it adds none" if busy else f"it stays at {scaler.current} replicas"
    return Finding(
        problem="hpa_without_metrics",
        summary=f"{scaler.kind} {scaler.name} gets no metrics ({scaler.inactive}): {state}.",
        directness=1.0,
        evidence=tuple(evidence.cite("autoscalers") + evidence.cite("metrics") + evidence.cite("pods")),
        facts=(
            scaler.inactive_why or f"ScalingActive=False: {scaler.inactive}",
            f"{scaler.name}: {scaler.least} to {scaler.most} replicas, {scaler.current} now",
        ),
        ruled_out=(
            "a maximum that is too low: it decides nothing at all",
            *(
                ("pods that are ill: all are ready",)
                if evidence.pods and all(p.ready for p in evidence.pods)
                else ()
            ),
        ),
        next_step=_next_step(scaler),
    )


def _next_step(scaler: AutoscalerFacts) -> str:
    if "missing request" in scaler.inactive_why:
        return (
            "Every container of its pods needs a request of what it scales by: kubectl -n <namespace> set resources "
            "<workload> --requests=cpu=AMOUNT."
        )
    if "External" in scaler.inactive or "Object" in scaler.inactive or "Pods" in scaler.inactive:
        return (
            "kubectl get apiservices | grep metrics: is the adapter that serves this metric Available? Then its logs; "
            f"kubectl -n <namespace> describe hpa {scaler.name} names the metric."
        )
    return (
        "kubectl get apiservices v1beta1.metrics.k8s.io; kubectl -n kube-system get pods -l k8s-app=metrics-server. "
        "Once it answers kubectl -n <namespace> top pods, the autoscaler goes on by itself."
    )


PLAYBOOK = Playbook(
    problem="hpa_without_metrics", rank=57, proves=proves, tells=tells, explains=explains, alert_measures=True
)
