"""Which Service an alert's labels name, and which workload of unknown kind a mesh names (kubernetes.md 3.1).

Rules over the metrics of an ingress or a mesh name no workload, they name what was asked. `exported_service` is such
a name wherever it stands: the scrape had a `service` of its own and renamed the series'. A plain `service` is one only
where nothing of a scrape stands beside it; else it says who was scraped, as does the name of an exporter. The series of
kube-state-metrics about Endpoints call these `endpoint`, and they have their Service's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_OF_A_SCRAPE = ("job", "instance", "endpoint", "pod")
_SCRAPED = re.compile(
    r"exporter|kube-state-metrics|prometheus|alertmanager|cadvisor|pushgateway|thanos"
    r"|(?:^|-)(?:kubelet|kube-proxy|kube-scheduler|kube-controller-manager|etcd|ingress-nginx-controller\S*)\Z"
    r"|(?:^|-)(?:blackbox|statsd|otel|opentelemetry)(?:-|\Z)|-metrics\Z"
)
"""What charts call exporters and the Services that only a scrape asks, the release's name before it."""
_SCRAPED_BESIDE = ("service", "pod", "container")
"""What a scrape writes beside the name of the port that it asks, which is called `endpoint` too."""
_PORT = re.compile(r"(?:https?(?:-(?:main|self|metrics))?|metrics|telemetry)\Z")
"""How kube-state-metrics' own ports are called where it is installed."""
_NOBODY = frozenset({"unknown", "PassthroughCluster", "BlackHoleCluster", "InboundPassthroughCluster"})
"""What Istio writes where it does not know."""


@dataclass(frozen=True)
class Asked:
    """What was asked, as far as labels tell; all empty where they tell nothing."""

    namespace: str = ""
    service: str = ""
    destination: str = ""
    """A workload that a mesh names without its kind."""


def asked_of(labels: Mapping[str, str]) -> Asked:
    """The Service or mesh workload that is named, and its namespace, which may be missing."""
    return _by_mesh(labels) or _exported(labels) or _plain(labels) or _endpoints(labels) or Asked()


def _by_mesh(labels: Mapping[str, str]) -> Asked | None:
    """Of Istio: the destination's own labels; `destination_service` is a host, whose first label is the Service."""
    workload, service = _known(labels, "destination_workload"), _known(labels, "destination_service_name")
    if not workload and not service:
        return None
    of_workload = _known(labels, "destination_workload_namespace")
    of_service = _known(labels, "destination_service_namespace")
    if workload and service and of_workload and of_service and of_workload != of_service:
        service = ""
    namespace = of_workload if workload else of_service
    return Asked(namespace or of_workload or of_service, service, workload)


def _exported(labels: Mapping[str, str]) -> Asked | None:
    service = labels.get("exported_service", "")
    if not service:
        return None
    plain = "" if _is_scrape(labels) else labels.get("namespace", "")
    return Asked(labels.get("exported_namespace") or plain, service)


def _plain(labels: Mapping[str, str]) -> Asked | None:
    service = labels.get("service", "")
    if not service or _is_scrape(labels) or _SCRAPED.search(service):
        return None
    return Asked(labels.get("exported_namespace") or labels.get("namespace", ""), service)


def _endpoints(labels: Mapping[str, str]) -> Asked | None:
    """Of `kube_endpoint_…`, whose own labels kept their names (`honorLabels`), or were renamed by the scrape's."""
    if "kube-state-metrics" not in labels.get("job", ""):
        return None
    if renamed := labels.get("exported_endpoint", ""):
        return Asked(labels.get("exported_namespace", ""), renamed)
    found = labels.get("endpoint", "")
    if not found or _PORT.match(found) or any(labels.get(label) for label in _SCRAPED_BESIDE):
        return None
    return Asked(labels.get("namespace", ""), found)


def _is_scrape(labels: Mapping[str, str]) -> bool:
    return any(labels.get(label) for label in _OF_A_SCRAPE)


def _known(labels: Mapping[str, str], label: str) -> str:
    text = labels.get(label, "")
    return "" if text in _NOBODY else text
