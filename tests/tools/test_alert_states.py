"""Which alerts of a workload fire now, by Prometheus and by Alertmanager; and what is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask, jsonify, request

from tests.served import serving
from tools.alert_states import AlertmanagerAlerts, AlertStates, PrometheusAlerts
from tools.alertmanager_api import AlertmanagerApi
from tools.errors import TransientError
from tools.prometheus import PrometheusApi
from tools.records import Target
from tools.sandbox.prometheus import PrometheusServer, Spoilt

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
WEB = Target(kind="Deployment", namespace="shop", name="web", uid="u")
BEHIND = WEB.model_copy(update={"resolved_by": "service"})
NODE = Target(kind="Node", namespace="", name="node-1", uid="n")
NAMES = ["KubePodCrashLooping", "KubeNodeNotReady"]
POD = {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "web-7c9f8d6b5-bxk2q"}
FRONT = {"alertname": "KubePodCrashLooping", "namespace": "shop", "service": "front"}
ABOUT = {
    "its-pod": (WEB, POD, True),
    "itself": (WEB, {"alertname": "KubePodCrashLooping", "namespace": "shop", "deployment": "web"}, True),
    "renamed-by-a-scrape": (
        WEB,
        {
            "alertname": "KubePodCrashLooping",
            "namespace": "monitoring",
            "pod": "kube-state-metrics-0",
            "exported_namespace": "shop",
            "exported_pod": "web-7c9f8d6b5-bxk2q",
        },
        True,
    ),
    "another-namespace": (WEB, {**POD, "namespace": "test"}, False),
    "another-workload": (WEB, {**POD, "pod": "cart-7c9f8d6b5-bxk2q"}, False),
    "a-longer-name": (WEB, {**POD, "pod": "web-cache-7c9f8d6b5-bxk2q"}, False),
    "a-longer-name-of-a-set": (WEB, {**POD, "pod": "web-cache-0"}, False),
    "a-service-that-it-is-behind": (BEHIND, FRONT, True),
    "a-service-elsewhere": (BEHIND, {**FRONT, "namespace": "test"}, False),
    "a-service-where-it-was-named-itself": (WEB, FRONT, False),
    "its-node": (NODE, {"alertname": "KubeNodeNotReady", "node": "node-1"}, True),
    "another-node": (NODE, {"alertname": "KubeNodeNotReady", "node": "node-2"}, False),
}


@pytest.fixture
def prometheus() -> Iterator[PrometheusServer]:
    with PrometheusServer() as server:
        yield server


@pytest.fixture
def held() -> list[dict[str, Any]]:
    """What the Alertmanager holds."""
    return []


@pytest.fixture
def alertmanager(held: list[dict[str, Any]]) -> Iterator[AlertStates]:
    app = Flask("alertmanager")

    @app.get("/api/v2/alerts")
    def listed() -> Any:
        assert request.args["filter"] == 'alertname=~"KubeNodeNotReady|KubePodCrashLooping"'
        return jsonify(held)

    with serving(app) as port:
        yield AlertmanagerAlerts(AlertmanagerApi(f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("case", ABOUT)
def test_only_alerts_of_the_target_count(
    prometheus: PrometheusServer, alertmanager: AlertStates, held: list[dict[str, Any]], case: str
) -> None:
    """By namespace and workload, whatever pod they name; the same by either source."""
    target, labels, counts = ABOUT[case]
    wanted = [labels["alertname"]] if counts else []
    prometheus.hold("ALERTS{", ({**labels, "alertstate": "firing"}, [(0, 1)]))
    assert PrometheusAlerts(PrometheusApi(prometheus.url)).firing(NAMES, target, NOW) == wanted
    held.append({"labels": labels, "status": {"state": "suppressed"}})
    assert alertmanager.firing(NAMES, target, NOW) == wanted


def test_only_firing_ones_of_these_names_are_asked_for(prometheus: PrometheusServer) -> None:
    """Names are text, never a pattern of their own; pending alerts may still go away."""
    PrometheusAlerts(PrometheusApi(prometheus.url)).firing(["A.b", 'c"}'], WEB, NOW)
    asked = prometheus.asked[-1].fields["query"]
    assert asked == 'ALERTS{alertstate="firing",alertname=~"A\\\\.b|c\\"\\\\}"}'


def test_what_is_no_answer_is_an_error(prometheus: PrometheusServer) -> None:
    """A server that fails, one without its exporter, one whose answer is cut, and nobody at all."""
    source = PrometheusAlerts(PrometheusApi(prometheus.url))
    prometheus.spoilt = Spoilt(503)
    with pytest.raises(TransientError):
        source.firing(NAMES, WEB, NOW)
    prometheus.spoilt = None
    prometheus.warnings = ["results truncated due to limit"]
    with pytest.raises(TransientError, match="may not be whole"):
        source.firing(NAMES, WEB, NOW)
    prometheus.warnings = []
    prometheus.hold("min(up{", ({}, [(0, 0)]))
    with pytest.raises(TransientError, match="kube-state-metrics is down"):
        source.firing(NAMES, WEB, NOW)
    with pytest.raises(TransientError):
        AlertmanagerAlerts(AlertmanagerApi("http://127.0.0.1:9")).firing(NAMES, WEB, NOW)
