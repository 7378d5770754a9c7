"""What watches the cluster is ill: alerts may be missing, late or about what is over (kubernetes.md 2.2).

Told by the alert: by whose it is, or that a scrape fails. What this agent itself reads of the API is not touched by it.
Counter-proof: pods behind the scraped Service that are not ready; then those are ill, and not who watches them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.pod_states import look, unready
from graph.state import Finding, HowSoon
from tools.records import Alert, Evidence, PodFacts
from tools.shared_causes import MONITORING

NAMES = re.compile(
    r"Prometheus[A-Z]\w*|Alertmanager[A-Z]\w*|KubeStateMetrics\w*|ConfigReloader\w*|Grafana[A-Z]\w*|Thanos[A-Z]\w*"
    r"|(?:Prometheus)?Target(?:Down|Missing\w*)|PrometheusJobMissing|NodeExporterDown|MetricsServer\w*"
)
JOBS = re.compile(r"(?:prometheus|alertmanager|thanos|grafana)(?:-\w+)*")
WATCHERS = re.compile(
    r"(?:\w+[-/])*(?:kube-state-metrics|node[-_]exporter|kubelet|kube-\w+(?:-\w+)?|apiserver|etcd|coredns|cadvisor"
    r"|metrics-server|blackbox\S*|pushgateway|prometheus\S*)"
)
"""Jobs that tell of the cluster: exporters, and its own components."""
PROGRAMS = {
    "Alertmanager": "alertmanager",
    "KubeStateMetrics": "kube-state-metrics",
    "Grafana": "grafana",
    "Thanos": "thanos",
    "MetricsServer": "metrics-server",
    "NodeExporter": "node-exporter",
}
MOST = 4
SCRAPES = re.compile(r".*Target.*|NodeExporterDown|KubeStateMetricsDown|PrometheusJobMissing")


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules, or by whose metric it is.

    Never by kube-state-metrics, which tells of everything else.
    """
    return bool(NAMES.fullmatch(alert.name)) or bool(JOBS.fullmatch(alert.labels.get("job", "")))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    pods = [*evidence.around, *evidence.pods]
    ill = [pod for pod in pods if not pod.ready]
    scrape = any(SCRAPES.fullmatch(alert.name) for alert in alerts)
    other = scrape and _is_application(label(alerts, "job"))
    silent = "until it is mended, an alert that is silent or has resolved says little; this agent's own reads stand"
    return Finding(
        problem="monitoring_degraded",
        cause=MONITORING if ill and not scrape else "",
        summary=_summary(alerts, pods, scrape=scrape, other=other),
        directness=0.8 if pods else 0.7,
        evidence=tuple(evidence.cite("around") + evidence.cite("pods")),
        facts=(
            *(unready(pod, evidence.collected_at) for pod in ill[:MOST]),
            *([f"alerts about {label(alerts, 'job')} itself are blind until then"] if other else [silent]),
        ),
        ruled_out=(f"pods that are ill: all {len(pods)} behind it are ready",) if pods and not ill else (),
        next_step=_next_step(alerts, scrape, ill),
        how_soon=_how_soon(pods, ill, other=other),
    )


def _is_application(job: str) -> bool:
    """A scrape of something that does not watch the cluster."""
    return bool(job) and not JOBS.fullmatch(job) and not WATCHERS.fullmatch(job)


def _summary(alerts: Sequence[Alert], pods: Sequence[PodFacts], *, scrape: bool, other: bool) -> str:
    job, space = label(alerts, "job"), label(alerts, "namespace")
    if not scrape:
        return (
            f"{fire(alerts)}, about what watches the cluster: what it knows may be incomplete or late, and alerts may "
            "not be on their way."
        )
    if not other:
        return f"{fire(alerts)}, about what watches the cluster: {f'job {job}' if job else 'something'} is not scraped."
    title = f"{fire(alerts)}: job {job}{f' of namespace {space}' if space else ''} is not scraped"
    whose = "that is about the application, not about the monitoring"
    ready = sum(pod.ready for pod in pods)
    if pods and ready < len(pods):
        return f"{title}: {ready} of the {len(pods)} pods behind it are ready; {whose}."
    if pods:
        return f"{title}, though all {len(pods)} pods behind it are ready: the way to their metrics is what fails."
    return f"{title}: an application's job, not the monitoring itself; its pods were not found."


def _how_soon(pods: Sequence[PodFacts], ill: Sequence[PodFacts], *, other: bool) -> HowSoon:
    """An application whose pods are well serves, whatever its metrics do."""
    if not pods or not other:
        return ""
    if len(ill) == len(pods):
        return "now"
    return "soon" if ill else "later"


def _next_step(alerts: Sequence[Alert], scrape: bool, ill: Sequence[PodFacts]) -> str:
    space, service = named(alerts, "namespace"), named(alerts, "service")
    if ill:
        return f"{look(ill[0], space)}: mend what keeps it from being ready; the scrape follows by itself."
    if scrape:
        return (
            f"kubectl -n {space} get endpoints {service}: are its addresses those that Prometheus shows under Status > "
            "Targets, and with which error? Has a release moved the port or path of its metrics: kubectl "
            f"-n {space} get replicasets --sort-by=.metadata.creationTimestamp, and its log since then? kubectl "
            f"-n {space} get servicemonitors -o yaml says what is asked; kubectl -n {space} get netpol who may. "
            f"kubectl get --raw /api/v1/namespaces/{space}/services/{service}:PORTNAME/proxy/metrics asks one of them "
            "(without :PORTNAME only where its port has no name)."
        )
    return (
        f"kubectl get pods -A -o wide | grep -i {_program(alerts)}: is one of them not Running, or restarted? "
        "Then its log "
        "(kubectl logs, with --previous after a restart). Prometheus tells what it lacks under Status > Runtime."
    )


def _program(alerts: Sequence[Alert]) -> str:
    """Whose pods they are, by the first of the alerts' names."""
    name = alerts[0].name if alerts else ""
    return next((program for begins, program in PROGRAMS.items() if name.startswith(begins)), "prometheus")


PLAYBOOK = Playbook(
    problem="monitoring_degraded", rank=92, tells=tells, explains=explains, looks=("scraped",)
)
