"""An autoscaler decides nothing, since it gets no metrics: the workload stays as large as it happens to be.

Proof: ScalingActive=False of the HorizontalPodAutoscaler, with the reason that its controller gives, and all pods busy
or an alert about load or the autoscaler. Counter-proof: a workload at zero, for which an autoscaler rests on purpose;
one that gets its metrics. Nothing on the workload mends it, and to scale by hand beside it is undone by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.busy import busy_container
from graph.cpu_words import use_line
from graph.load_around import scaler_line
from graph.playbooks import Playbook
from graph.state import Finding
from tools.excerpts import message, quote
from tools.records import Alert, AutoscalerFacts, Evidence

ABOUT = re.compile(r"hpa|autoscal|cpu|processor|load|memory|metrics", re.IGNORECASE)
LONGEST = 200
PREFIX = "the HPA was unable to compute the replica count: "
"""How every one of its controller's messages begins."""
FAILS = re.compile(r"Failed\w+|Invalid\w+")
"""Reasons by which the controller says that it wanted to and could not; `ScalingDisabled` is none of them."""


def proves(evidence: Evidence) -> Finding | None:
    """Only where all pods are busy; else an alert has to be about it."""
    scaler, busy = _blind(evidence), busy_container(evidence)
    return _finding(scaler, evidence, busy=busy) if scaler and busy else None


def tells(alert: Alert) -> bool:
    """Alerts about load or about an autoscaler."""
    labels = alert.labels
    return bool(ABOUT.search(alert.name)) or any(
        labels.get(name) for name in ("horizontalpodautoscaler", "hpa")
    )


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    scaler = _blind(evidence)
    return _finding(scaler, evidence, busy=busy_container(evidence)) if scaler else None


def _blind(evidence: Evidence) -> AutoscalerFacts | None:
    found = (each for each in evidence.autoscalers if FAILS.fullmatch(each.inactive))
    return next(found, None)


def _finding(scaler: AutoscalerFacts, evidence: Evidence, *, busy: str) -> Finding:
    state = "all pods are busy, and it adds none" if busy else f"it stays at {scaler.current} replicas"
    why = scaler.inactive_why or f"ScalingActive=False: {scaler.inactive}"
    return Finding(
        problem="hpa_without_metrics",
        summary=f"{scaler.kind} {scaler.name} gets no metrics ({scaler.inactive}): {state}.",
        directness=1.0,
        evidence=tuple(evidence.cite("autoscalers") + evidence.cite("metrics") + evidence.cite("pods")),
        facts=(
            f"its controller says: {quote(message(why.removeprefix(PREFIX), LONGEST))}",
            *([use_line(busy, evidence)] if busy else []),
            scaler_line(scaler, evidence),
            *_at_maximum(scaler),
        ),
        ruled_out=("pods that are ill: all are ready",)
        if evidence.pods and all(p.ready for p in evidence.pods)
        else (),
        next_step=_next_step(scaler, busy=bool(busy)),
        how_soon="soon" if busy else "",
    )


def _at_maximum(scaler: AutoscalerFacts) -> list[str]:
    if not scaler.most or scaler.current < scaler.most:
        return []
    return [f"not ruled out: that its maximum of {scaler.most} is too low, which only metrics would tell"]


def _by_hand(scaler: AutoscalerFacts) -> str:
    """A blind autoscaler changes nothing within its bounds."""
    wanted = min(scaler.most, scaler.current + max(1, scaler.current // 2))
    if wanted <= scaler.current:
        return ""
    return (
        f" Until then: kubectl -n <namespace> scale <workload> --replicas={wanted} holds (now "
        f"{scaler.current}), since it "
        f"changes nothing between {scaler.least} and {scaler.most} while it is blind."
    )


def _next_step(scaler: AutoscalerFacts, *, busy: bool) -> str:
    hand = _by_hand(scaler) if busy else ""
    if "missing request" in scaler.inactive_why:
        return (
            "kubectl -n <namespace> get <workload> -o "
            "jsonpath='{.spec.template.spec.containers[*].resources.requests}': "
            "every container of its pods needs a request of what it scales by, a sidecar that is injected "
            "too; kubectl -n "
            "<namespace> set resources <workload> --requests=cpu=AMOUNT restarts its pods."
        )
    if "External" in scaler.inactive or "Object" in scaler.inactive or "Pods" in scaler.inactive:
        return (
            "kubectl get apiservices | grep metrics: is the adapter that serves this metric Available? Then "
            "its logs. It may "
            f"also be that its source has no such metric any more.{hand}"
        )
    return (
        "kubectl get apiservices v1beta1.metrics.k8s.io; kubectl -n kube-system get pods -l k8s-app=metrics-server. "
        f"Once it answers kubectl -n <namespace> top pods, the autoscaler goes on by itself.{hand}"
    )


PLAYBOOK = Playbook(
    problem="hpa_without_metrics", rank=57, proves=proves, tells=tells, explains=explains, alert_measures=True
)
