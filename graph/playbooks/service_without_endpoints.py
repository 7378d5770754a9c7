"""Pods are well and nobody reaches them: their Service selects other labels, or names a port that they do not have.

Proof: all pods are ready, and a Service of the workload's name selects no pod that is known, or one that selects them
names a target port that none of their containers has. Counter-proof: pods that are not ready, which a Service leaves
out rightly: then they are the cause. Of an alert that names only a Service the pods behind it are looked at. Nothing is
proposed: what is wrong is in the Service or in the template's labels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire, named
from graph.playbooks import Playbook
from graph.release_words import release_fact
from graph.state import Finding
from graph.symptoms import crashed_lately, is_broken, is_complete, live_pods
from tools.naming import naming
from tools.records import Alert, Evidence, ServiceFacts

NAMES = re.compile(
    r"\w*(?:Service\w*Endpoint|Endpoint\w*(?:Down|Missing|Empty|NotReady|Unavailable|NotAvailable))\w*",
    re.IGNORECASE,
)


_SERVICE = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_DIFFERS = re.compile(r"(?P<key>[-\w./]+)=[-\w.]*, and the pods have (?P=key)=(?P<have>[-\w.]+)")
"""Of a selector: a label that the pods have too, with another value."""


def tells(alert: Alert) -> bool:
    """No standard set has such an alert: by the words that local ones use."""
    if not NAMES.fullmatch(alert.name):
        return False
    return bool(naming(alert.labels).service) or "kube-state-metrics" not in alert.labels.get("service", "")


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    pods, now = live_pods(evidence), evidence.collected_at
    if (
        not pods
        or not is_complete(evidence)
        or any(is_broken(p, now) or crashed_lately(p, now) for p in pods)
    ):
        return None
    wrong = next((s for s in evidence.services if s.ports_missing or (s.differs and not s.elsewhere)), None)
    return _finding(wrong, evidence) if wrong else None


def _finding(service: ServiceFacts, evidence: Evidence) -> Finding:
    ports = ", ".join(service.ports_missing)
    what = f"names port {ports}, which no container of its pods has" if ports else "selects none of its pods"
    return Finding(
        problem="service_without_endpoints",
        summary=f"Service {service.name} {what}, so that nobody reaches them by it. {_ready(evidence)}.",
        how_soon="now",
        directness=0.9,
        evidence=tuple(id_ for kind in ("own_services", "workload", "pods") for id_ in evidence.cite(kind)),
        facts=(
            *(f"Service {service.name} selects {text}" for text in service.differs),
            *release_fact(evidence),
        ),
        ruled_out=(
            "the pods: all of them are ready",
            "another Service's pods: none that was read has these labels",
        ),
        next_step=_ports_step(service) if ports else _selector_step(service),
    )


def _ready(evidence: Evidence) -> str:
    return counted.all_pods(len(live_pods(evidence)), "is ready", "are ready")


def _ports_step(service: ServiceFacts) -> str:
    return (
        "kubectl get <workload> -o jsonpath='{.spec.template.spec.containers[*].ports}' prints the ports of its "
        f"containers: name one of them in targetPort, with kubectl edit service {service.name} (it restarts no pod)."
    )


def _selector_step(service: ServiceFacts) -> str:
    """The patch that selects what the pods have, where each difference is one of values."""
    found = [_DIFFERS.fullmatch(text) for text in service.differs]
    look = f"kubectl get service {service.name} -o jsonpath='{{.spec.selector}}'"
    pairs = {match["key"]: match["have"] for match in found if match}
    if not pairs or len(pairs) != len(found):
        return f"{look} and kubectl get pods --show-labels: which of the two was changed, and should be as the other?"
    patch = json.dumps({"spec": {"selector": pairs}}, separators=(",", ":"))
    return (
        f"{look}: was it changed? If the pods' labels are right: kubectl patch service {service.name} -p '{patch}' "
        "(it restarts no pod). Labels of the workload's own selector cannot be changed in place."
    )


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """Of an alert that names a Service and no workload: what stands behind it."""
    service, space = _service(alerts), named(alerts, "exported_namespace", "namespace")
    pods = evidence.around
    ready = sum(pod.ready for pod in pods)
    if not pods:
        what = f"no pod was found that {f'Service {service}' if service else 'the Service that it is about'} selects"
        step = _nobody_step(service, space)
    else:
        what = f"{ready} of {len(pods)} pods behind Service {service} are ready"
        step = f"kubectl -n {space} get endpointslices -l kubernetes.io/service-name={service}, then describe the pods."
    return Finding(
        problem="service_without_endpoints",
        summary=f"{fire(alerts)}: {what}.",
        directness=0.5,
        evidence=tuple(evidence.cite("pods")),
        facts=tuple(f"{pod.name}: {'ready' if pod.ready else 'not ready'}" for pod in pods[:4]),
        ruled_out=("pods that are not ready: all of them are",) if pods and ready == len(pods) else (),
        next_step=step,
    )


def _service(alerts: Sequence[Alert]) -> str:
    """What an alert names as asked, or else by the label of a scrape; empty where that is no name of an object."""
    asked = next((text for alert in alerts if (text := naming(alert.labels).service)), "")
    text = asked or named(alerts, "service")
    return text if _SERVICE.fullmatch(text) else ""


def _nobody_step(service: str, space: str) -> str:
    if not service:
        return (
            f"kubectl -n {space} get endpointslices: which Service has no address? Then kubectl -n {space} get "
            f"services -o wide (its SELECTOR) and kubectl -n {space} get pods --show-labels."
        )
    return (
        f"kubectl -n {space} get service {service} -o jsonpath='{{.spec.selector}}', then kubectl -n {space} get "
        "pods --show-labels."
    )


PLAYBOOK = Playbook(
    problem="service_without_endpoints",
    rank=89,
    proves=proves,
    tells=tells,
    explains=explains,
    looks=("scraped",),
)
