"""HorizontalPodAutoscalers: what is filled in and refused, how a maximum is changed; with metrics and without."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.api_server import JSON_PATCH, Answer, ApiServer, Json, conditions
from tests.contract.backends import ControlPlaneBackend, SandboxBackend


def _path(server: ApiServer, name: str = "") -> str:
    return server.path("horizontalpodautoscalers", name, group="autoscaling/v2")


def _make(server: ApiServer, **spec: Any) -> Answer:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    body = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": reference, **spec},
    }
    return server.admin.post(_path(server), body)


def _raise(server: ApiServer, found: Json, value: object, **query: str) -> Answer:
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": found["metadata"]["uid"]},
        {"op": "replace", "path": "/spec/maxReplicas", "value": value},
        {"op": "add", "path": "/metadata/annotations", "value": {"sre-agent/last-action": "k1"}},
    ]
    return server.admin.patch(_path(server, "web"), operations, JSON_PATCH, **query)


def test_a_minimum_and_a_metric_are_filled_in(server: ApiServer) -> None:
    """One replica at the least, and 80 % of the processor's request."""
    answer = _make(server, maxReplicas=4)
    assert answer.status == 201, answer.text
    (metric,) = answer.json["spec"]["metrics"]
    assert answer.json["spec"]["minReplicas"] == 1
    assert metric["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"minReplicas": 3, "maxReplicas": 2}, "spec.maxReplicas"),
        ({"maxReplicas": 0}, "spec.maxReplicas"),
        ({"minReplicas": 0, "maxReplicas": 2}, "spec.minReplicas"),
    ],
)
def test_numbers_that_make_no_sense_are_invalid(server: ApiServer, spec: Json, field: str) -> None:
    """422, naming the field."""
    answer = _make(server, **spec)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert field in {cause["field"] for cause in answer.json["details"]["causes"]}


def test_a_maximum_is_replaced_and_nothing_else(server: ApiServer) -> None:
    """A dry run tells the same and keeps nothing; below the minimum it is invalid; text is refused."""
    found = _make(server, minReplicas=2, maxReplicas=4).json
    tried = _raise(server, found, 6, dryRun="All")
    assert (tried.status, tried.json["spec"]["maxReplicas"]) == (200, 6)
    assert server.read(_path(server, "web"))["spec"] == found["spec"]
    assert _raise(server, found, 1).status == 422
    assert _raise(server, found, "6").status in (400, 422)
    written = _raise(server, found, 6)
    assert written.status == 200, written.text
    assert written.json["spec"] == {**found["spec"], "maxReplicas": 6}
    assert written.json["metadata"]["annotations"] == {"sre-agent/last-action": "k1"}


def test_without_metrics_it_says_so_and_changes_nothing(server: ApiServer) -> None:
    """`ScalingActive` is False; the number of replicas stays, however high the maximum is."""
    server.create_deployment(replicas=2)
    server.wait_until_rolled_out()
    _make(server, minReplicas=1, maxReplicas=4)

    def told() -> Json | None:
        return conditions(server.read(_path(server, "web"))).get("ScalingActive")

    active = server.wait_until(told, "a condition of the autoscaler")
    assert (active["status"], active["reason"]) == ("False", "FailedGetResourceMetric")
    found = server.read(_path(server, "web"))
    assert found["status"]["currentReplicas"] == 2
    assert server.read(server.deployments("web"))["spec"]["replicas"] == 2


def test_at_its_maximum_it_says_so_and_makes_more_as_soon_as_it_may(
    server: ApiServer, backend: SandboxBackend | ControlPlaneBackend
) -> None:
    """Two pods use more than they request: it asks for a third one, limited by its maximum until that is raised."""
    container = {"name": "web", "image": "shop/web:1", "resources": {"requests": {"cpu": "50m"}}}
    server.create_deployment(replicas=2, containers=[container])
    server.wait_until_rolled_out()
    with backend.metrics() as load:
        load(server.namespace, 0.105)
        made = _make(server, minReplicas=2, maxReplicas=2).json
        status = server.wait_until(lambda: _told(server, "TooManyReplicas"), "an autoscaler at its maximum")
        (metric,) = status["currentMetrics"]
        assert metric["resource"]["current"]["averageUtilization"] in (104, 105)
        assert (status["currentReplicas"], status["desiredReplicas"]) == (2, 2)
        assert _raise(server, made, 3).status == 200
        server.wait_until(lambda: _told(server, "DesiredWithinRange", current=3), "a third pod")
    assert server.wait_until_rolled_out()["spec"]["replicas"] == 3


def _told(server: ApiServer, limited: str, current: int = 2) -> Json | None:
    """Its status, once it decides by its metrics and is limited so."""
    found = server.read(_path(server, "web"))
    told = {kind: condition.get("reason") for kind, condition in conditions(found).items()}
    reached = found.get("status", {}).get("currentReplicas") == current
    decides = told.get("ScalingActive") == "ValidMetricFound"
    return found["status"] if decides and reached and told.get("ScalingLimited") == limited else None
