"""What watches the cluster is ill: alerts may be missing, late or about what is over (kubernetes.md 2.2).

Told by the alert: by whose it is, or that a scrape fails. What this agent itself reads of the API is not touched by it.
Counter-proof: pods behind the scraped Service that are not ready; then those are ill, and not who watches them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence
from tools.shared_causes import MONITORING

NAMES = re.compile(
    r"Prometheus[A-Z]\w*|Alertmanager[A-Z]\w*|KubeStateMetrics\w*|ConfigReloader\w*|Grafana[A-Z]\w*|Thanos[A-Z]\w*"
    r"|(?:Prometheus)?Target(?:Down|Missing\w*)|PrometheusJobMissing|NodeExporterDown|MetricsServer\w*"
)
JOBS = re.compile(r"(?:prometheus|alertmanager|thanos|grafana)(?:-\w+)*")
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
    return Finding(
        problem="monitoring_degraded",
        cause=MONITORING if ill and not scrape else "",
        summary=f"{fire(alerts)}, about what watches the cluster: {_meaning(alerts, scrape)}",
        directness=0.8 if pods else 0.7,
        evidence=tuple(evidence.cite("around") + evidence.cite("pods")),
        facts=(
            *(f"{pod.name} on {pod.node or 'no node'} is not ready" for pod in ill[:4]),
            "until it is mended, an alert that is silent or has resolved says little; this agent's own reads stand",
        ),
        ruled_out=(f"{len(pods)} pods behind it: all of them are ready",) if pods and not ill else (),
        next_step=_next_step(alerts, scrape, bool(ill)),
    )


def _meaning(alerts: Sequence[Alert], scrape: bool) -> str:
    job = label(alerts, "job")
    if scrape:
        return f"job {job} is not scraped." if job else "something is not scraped."
    return "what it knows may be incomplete or late, and alerts may not be on their way."


def _next_step(alerts: Sequence[Alert], scrape: bool, ill: bool) -> str:
    space, service = named(alerts, "namespace"), named(alerts, "service")
    if scrape and ill:
        return f"kubectl -n {space} get pods -o wide: mend the pods first; the scrape follows."
    if scrape:
        return (
            f"kubectl -n {space} get endpoints {service}: are its addresses those that Prometheus shows under "
            "Status > Targets, and does one answer /metrics? A NetworkPolicy or another port is the usual cause."
        )
    return f"kubectl -n {space} get pods; then the logs of the one that is named. Prometheus shows Status > Runtime."


PLAYBOOK = Playbook(
    problem="monitoring_degraded", rank=92, tells=tells, explains=explains, looks=("scraped",)
)
